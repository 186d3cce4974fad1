/** A release and its recipe must speak of the same source, toolchain and artifacts; and a recipe may come as a blob. */
import { sha256, toHex } from '@verbatim/tlog';
import { StatementError } from './errors.ts';
import { canonicalTextOfParsed } from './json.ts';
import { recipeOutputs, recipeTarget, recipeToolchains } from './recipe-facts.ts';
import { decodeRecipe, type Recipe } from './recipe.ts';
import { artifactNames, releaseShape, type ReleaseStatement } from './release.ts';
import { where } from './schema.ts';

function wrong(at: string, message: string): StatementError {
  return new StatementError('wrong-recipe', at, message);
}

/** Throws `wrong-recipe` unless the recipe builds exactly the release's artifacts, for their targets, from its source with its toolchain. */
export function checkRecipe(release: ReleaseStatement, recipe: Recipe): void {
  const { predicate } = release;
  if (canonicalTextOfParsed(recipe.source) !== canonicalTextOfParsed(predicate.source)) {
    throw wrong('predicate.source', 'expected the recipe’s source, found another');
  }
  for (const { name, version } of recipeToolchains(recipe)) {
    const pinned = predicate.toolchain.find((each) => each.name === name)?.version;
    if (pinned === version) continue;
    throw wrong('predicate.toolchain', `expected ${name} ${version} as in the recipe, found ${pinned ?? 'nothing'}`);
  }
  const targets = new Map([...predicate.artifacts, ...(predicate.unpublished ?? [])].map(({ name, target }) => [name, target]));
  for (const artifact of recipeOutputs(recipe)) {
    const found = targets.get(artifact);
    const built = recipeTarget(recipe, artifact);
    if (found === undefined) throw wrong('predicate.artifacts', `expected ${JSON.stringify(artifact)}, which the recipe builds`);
    if (found !== built) {
      throw wrong('predicate.artifacts', `expected target ${built} for ${JSON.stringify(artifact)} as in the recipe, found ${found}`);
    }
  }
  const unbuilt = artifactNames(release).find((name) => !recipe.outputs.some(({ artifact }) => artifact === name));
  if (unbuilt !== undefined) throw wrong('predicate.recipe', `expected an output for ${JSON.stringify(unbuilt)}, found none`);
}

/** A release whose recipe, when inline, agrees with it. */
export const releaseSchema = where(releaseShape, (release) => {
  const { inline } = release.predicate.recipe;
  if (inline !== undefined) checkRecipe(release, inline);
});

/**
 * The release's recipe: inline, or from `blobs` (hex SHA-256 → bytes), whose digest and size are checked.
 * Throws `recipe-missing` when it is a blob and not given, `wrong-recipe`, and as `decodeRecipe`.
 */
export function recipeOf(release: ReleaseStatement, blobs?: ReadonlyMap<string, Uint8Array>): Recipe {
  const { inline, sha256: digest, size } = release.predicate.recipe;
  if (inline !== undefined) return inline;
  const bytes = blobs?.get(digest);
  if (bytes === undefined) throw new StatementError('recipe-missing', 'predicate.recipe', `expected the blob ${digest} (${size} bytes)`);
  if (bytes.length !== size || toHex(sha256(bytes)) !== digest) {
    throw wrong(
      'predicate.recipe',
      `expected ${size} bytes with SHA-256 ${digest}, found ${bytes.length} bytes with ${toHex(sha256(bytes))}`,
    );
  }
  const recipe = decodeRecipe(bytes);
  checkRecipe(release, recipe);
  return recipe;
}
