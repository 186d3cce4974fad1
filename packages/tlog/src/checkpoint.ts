/** The text of a checkpoint: C2SP tlog-checkpoint, without extension lines. */
import { fromBase64, toBase64, utf8Encode } from './bytes.ts';
import { MAX_SIZE, parseDecimal } from './decimal.ts';
import { TlogError, quote } from './errors.ts';
import { HASH_BYTES, type Hash } from './hashing.ts';
import { MAX_NAME_BYTES, hasControl } from './text.ts';

export interface Checkpoint {
  /** The log's identity: 1…255 bytes of UTF-8, no control characters. */
  origin: string;
  /** 0…2^63−1 */
  size: bigint;
  root: Hash;
}

/**
 * Exactly three lines: origin, size, root. Throws `malformed-checkpoint`, for extension lines too:
 * monitors cannot audit them and ML-DSA cosignatures do not sign them.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n', 5);
  if (lines.length !== 4 || lines[3] !== '') {
    throw malformed('three lines (origin, size, root) and no extension lines', quote(text));
  }
  const [origin, size, root] = lines as [string, string, string, string];
  const checkpoint = { origin, size: parseSize(size), root: parseRoot(root) };
  if (formatCheckpoint(checkpoint) !== text) throw malformed('its canonical spelling', quote(text));
  return checkpoint;
}

/** Text of a checkpoint, to be signed as a note. Throws `malformed-checkpoint` for impossible fields. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  checkOrigin(origin);
  if (size < 0n || size > MAX_SIZE) throw malformed(`a size in 0…${MAX_SIZE}`, String(size));
  if (root.length !== HASH_BYTES) throw malformed(`a root of ${HASH_BYTES} bytes`, `${root.length} bytes`);
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

function checkOrigin(origin: string): void {
  if (origin === '' || hasControl(origin) || !origin.isWellFormed() || utf8Encode(origin).length > MAX_NAME_BYTES) {
    throw malformed(`an origin of 1…${MAX_NAME_BYTES} bytes without control characters`, quote(origin));
  }
}

function parseSize(text: string): bigint {
  try {
    return parseDecimal(text, 'a tree size');
  } catch (cause) {
    throw malformed('a canonical decimal size below 2^63', quote(text), cause);
  }
}

function parseRoot(text: string): Hash {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw malformed('a root in canonical base64', quote(text), cause);
  }
}

function malformed(expected: string, found: string, cause?: unknown): TlogError {
  return new TlogError('malformed-checkpoint', `malformed checkpoint: expected ${expected}, found ${found}`, { cause });
}
