/** Recipes are data: how to build a release's artifacts, in canonical JSON, named by the SHA-256 of these bytes. */
import { sha256, toHex } from '@verbatim/tlog';
import { decodeCanonicalJson, encodeCanonicalJson } from './json.ts';
import { cargoRecipe, type CargoRecipe } from './recipe-cargo.ts';
import { debianRecipe, type DebianRecipe } from './recipe-debian.ts';
import { goRecipe, type GoRecipe } from './recipe-go.ts';
import { goToolchainRecipe, type GoToolchainRecipe } from './recipe-go-toolchain.ts';
import { tagged, type Check } from './schema.ts';
import { MAX_RECIPE_BYTES } from './vocabulary.ts';

/** A discriminated union by `kind`; another way to build is another member. */
export type Recipe = GoRecipe | GoToolchainRecipe | CargoRecipe | DebianRecipe;
export const recipeSchema: Check<Recipe> = tagged('kind', {
  go: goRecipe,
  'go-toolchain': goToolchainRecipe,
  cargo: cargoRecipe,
  debian: debianRecipe,
});

/** Canonical bytes, at most 256 KiB. Throws as `decodeRecipe` would. */
export function encodeRecipe(recipe: Recipe): Uint8Array {
  const bytes = encodeCanonicalJson(recipe);
  decodeRecipe(bytes);
  return bytes;
}

/** Throws StatementError `too-large`, `not-json`, `bad-schema`, `inconsistent` or `not-canonical`. */
export function decodeRecipe(bytes: Uint8Array): Recipe {
  return decodeCanonicalJson(bytes, MAX_RECIPE_BYTES, 'a recipe', recipeSchema);
}

/** What a release and its observations call the recipe: 64 hex digits. */
export function recipeDigest(recipe: Recipe): string {
  return toHex(sha256(encodeRecipe(recipe)));
}
