/**
 * What a witness's answer to `add-checkpoint` means to us (C2SP tlog-witness, read liberally: every deployed witness speaks a dialect of
 * its own, some with empty bodies and odd status codes). Pure, so that each dialect is one line of a test.
 */
export interface HttpAnswer {
  readonly status: number;
  /** The whole body; it was capped while it was read. */
  readonly body: string;
  /** The Retry-After header, or null. */
  readonly retryAfter: string | null;
}

export type WitnessAnswer =
  /** 200: signature lines, still to be verified. */
  | { readonly kind: 'signed'; readonly lines: string }
  /** 409 with the size the witness is at: ask again with a proof from there. */
  | { readonly kind: 'at-size'; readonly size: bigint }
  /** The witness holds another root for a size that we signed, or says so without saying which. */
  | { readonly kind: 'split-view'; readonly detail: string }
  /** 422 for growth: our proof does not connect to what it has. */
  | { readonly kind: 'proof-refused'; readonly detail: string }
  /** It does not know this log or its key, or fails: 403, 404, 500 all occur for an unknown origin. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'pushed-back'; readonly seconds: number };

const MAX_RETRY_AFTER_SECONDS = 3600;

/** @param growth whether the request asked to grow from a smaller size; false when old and new size were equal */
export function interpretAnswer({ status, body, retryAfter }: HttpAnswer, growth: boolean): WitnessAnswer {
  switch (status) {
    case 200:
      return { kind: 'signed', lines: body };
    case 409: {
      const size = parseSize(body);
      // Witnesses before 2026-07 answer 409 with an empty body for "same size, other root".
      return size === null ? { kind: 'split-view', detail: 'status 409 without a size' } : { kind: 'at-size', size };
    }
    case 422:
      return growth
        ? { kind: 'proof-refused', detail: `status 422: ${excerpt(body)}` }
        : { kind: 'split-view', detail: `status 422 for the size that it has: ${excerpt(body)}` };
    case 429:
    case 503:
      return { kind: 'pushed-back', seconds: retrySeconds(retryAfter) };
    default:
      return { kind: 'refused', detail: `status ${status}: ${excerpt(body)}` };
  }
}

/** A decimal size with or without its newline; null for anything else. */
function parseSize(body: string): bigint | null {
  const match = /^(0|[1-9][0-9]{0,18})\r?\n?$/.exec(body);
  return match === null ? null : BigInt(match[1]!);
}

/** Delay in seconds, 1 when the header is missing or a date: the pace is ours to choose then. */
function retrySeconds(header: string | null): number {
  if (header === null || !/^[0-9]{1,6}$/.test(header)) return 1;
  return Math.min(Math.max(Number.parseInt(header, 10), 1), MAX_RETRY_AFTER_SECONDS);
}

/** What may go into our own log line: short, printable. */
function excerpt(body: string): string {
  const printable = body.slice(0, 200).replace(/[^\x20-\x7e]+/g, ' ');
  return printable === '' ? 'empty body' : JSON.stringify(printable);
}
