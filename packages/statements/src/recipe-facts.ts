/** What every kind of recipe says of the same things, for whoever need not know the kinds. */
import { StatementError } from './errors.ts';
import { platformOfDebian } from './debian-root.ts';
import type { Recipe } from './recipe.ts';
import { debianCompilers } from './recipe-debian.ts';
import type { VcsStamp } from './recipe-go.ts';
import { platformOfTriple } from './rust-target.ts';

/** Names of the artifacts that it builds, in its order. */
export const recipeOutputs = (recipe: Recipe): string[] => recipe.outputs.map(({ artifact }) => artifact);

/** Target platform of one output. Throws `inconsistent` for a name that the recipe does not have. */
export function recipeTarget(recipe: Recipe, artifact: string): string {
  switch (recipe.kind) {
    case 'go':
    case 'go-toolchain': {
      const { goos, goarch } = named<{ readonly artifact: string; readonly goos: string; readonly goarch: string }>(
        recipe.outputs,
        artifact,
      );
      return `${goos}/${goarch}`;
    }
    case 'cargo':
      return platformOfTriple(named(recipe.outputs, artifact).target)!;
    case 'debian':
      named<{ readonly artifact: string }>(recipe.outputs, artifact);
      return platformOfDebian(recipe.root.architecture)!;
  }
}

function named<O extends { readonly artifact: string }>(outputs: readonly O[], artifact: string): O {
  const output = outputs.find((each) => each.artifact === artifact);
  if (output !== undefined) return output;
  const known = outputs.map((each) => each.artifact).join(', ');
  throw new StatementError('inconsistent', 'outputs', `expected one of ${known}, found ${artifact}`);
}

export interface ToolchainPin {
  readonly name: string;
  readonly version: string;
}

/** The toolchains that a release of this recipe must name. */
export function recipeToolchains(recipe: Recipe): ToolchainPin[] {
  switch (recipe.kind) {
    case 'go':
    case 'go-toolchain':
      return [{ name: 'go', version: recipe.toolchain.version }];
    case 'cargo':
      return [{ name: 'rust', version: recipe.toolchain.version }];
    case 'debian':
      return debianCompilers(recipe).map(({ name, version }) => ({ name, version }));
  }
}

/** The version-control stamp that a build is given. */
export function recipeVcs(recipe: Recipe): VcsStamp | null {
  switch (recipe.kind) {
    case 'go':
      return recipe.vcs;
    case 'go-toolchain':
    case 'cargo':
    case 'debian':
      return null;
  }
}
