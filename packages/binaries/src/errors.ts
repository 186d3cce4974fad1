/**
 * Why a file could not be read. These are the only errors the readers of this package throw.
 *
 * - `truncated`: a header, table or string points outside the file.
 * - `malformed`: the bytes contradict the format.
 * - `too-large`: a count or size is beyond the limit that this package reads.
 * - `unsupported`: a real format that we do not read (Go build info before Go 1.18).
 */
export type BinaryErrorCode = 'truncated' | 'malformed' | 'too-large' | 'unsupported';

export class BinaryError extends Error {
  override readonly name = 'BinaryError';
  readonly code: BinaryErrorCode;

  constructor(code: BinaryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Runs `read`; a BinaryError becomes `fallback`, anything else is a bug of ours and passes through. */
export function orElse<T>(read: () => T, fallback: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BinaryError) return fallback;
    throw error;
  }
}
