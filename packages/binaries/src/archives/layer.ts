/** One layer of packing, laid open: a compressor around one member, or an archive of many. */
import { BinaryError } from '../errors.ts';

export type LayerFormat = 'gzip' | 'xz' | 'zstd' | 'tar' | 'zip' | 'ar';

/** Facts about the packing, as the file spells them. The names are the subjects of wrapper-causes.ts. */
export type WrapperFields = Readonly<Record<string, string>>;

export interface LayerMember {
  /** As the archive spells it; empty for what is in a compressor. */
  readonly name: string;
  readonly type: 'file' | 'folder' | 'link' | 'other';
  /** Whatever else says what is unpacked: a link's target, permissions of the owner, extended attributes. A change of it is no matter of packing. */
  readonly meaning: WrapperFields;
  readonly fields: WrapperFields;
  readonly bytes: Uint8Array;
}

export interface Layer {
  readonly format: LayerFormat;
  readonly fields: WrapperFields;
  /** In the order of the file. */
  readonly members: readonly LayerMember[];
  /** Bytes that belong to no member and to no field: what stands in front of an archive, in its gaps, in its comment. */
  readonly rest: Uint8Array;
}

/** Of one file with all that is in it. What is beyond is `too-large`, never a guess. */
export const ARCHIVE_LIMITS = {
  /** Layers in each other: .deb, .xz, .tar, .gz are four. */
  depth: 8,
  members: 100_000,
  /** Bytes unpacked, of all layers together. */
  unpacked: 1024 ** 3,
  /** Differing members that are compared in detail, of all layers together. */
  compared: 1000,
} as const;

/** What is left of the limits while one file is laid open. */
export class UnpackBudget {
  #bytes: number = ARCHIVE_LIMITS.unpacked;
  #members: number = ARCHIVE_LIMITS.members;

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that came out. Throws BinaryError `too-large`. */
  take(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) throw new BinaryError('too-large', `it unpacks to more than ${ARCHIVE_LIMITS.unpacked} bytes`);
  }

  member(): void {
    this.#members -= 1;
    if (this.#members < 0) throw new BinaryError('too-large', `it has more than ${ARCHIVE_LIMITS.members} members`);
  }
}

export const NOTHING = new Uint8Array(0);

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.length).equals(b);
}

export const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
