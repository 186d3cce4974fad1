/** Where an upload to a mirror should go on: C2SP tlog-mirror, the body of type `text/x.tlog.mirror-info`. */
import { fromBase64, toBase64 } from './bytes.ts';
import { checkRange, parseDecimal } from './decimal.ts';
import { TlogError, quote } from './errors.ts';

export interface MirrorInfo {
  /** Size of a pending checkpoint: an upload's end. */
  readonly pending: bigint;
  /** Index of the first entry that the mirror lacks: an upload's start. */
  readonly next: bigint;
  /** To be sent back with the upload. */
  readonly ticket: Uint8Array;
}

/** Three lines. Throws `out-of-range`. */
export function formatMirrorInfo({ pending, next, ticket }: MirrorInfo): string {
  return `${checkRange(pending, 'a pending size')}\n${checkRange(next, 'a next entry')}\n${toBase64(ticket)}\n`;
}

/** Throws `malformed-request`. */
export function parseMirrorInfo(text: string): MirrorInfo {
  const match = /^([0-9]{1,19})\n([0-9]{1,19})\n([A-Za-z0-9+/=]*)\n$/.exec(text);
  if (match === null) throw malformed(text);
  const [, pending, next, ticket] = match as unknown as [string, string, string, string];
  try {
    return { pending: parseDecimal(pending, 'a pending size'), next: parseDecimal(next, 'a next entry'), ticket: fromBase64(ticket) };
  } catch (cause) {
    throw malformed(text, cause);
  }
}

function malformed(text: string, cause?: unknown): TlogError {
  return new TlogError('malformed-request', `expected a size, an index and a ticket in base64, found ${quote(text)}`, { cause });
}
