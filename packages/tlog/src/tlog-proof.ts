/** Proofs in a file: C2SP tlog-proof, "Format" (`.tlog-proof`). */
import { concatBytes, fromBase64, toBase64, utf8Encode } from './bytes.ts';
import { checkRange, parseDecimal } from './decimal.ts';
import { TlogError, quote } from './errors.ts';
import { formatHashLines, parseHashLines, splitHeader } from './hash-lines.ts';
import type { Hash } from './hashing.ts';

export interface TlogProof {
  index: bigint;
  /** From the leaf's sibling to the root's child. */
  proof: Hash[];
  /** A signed note with its cosignatures, verbatim. */
  checkpoint: Uint8Array;
  /** 1…32,768 bytes that nobody authenticates. */
  extra?: Uint8Array;
}

const MAGIC = 'c2sp.org/tlog-proof@v1';
/** Other implementations read lines of at most 64 KiB. */
export const MAX_EXTRA_BYTES = 32_768;
const MAX_HEADER_BYTES = MAGIC.length + 1 + 6 + 4 * Math.ceil(MAX_EXTRA_BYTES / 3) + 1 + 6 + 19 + 1 + 63 * 45;

/** Bytes of a `.tlog-proof`. Throws `out-of-range`. */
export function formatTlogProof({ index, proof, checkpoint, extra }: TlogProof): Uint8Array {
  if (extra !== undefined && (extra.length < 1 || extra.length > MAX_EXTRA_BYTES)) {
    throw new TlogError('out-of-range', `expected 1…${MAX_EXTRA_BYTES} bytes of extra data, found ${extra.length}`);
  }
  const extraLine = extra === undefined ? '' : `extra ${toBase64(extra)}\n`;
  const header = `${MAGIC}\n${extraLine}index ${checkRange(index, 'an index')}\n${formatHashLines(proof)}\n`;
  return concatBytes(utf8Encode(header), checkpoint);
}

/** Syntax only: nothing is verified, and `checkpoint` (a view) is not looked at. Throws `malformed-proof`. */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  const { lines, body } = splitHeader(bytes, MAX_HEADER_BYTES, 'malformed-proof');
  if (lines.shift() !== MAGIC) throw new TlogError('malformed-proof', `expected ${MAGIC} in the first line`);
  const extra = lines[0]?.startsWith('extra ') ? parseExtra(lines.shift()!) : undefined;
  const indexLine = lines.shift() ?? '';
  if (!indexLine.startsWith('index ')) throw new TlogError('malformed-proof', `expected "index" and a number, found ${quote(indexLine)}`);
  let index: bigint;
  try {
    index = parseDecimal(indexLine.slice(6), 'an index');
  } catch (cause) {
    throw new TlogError('malformed-proof', `expected a canonical index below 2^63, found ${quote(indexLine)}`, { cause });
  }
  const proof = parseHashLines(lines, 'malformed-proof');
  return extra === undefined ? { index, proof, checkpoint: body } : { index, proof, checkpoint: body, extra };
}

function parseExtra(line: string): Uint8Array {
  let extra: Uint8Array;
  try {
    extra = fromBase64(line.slice(6));
  } catch (cause) {
    throw new TlogError('malformed-proof', 'expected extra data in canonical base64', { cause });
  }
  if (extra.length < 1 || extra.length > MAX_EXTRA_BYTES) {
    throw new TlogError('malformed-proof', `expected 1…${MAX_EXTRA_BYTES} bytes of extra data, found ${extra.length}`);
  }
  return extra;
}
