import { readFile } from 'node:fs/promises';
import { readGoBuildId } from '@verbatim/binaries';
import { explainFiles } from '@verbatim/binaries/archives';
import type { Recipe } from '@verbatim/statements';
import type { Candidate } from '../recipe/complete.ts';
import type { Program } from '../recipe/programs.ts';
import { byWhatAMissSays } from './feedback.ts';
import type { Machine, Tried, UsedToolchain } from './machine.ts';
import type { WhatIfTried } from './prove.ts';

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
  readonly toolchains: readonly UsedToolchain[];
  /** Why nothing was built; null when something was. */
  readonly detail: string | null;
  readonly cpuSeconds: number | null;
  readonly wallSeconds: number | null;
  readonly peakMemoryBytes: number | null;
  /** Why it differs. */
  readonly explanation: FileExplanation | null;
  /** Builds that were to prove that. */
  readonly whatIfs: readonly WhatIfTried[];
}

/** Tries candidates, best first, until one gives the published bytes. What a miss says of its cause decides which of the rest comes next, if any. */
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
    if (attempt.explanation === null || tried.kind !== 'built') continue;
    const ids = { published: readGoBuildId(program.bytes), rebuilt: readGoBuildId(await readFile(tried.path)) };
    left = byWhatAMissSays(left, candidate.recipe, ids, attempt.explanation);
  }
}

async function judge({ bytes }: Program, sha256: string, { recipe, notes }: Candidate, tried: Tried): Promise<Attempt> {
  const nothing = {
    observed: null,
    path: null,
    toolchains: [],
    detail: null,
    cpuSeconds: null,
    wallSeconds: null,
    peakMemoryBytes: null,
    explanation: null,
    whatIfs: [],
  };
  if (tried.kind !== 'built') return { recipe, notes, ...nothing, outcome: tried.kind, detail: `${tried.reason}: ${tried.detail}` };
  const outcome = tried.sha256 === sha256 ? 'match' : 'differ';
  const explanation = outcome === 'match' ? null : await explainFiles(bytes, await readFile(tried.path));
  return {
    recipe,
    notes,
    ...nothing,
    outcome,
    observed: tried.sha256,
    path: tried.path,
    toolchains: tried.toolchains,
    ...tried.usage,
    explanation,
  };
}
