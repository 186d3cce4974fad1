/** Lines of base64 hashes in front of a blank line, shared by tlog-witness requests and tlog-proof. */
import { fromBase64, toBase64, utf8Decode } from './bytes.ts';
import { TlogError, quote, type TlogErrorCode } from './errors.ts';
import { HASH_BYTES, type Hash } from './hashing.ts';
import { MAX_PROOF_HASHES } from './verify-proof.ts';

/** Lines before the first blank line of `bytes`, and the bytes after it (a view). `limit` bounds the former in bytes. */
export function splitHeader(bytes: Uint8Array, limit: number, code: TlogErrorCode): { lines: string[]; body: Uint8Array } {
  let end = bytes.indexOf(0x0a);
  while (end >= 0 && end <= limit && bytes[end + 1] !== 0x0a) end = bytes.indexOf(0x0a, end + 1);
  if (end < 0 || end > limit) throw new TlogError(code, `expected a blank line within the first ${limit} bytes, found none`);
  let text: string;
  try {
    text = utf8Decode(bytes.subarray(0, end));
  } catch (cause) {
    throw new TlogError(code, 'expected text before the blank line, found invalid UTF-8', { cause });
  }
  return { lines: text.split('\n'), body: bytes.subarray(end + 2) };
}

/** At most 63 hashes. Throws `code`. */
export function parseHashLines(lines: readonly string[], code: TlogErrorCode): Hash[] {
  if (lines.length > MAX_PROOF_HASHES)
    throw new TlogError(code, `expected at most ${MAX_PROOF_HASHES} proof hashes, found ${lines.length}`);
  return lines.map((line) => {
    let hash: Hash | undefined;
    try {
      hash = fromBase64(line);
    } catch {
      hash = undefined;
    }
    if (hash?.length !== HASH_BYTES)
      throw new TlogError(code, `expected a ${HASH_BYTES}-byte hash in canonical base64, found ${quote(line)}`);
    return hash;
  });
}

/** One line a hash, each with its newline. Throws `out-of-range` for what `parseHashLines` refuses. */
export function formatHashLines(hashes: readonly Hash[]): string {
  if (hashes.length > MAX_PROOF_HASHES)
    throw new TlogError('out-of-range', `expected at most ${MAX_PROOF_HASHES} proof hashes, found ${hashes.length}`);
  const odd = hashes.find(({ length }) => length !== HASH_BYTES);
  if (odd !== undefined) throw new TlogError('out-of-range', `expected proof hashes of ${HASH_BYTES} bytes, found one of ${odd.length}`);
  return hashes.map((hash) => `${toBase64(hash)}\n`).join('');
}
