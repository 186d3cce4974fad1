import { parseDecimal } from '@verbatim/tlog';
import { CliError } from '../errors.ts';

/** A whole number below 2^53 on the command line. @param option what to call it. Throws CliError `usage`. */
export function wholeNumber(option: string, text: string): number {
  try {
    const value = parseDecimal(text, option);
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  } catch {
    // Said below.
  }
  throw new CliError('usage', `${option}: expected a whole number, found ${JSON.stringify(text)}`);
}
