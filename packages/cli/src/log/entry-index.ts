import { parseDecimal } from '@verbatim/tlog';
import { CliError } from '../errors.ts';

/** An entry's index on the command line. @param option what to call it. Throws CliError `usage`. */
export function entryIndex(option: string, text: string): bigint {
  try {
    return parseDecimal(text, option);
  } catch (cause) {
    throw new CliError('usage', `${option}: expected the index of an entry, found ${JSON.stringify(text)}`, { cause });
  }
}
