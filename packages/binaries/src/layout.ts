/** What a file says about itself: its container format and what it runs on, in Go's names. */
export interface Identity {
  readonly format: BinaryFormat | null;
  /** GOOS, or null when the file does not tell. */
  readonly os: string | null;
  /** GOARCH, or null when unknown or when the file holds several. */
  readonly arch: string | null;
}

export type BinaryFormat = 'elf' | 'macho' | 'pe' | 'wasm';

/** A named range of the file. `offset` and `size` are as written in the file: they may point outside of it. */
export interface Section {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** One executable image; a Mach-O fat file holds several. */
export interface Image {
  readonly format: BinaryFormat;
  readonly os: string | null;
  readonly arch: string | null;
  /** The image's bytes; section offsets count from here. */
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  /** True when a symbol table is there; null when this format does not tell. */
  readonly symbols: boolean | null;
}

/** More sections than any linker writes for an executable, few enough to read at once. */
export const MAX_SECTIONS = 16_384;
/** Longer than any section name that we look for. */
export const MAX_NAME_BYTES = 256;

/** The bytes of the first section called one of `names` that lie inside the file; null when there is none. */
export function sectionBytes(image: Image, ...names: readonly string[]): Uint8Array | null {
  const found = image.sections.find((section) => names.includes(section.name));
  if (found === undefined || found.offset > image.bytes.length) return null;
  return image.bytes.subarray(found.offset, Math.min(found.offset + found.size, image.bytes.length));
}
