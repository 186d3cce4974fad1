/** The line grammar of policies: C2SP tlog-policy, "Structure" and "Character set". Other policies build on it. */
import { utf8Encode } from './bytes.ts';
import { TlogError, quote } from './errors.ts';
import { hasControl } from './text.ts';

/** Longest policy in bytes. */
export const MAX_POLICY_BYTES = 262_144;

/** One line that is neither empty nor a comment. */
export interface PolicyLine {
  /** From 1. */
  number: number;
  keyword: string;
  /** What follows the keyword, split at spaces and tabs. */
  fields: string[];
}

/** `malformed-policy` with the line it is about; 0 when it is about the whole text. */
export class PolicyLineError extends TlogError {
  override readonly name = 'PolicyLineError';
  readonly line: number;

  constructor(line: number, message: string, options?: ErrorOptions) {
    super('malformed-policy', line === 0 ? `policy: ${message}` : `policy line ${line}: ${message}`, options);
    this.line = line;
  }
}

/**
 * The lines of a policy that mean something. Non-ASCII text is opaque; the specification would allow it
 * not to be UTF-8, we do not. Throws PolicyLineError.
 */
export function tokenizePolicy(text: string): PolicyLine[] {
  if (!text.isWellFormed()) throw new PolicyLineError(0, 'expected well-formed text, found a lone surrogate');
  if (text.length > MAX_POLICY_BYTES || utf8Encode(text).length > MAX_POLICY_BYTES) {
    throw new PolicyLineError(0, `expected at most ${MAX_POLICY_BYTES} bytes`);
  }
  // Each line is terminated by a newline: a file cut short shows here.
  if (!text.endsWith('\n')) throw new PolicyLineError(0, 'expected a newline at the end of the last line');
  const lines: PolicyLine[] = [];
  for (const [i, line] of text.slice(0, -1).split('\n').entries()) {
    if (hasControl(line, '\t') || line.includes('\u007f')) {
      throw new PolicyLineError(i + 1, 'expected no control characters but tabs (are there carriage returns?)');
    }
    // Only space and tab separate, so not \s.
    const [keyword, ...fields] = line.split(/[ \t]+/).filter((field) => field !== '');
    if (keyword === undefined || keyword.startsWith('#')) continue;
    lines.push({ number: i + 1, keyword, fields });
  }
  return lines;
}

/** Throws PolicyLineError unless the line has between `min` and `max` fields; `usage` is `log <vkey> [<url>]`. */
export function expectFields(line: PolicyLine, min: number, max: number, usage: string): void {
  if (line.fields.length < min || line.fields.length > max) {
    throw new PolicyLineError(line.number, `expected ${usage}, found ${line.fields.length} fields after ${quote(line.keyword)}`);
  }
}
