/** The body of an upload to a mirror: C2SP tlog-mirror, "add-entries". */
import { concatBytes, encodeUint64, utf8Decode, utf8Encode } from './bytes.ts';
import { MAX_SIZE, checkRange } from './decimal.ts';
import { MAX_BUNDLE_ENTRY_BYTES, encodeBundle } from './entry-bundle.ts';
import { TlogError } from './errors.ts';
import { HASH_BYTES, type Hash } from './hashing.ts';
import { TILE_WIDTH } from './tile-path.ts';
import { MAX_PROOF_HASHES } from './verify-proof.ts';

const WIDTH = BigInt(TILE_WIDTH);

export interface AddEntriesHeader {
  readonly origin: string;
  /** Index of the first entry. */
  readonly start: bigint;
  /** Size of a checkpoint that the mirror was given. */
  readonly end: bigint;
  /** Opaque, from the mirror; at most 65,535 bytes. */
  readonly ticket: Uint8Array;
}

/** One step of an upload: entries of one bundle. */
export interface PackageRange {
  /** A multiple of 256: where the subtree begins that the package's proof is about. */
  readonly subtreeStart: bigint;
  readonly start: bigint;
  readonly end: bigint;
}

export interface EntryPackage extends PackageRange {
  readonly entries: readonly Uint8Array[];
  /** Subtree consistency proof of [subtreeStart, end) in the tree of the upload's end. */
  readonly proof: readonly Hash[];
}

/** The canonical sequence of packages for [start, end). */
export function* packageRanges(start: bigint, end: bigint): Generator<PackageRange, void, undefined> {
  if (start >= end) return;
  for (let subtreeStart = start - (start % WIDTH); subtreeStart < end; subtreeStart += WIDTH) {
    yield {
      subtreeStart,
      start: subtreeStart > start ? subtreeStart : start,
      end: subtreeStart + WIDTH < end ? subtreeStart + WIDTH : end,
    };
  }
}

/** Throws `out-of-range`. */
export function formatAddEntriesHeader({ origin, start, end, ticket }: AddEntriesHeader): Uint8Array {
  checkRange(end, 'the upload end');
  checkRange(start, 'the upload start', end);
  return concatBytes(prefixed(utf8Encode(origin)), encodeUint64(start), encodeUint64(end), prefixed(ticket));
}

/** 1…256 entries and at most 63 hashes. Throws `out-of-range`. */
export function formatEntryPackage({ entries, proof }: Pick<EntryPackage, 'entries' | 'proof'>): Uint8Array {
  if (proof.length > MAX_PROOF_HASHES) {
    throw new TlogError('out-of-range', `expected at most ${MAX_PROOF_HASHES} proof hashes, found ${proof.length}`);
  }
  return concatBytes(encodeBundle(entries), Uint8Array.of(proof.length), ...proof);
}

/** Reads an upload as it arrives, one package in memory at a time (17 MB at most). */
export class AddEntriesReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer: Uint8Array = new Uint8Array();

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#chunks = body[Symbol.asyncIterator]();
  }

  /** Throws `malformed-request`; once, before the packages. */
  async header(): Promise<AddEntriesHeader> {
    const origin = await this.#text(await this.#uint16('the origin'));
    const start = await this.#uint64('the upload start');
    const end = await this.#uint64('the upload end');
    const ticket = await this.#expect(await this.#uint16('the ticket'), 'a ticket');
    if (start > end) throw malformed(`an upload start of at most ${end}`, String(start));
    return { origin, start, end, ticket };
  }

  /** The next package; null when the body ends before it is whole. Throws `malformed-request` for more than 63 proof hashes. */
  async package(range: PackageRange): Promise<EntryPackage | null> {
    const entries: Uint8Array[] = [];
    for (let index = range.start; index < range.end; index++) {
      const length = await this.#read(2);
      const entry = length === null ? null : await this.#read(length[0]! * 256 + length[1]!);
      if (entry === null) return null;
      entries.push(entry);
    }
    const count = await this.#read(1);
    if (count === null) return null;
    if (count[0]! > MAX_PROOF_HASHES) throw malformed(`at most ${MAX_PROOF_HASHES} proof hashes`, String(count[0]));
    const hashes = await this.#read(count[0]! * HASH_BYTES);
    if (hashes === null) return null;
    const proof = Array.from({ length: count[0]! }, (_, i) => hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
    return { ...range, entries, proof };
  }

  async #uint16(what: string): Promise<number> {
    const bytes = await this.#expect(2, `the length of ${what}`);
    return bytes[0]! * 256 + bytes[1]!;
  }

  async #uint64(what: string): Promise<bigint> {
    const bytes = await this.#expect(8, what);
    const value = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
    if (value > MAX_SIZE) throw malformed(`${what} below 2^63`, String(value));
    return value;
  }

  async #text(length: number): Promise<string> {
    const bytes = await this.#expect(length, 'an origin');
    try {
      return utf8Decode(bytes);
    } catch (cause) {
      throw malformed('an origin in UTF-8', 'other bytes', cause);
    }
  }

  async #expect(length: number, what: string): Promise<Uint8Array> {
    const bytes = await this.#read(length);
    if (bytes === null) throw malformed(what, 'the end of the body');
    return bytes;
  }

  /** Exactly `length` bytes of their own, or null when there are fewer. At most 65,535. */
  async #read(length: number): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > this.#buffer.length) {
      parts.push(this.#buffer);
      missing -= this.#buffer.length;
      const { value, done } = await this.#chunks.next();
      if (done === true) return null;
      this.#buffer = value;
    }
    parts.push(this.#buffer.subarray(0, missing));
    this.#buffer = this.#buffer.subarray(missing);
    return concatBytes(...parts);
  }
}

function prefixed(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_BUNDLE_ENTRY_BYTES) throw new TlogError('out-of-range', `expected at most 65,535 bytes, found ${bytes.length}`);
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes);
}

function malformed(expected: string, found: string, cause?: unknown): TlogError {
  return new TlogError('malformed-request', `malformed upload: expected ${expected}, found ${found}`, { cause });
}
