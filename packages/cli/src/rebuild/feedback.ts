import type { CauseCode } from '@verbatim/binaries';
import { allCauses, type FileExplanation } from '@verbatim/binaries/archives';
import type { Recipe } from '@verbatim/statements';
import type { Candidate } from '../recipe/complete.ts';

type GoRecipe = Extract<Recipe, { kind: 'go' }>;

export interface BuildIds {
  readonly published: string | null;
  readonly rebuilt: string | null;
}

/** Parts of a recipe that a cause speaks of. */
const PARTS: Partial<Record<CauseCode, readonly (keyof GoRecipe)[]>> = {
  ldflags: ['ldflags'],
  stripped: ['ldflags'],
  'build-id': ['ldflags'],
  'go-line': ['mainModule'],
  'dependency-version': ['mainModule'],
  'go-setting': ['env', 'flags', 'tags'],
  'module-version': ['vcs', 'source'],
  'vcs-stamp': ['vcs', 'flags'],
  'vcs-modified': ['vcs'],
  'build-path': ['paths'],
};

/**
 * What is left to try after a miss, best first. A Go build id has four parts (cmd/go/internal/work/buildid.go: link action, main package's action,
 * its content, whole content): where the main package is the same, only linking was otherwise, which takes seconds to try; where it is another,
 * linking otherwise cannot help. Of the rest those come first that change what a named cause speaks of.
 */
export function byWhatAMissSays(left: readonly Candidate[], tried: Recipe, ids: BuildIds, explanation: FileExplanation): Candidate[] {
  const sameMain = mainPackageIsSame(ids);
  const useful = sameMain === null ? [...left] : left.filter(({ recipe }) => differsOnlyInLinking(recipe, tried) === sameMain);
  const parts = new Set(allCauses(explanation).flatMap(({ code }) => PARTS[code] ?? []));
  const isNamed = ({ recipe }: Candidate): boolean => [...parts].some((part) => textOf(recipe, part) !== textOf(tried, part));
  return [...useful.filter(isNamed), ...useful.filter((candidate) => !isNamed(candidate))];
}

/** Null when the ids do not tell. */
function mainPackageIsSame({ published, rebuilt }: BuildIds): boolean | null {
  const [one, two] = [published, rebuilt].map((id) => id?.split('/') ?? []) as [string[], string[]];
  return one.length !== 4 || two.length !== 4 ? null : one[1] === two[1] && one[2] === two[2];
}

/** Whether two recipes give the linker the same packages. */
function differsOnlyInLinking(one: Recipe, two: Recipe): boolean {
  return JSON.stringify({ ...one, ldflags: null }) === JSON.stringify({ ...two, ldflags: null });
}

const textOf = (recipe: Recipe, part: keyof GoRecipe): string | undefined =>
  recipe.kind === 'go' ? JSON.stringify(recipe[part]) : undefined;
