/** The body of a witness request: C2SP tlog-witness, "add-checkpoint". */
import { concatBytes, utf8Encode } from './bytes.ts';
import { checkRange, parseDecimal } from './decimal.ts';
import { TlogError, quote } from './errors.ts';
import { formatHashLines, parseHashLines, splitHeader } from './hash-lines.ts';
import type { Hash } from './hashing.ts';

export interface AddCheckpoint {
  /** Size of the checkpoint that the witness cosigned last; 0 for none. */
  oldSize: bigint;
  /** From oldSize to the checkpoint's size; empty when oldSize is 0. */
  proof: Hash[];
  /** A signed note: send the log's own signatures only, since witnesses limit requests to 10 KiB. */
  checkpoint: Uint8Array;
}

/** `old `, 19 digits and 63 hashes, with their newlines. */
const MAX_HEADER_BYTES = 4 + 19 + 1 + 63 * 45;

/** Bytes to POST. Throws `out-of-range`. */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): Uint8Array {
  const header = `old ${checkRange(oldSize, 'the old size')}\n${formatHashLines(proof)}\n`;
  return concatBytes(utf8Encode(header), checkpoint);
}

/**
 * Strict about the header; `checkpoint` is a view of what follows, not looked at. Whether the old size
 * fits and the proof verifies is the witness's to say, with other status codes. Throws `malformed-request`.
 */
export function parseAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  const { lines, body } = splitHeader(bytes, MAX_HEADER_BYTES, 'malformed-request');
  const [first = '', ...rest] = lines;
  if (!first.startsWith('old ')) throw new TlogError('malformed-request', `expected "old" and a size, found ${quote(first)}`);
  let oldSize: bigint;
  try {
    oldSize = parseDecimal(first.slice(4), 'the old size');
  } catch (cause) {
    throw new TlogError('malformed-request', `expected a canonical old size below 2^63, found ${quote(first)}`, { cause });
  }
  return { oldSize, proof: parseHashLines(rest, 'malformed-request'), checkpoint: body };
}
