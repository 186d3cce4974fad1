import { BinaryError, inferGoRecipes, type RecipeCandidate, type RecipeHints } from '@verbatim/binaries';
import type { Origin } from '@verbatim/builder';
import { decodeRecipe, encodeRecipe, type Recipe } from '@verbatim/statements';
import { describeError } from '../errors.ts';
import type { GoSources, LookUp } from './go-source.ts';
import { completeCargoRecipes } from './complete-cargo.ts';
import { completeDebianRecipe } from './complete-debian.ts';
import { hintsOf, type HintOptions } from './hints.ts';
import type { DebPackage } from './manifests.ts';
import type { Program, Programs } from './programs.ts';

/** A recipe that can be tried. */
export interface Candidate {
  readonly recipe: Recipe;
  /** For people: what was guessed, what was confirmed. */
  readonly notes: readonly string[];
}

export interface Completed {
  readonly candidates: readonly Candidate[];
  /** Why there is no candidate, each once. */
  readonly problems: readonly string[];
}

/** Where a program comes from. */
export interface Origins extends LookUp, Omit<Programs, 'found'> {
  /** The published file. */
  readonly file: string;
  /** Shared by its programs. */
  readonly sources: GoSources;
}

/** Recipes of a program that can be tried, best first. What cannot be read is a problem, not an error. @throws BuilderError `tool-missing` */
export async function completeRecipes(program: Program, options: HintOptions, origins: Origins): Promise<Completed> {
  const { artifact, bytes } = program;
  if (origins.of?.type === 'deb') return completeDebianRecipe(origins.of as DebPackage, options, origins);
  try {
    const go = await completeGoRecipes(bytes, { artifact, ...hintsOf(options, origins.of) }, origins.sources);
    return go.candidates.length + go.problems.length > 0 ? go : await completeCargoRecipes(program, options, origins);
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return { candidates: [], problems: [describeError(error)] };
  }
}

/** Recipes of one Go program, best first, with what its ecosystem knows filled in: the module's version and hash, how it is released, whether it confirms the revision. */
async function completeGoRecipes(bytes: Uint8Array, hints: RecipeHints, sources: GoSources): Promise<Completed> {
  const source = await sources.find(bytes, hints);
  if (source === null) return { candidates: [], problems: [] };
  if (source.kind !== 'source') return { candidates: [], problems: [source.detail] };
  const { answers, origin } = source;
  const candidates: Candidate[] = [];
  const problems = new Set<string>();
  for (const draft of inferGoRecipes(bytes, { ...hints, answers })) {
    const completed = complete(draft, origin);
    if (typeof completed === 'string') problems.add(completed);
    else candidates.push(completed);
  }
  return { candidates, problems: candidates.length > 0 ? [] : [...problems] };
}

function complete({ recipe: draft, missing, notes }: RecipeCandidate, origin: Origin | null): Candidate | string {
  if (missing.length > 0) return `the recipe lacks ${missing.join(', ')}`;
  const { vcs } = draft;
  const confirmed = vcs !== null && origin?.revision === vcs.revision;
  try {
    const stamp = vcs === null ? null : { ...vcs, provenance: confirmed ? 'confirmed' : 'adopted' };
    const recipe = decodeRecipe(encodeRecipe({ ...draft, vcs: stamp } as Recipe));
    return { recipe, notes: [...notes, ...(vcs === null ? [] : [revisionNote(vcs.revision, confirmed)])] };
  } catch (error) {
    return `no recipe comes of what the file says: ${describeError(error)}`;
  }
}

function revisionNote(revision: string, confirmed: boolean): string {
  return confirmed
    ? `revision ${revision}: the module proxy confirms it`
    : `revision ${revision}: taken over from the file, confirmed by nobody`;
}
