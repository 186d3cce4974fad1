/** What every kind of recipe says of the same things, for whoever need not know the kinds. */
import { StatementError } from './errors.ts';
import type { Recipe } from './recipe.ts';
import type { VcsStamp } from './recipe-go.ts';
import { platformOfTriple } from './rust-target.ts';

/** Names of the artifacts that it builds, in its order. */
export const recipeOutputs = (recipe: Recipe): string[] => recipe.outputs.map(({ artifact }) => artifact);

/** Target platform of one output. Throws `inconsistent` for a name that the recipe does not have. */
export function recipeTarget(recipe: Recipe, artifact: string): string {
  const output = (recipe.outputs as readonly Recipe['outputs'][number][]).find((each) => each.artifact === artifact);
  if (output === undefined) {
    throw new StatementError('inconsistent', 'outputs', `expected one of ${recipeOutputs(recipe).join(', ')}, found ${artifact}`);
  }
  return 'goos' in output ? `${output.goos}/${output.goarch}` : platformOfTriple(output.target)!;
}

export interface ToolchainPin {
  readonly name: string;
  readonly version: string;
}

/** The toolchains that a release of this recipe must name. */
export function recipeToolchains(recipe: Recipe): ToolchainPin[] {
  switch (recipe.kind) {
    case 'go':
      return [{ name: 'go', version: recipe.toolchain.version }];
    case 'cargo':
      return [{ name: 'rust', version: recipe.toolchain.version }];
  }
}

/** The version-control stamp that a build is given. */
export function recipeVcs(recipe: Recipe): VcsStamp | null {
  switch (recipe.kind) {
    case 'go':
      return recipe.vcs;
    case 'cargo':
      return null;
  }
}
