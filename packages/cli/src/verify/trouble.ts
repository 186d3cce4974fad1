import type { VerdictKind } from '@verbatim/consensus';
import { CliError, describeError } from '../errors.ts';
import type { Trouble } from './result.ts';

/** A failure that is a verdict of its own: the log could not be reached, or it was caught. */
export class VerdictError extends Error {
  override readonly name = 'VerdictError';
  readonly verdict: Exclude<VerdictKind, 'reproduced'>;
  readonly code: string;

  constructor(verdict: Exclude<VerdictKind, 'reproduced'>, code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.verdict = verdict;
    this.code = code;
  }
}

/** What an exception means for the file at hand. Whatever nobody foresaw is an error (exit code 2), never a success. */
export function troubleOf(error: unknown): { verdict: Exclude<VerdictKind, 'reproduced'>; trouble: Trouble } {
  if (error instanceof VerdictError) return { verdict: error.verdict, trouble: { code: error.code, message: describeError(error) } };
  if (error instanceof CliError) return { verdict: 'policy-error', trouble: { code: error.code, message: describeError(error) } };
  const named = error instanceof Error && /^(PolicyError|BundleError|DurableError)$/.test(error.name);
  const code = named ? (error as Error & { code: string }).code : 'internal';
  return { verdict: 'policy-error', trouble: { code, message: `${named ? '' : 'unexpected error: '}${describeError(error)}` } };
}
