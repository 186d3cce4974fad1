import { ProblemError } from '@verbatim/service-kit';
import { MAX_SIZE, parseDecimal, TlogError } from '@verbatim/tlog';

/** An entry index or size from a path or query. Throws ProblemError 400 `bad-number` unless it is a canonical decimal. */
export function parseIndex(text: string, what: string): bigint {
  try {
    return parseDecimal(text, what);
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    throw new ProblemError({
      status: 400,
      code: 'bad-number',
      title: 'Not a number',
      detail: `Expected ${what} as a decimal number below ${MAX_SIZE} without leading zeros; found ${JSON.stringify(text.slice(0, 40))}.`,
    });
  }
}

/** A sha256 from a path. Throws ProblemError 400 `bad-digest`. */
export function parseSha256(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new ProblemError({
    status: 400,
    code: 'bad-digest',
    title: 'Not a digest',
    detail: `Expected a sha256 as 64 lower-case hex digits; found ${JSON.stringify(text.slice(0, 80))}.`,
  });
}
