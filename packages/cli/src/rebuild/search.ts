import { readFile } from 'node:fs/promises';
import { readGoBuildId } from '@verbatim/binaries';
import { explainFiles } from '@verbatim/binaries/archives';
import type { Recipe } from '@verbatim/statements';
import type { Candidate } from '../recipe/complete.ts';
import type { Program } from '../recipe/programs.ts';
import type { Machine, Tried } from './machine.ts';

type FileExplanation = Awaited<ReturnType<typeof explainFiles>>;

/** One recipe, tried. */
export interface Attempt {
  readonly recipe: Recipe;
  readonly notes: readonly string[];
  readonly outcome: 'match' | 'differ' | 'failed' | 'unavailable';
  /** Hex SHA-256 of what was built. */
  readonly observed: string | null;
  /** Where it lies until the machine is disposed. */
  readonly path: string | null;
  /** Why nothing was built; null when something was. */
  readonly detail: string | null;
  readonly cpuSeconds: number | null;
  readonly wallSeconds: number | null;
  readonly peakMemoryBytes: number | null;
  /** Why it differs. */
  readonly explanation: FileExplanation | null;
}

/**
 * Tries candidates, best first, until one gives the published bytes. What a miss says of its cause decides which of the rest are worth a build:
 * a Go build id of which only the linker's part differs leaves the other spellings of -ldflags, and one whose main package differs rules them out.
 */
export async function* search(
  program: Program,
  sha256: string,
  candidates: readonly Candidate[],
  machine: Machine,
): AsyncGenerator<Attempt, void> {
  let left = [...candidates];
  for (let candidate = left.shift(); candidate !== undefined; candidate = left.shift()) {
    const tried = await machine.try(candidate.recipe, program.artifact);
    const attempt = await judge(program, sha256, candidate, tried);
    yield attempt;
    if (attempt.outcome === 'match') return;
    if (tried.kind !== 'built') continue;
    const { recipe } = candidate;
    const linkOnly = onlyLinkDiffers(program.bytes, await readFile(tried.path));
    if (linkOnly !== null) left = left.filter((other) => differsOnlyInLinking(other.recipe, recipe) === linkOnly);
  }
}

async function judge({ bytes }: Program, sha256: string, { recipe, notes }: Candidate, tried: Tried): Promise<Attempt> {
  const nothing = {
    observed: null,
    path: null,
    detail: null,
    cpuSeconds: null,
    wallSeconds: null,
    peakMemoryBytes: null,
    explanation: null,
  };
  if (tried.kind !== 'built') return { recipe, notes, ...nothing, outcome: tried.kind, detail: `${tried.reason}: ${tried.detail}` };
  const outcome = tried.sha256 === sha256 ? 'match' : 'differ';
  const explanation = outcome === 'match' ? null : await explainFiles(bytes, await readFile(tried.path));
  return { recipe, notes, ...nothing, outcome, observed: tried.sha256, path: tried.path, ...tried.usage, explanation };
}

/**
 * What the four parts of a Go build id say (cmd/go/internal/work/buildid.go: link action, main package's action, its content, whole content):
 * true when the main package is the same, false when it is another, null when the ids do not tell.
 */
function onlyLinkDiffers(published: Uint8Array, rebuilt: Uint8Array): boolean | null {
  const [one, two] = [published, rebuilt].map((bytes) => readGoBuildId(bytes)?.split('/') ?? []);
  if (one?.length !== 4 || two?.length !== 4) return null;
  return one[1] === two[1] && one[2] === two[2];
}

/** Whether two recipes give the linker the same packages. */
function differsOnlyInLinking(one: Recipe, two: Recipe): boolean {
  if (one.kind !== 'go' || two.kind !== 'go') return false;
  const withoutLinking = (recipe: typeof one): string => JSON.stringify({ ...recipe, ldflags: null });
  return withoutLinking(one) === withoutLinking(two);
}
