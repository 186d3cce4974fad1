import { MAX_RECIPE_BYTES, decodeRecipe, encodeRecipe, type Recipe } from '@verbatim/statements';
import { CliError } from '../errors.ts';
import { readWhole } from '../files.ts';

/** Any spelling of the JSON is read; what counts is the canonical one. Throws CliError `file`. */
export function readRecipe(path: string): Recipe {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readWhole(path, MAX_RECIPE_BYTES));
    return decodeRecipe(encodeRecipe(JSON.parse(text) as Recipe));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('file', `${path} is no recipe`, { cause });
  }
}
