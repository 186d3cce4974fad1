import type { Recipe } from '@verbatim/statements';
import type { Machine } from './machine.ts';
import type { Variation } from './result.ts';
import type { Attempt } from './search.ts';

/** Two surroundings that differ from the usual ones and from each other. */
const SEEDS = [1, 2] as const;

/** Builds again, twice, with other paths, time zone, locale, cores and so on, and compares with what came out before. Null when nothing had come out. */
export async function variationOf(attempts: readonly Attempt[], artifact: string, machine: Machine): Promise<Variation | null> {
  const last = attempts.findLast(({ observed }) => observed !== null);
  if (last === undefined) return null;
  const observed: (string | null)[] = [];
  let surroundings: Pick<Variation, 'varied' | 'kept'> = { varied: [], kept: [] };
  for (const seed of SEEDS) {
    const tried = await machine.try(last.recipe satisfies Recipe, artifact, seed);
    observed.push(tried.kind === 'built' ? tried.sha256 : null);
    if (tried.kind === 'built') surroundings = tried.surroundings;
  }
  return { ...surroundings, observed, same: observed.every((sha256) => sha256 === last.observed) };
}
