import type { GoRecipe } from '@verbatim/statements';
import type { VcsDraft } from '../vcs.ts';
import type { OwnModule } from './main-module.ts';
import type { FoundPaths } from './publisher-paths.ts';

/** A Go recipe in which what nobody knows yet is null. Filled in, it is @verbatim/statements' recipe of kind `go`. */
export interface RecipeDraft {
  readonly kind: 'go';
  readonly version: 1;
  readonly source: {
    readonly kind: 'go-module';
    readonly module: string | null;
    readonly version: string | null;
    readonly h1: string | null;
  };
  readonly toolchain: {
    readonly version: string | null;
    readonly h1: Readonly<Record<string, string>>;
    readonly patched?: GoRecipe['toolchain']['patched'];
  };
  readonly package: string | null;
  readonly flags: readonly string[];
  readonly ldflags: string | null;
  readonly tags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly vcs: VcsDraft | null;
  readonly outputs: readonly [
    {
      readonly artifact: string | null;
      readonly goos: string | null;
      readonly goarch: string | null;
      readonly env: Readonly<Record<string, string>>;
    },
  ];
  readonly mainModule?: OwnModule;
  readonly paths?: FoundPaths;
}

export interface RecipeCandidate {
  readonly recipe: RecipeDraft;
  /** Paths into `recipe` that are null and must be filled in before it can run, such as `source.h1`. */
  readonly missing: readonly string[];
  /** Where it is from, and what the binary tells about the chance of success, for people. */
  readonly notes: readonly string[];
}

export function candidate(recipe: RecipeDraft, notes: readonly string[], lacking: readonly string[] = []): RecipeCandidate {
  const holes: [string, string | null][] = [
    ['source.module', recipe.source.module],
    ['source.version', recipe.source.version],
    ['source.h1', recipe.source.h1],
    ['toolchain.version', recipe.toolchain.version],
    ['package', recipe.package],
    ['outputs.0.artifact', recipe.outputs[0].artifact],
    ['outputs.0.goos', recipe.outputs[0].goos],
    ['outputs.0.goarch', recipe.outputs[0].goarch],
  ];
  return { recipe, missing: [...holes.filter(([, value]) => value === null).map(([path]) => path), ...lacking], notes };
}
