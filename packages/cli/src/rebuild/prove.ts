import { readFile } from 'node:fs/promises';
import { whatIfs } from '@verbatim/binaries';
import { explainFiles } from '@verbatim/binaries/archives';
import type { Program } from '../recipe/programs.ts';
import type { Machine } from './machine.ts';
import type { Attempt } from './search.ts';

/** A build with what the published file claims, to prove why the recipe's own has other bytes. It never makes a match of that. */
export interface WhatIfTried {
  /** What was otherwise, such as `GOAMD64=v3`. */
  readonly settings: readonly string[];
  /** `match`: it has exactly the published bytes. */
  readonly outcome: 'match' | 'differ' | 'failed' | 'unavailable';
  readonly observed: string | null;
  /** Why nothing was built; null when something was. */
  readonly detail: string | null;
}

/** The same attempt, explained by builds with other settings where one of them has the published bytes. @throws the signal's reason when aborted */
export async function prove(attempt: Attempt, { bytes, artifact }: Program, sha256: string, machine: Machine): Promise<Attempt> {
  const { recipe, explanation, path } = attempt;
  if (explanation === null || path === null) return attempt;
  const tried: WhatIfTried[] = [];
  for (const { recipe: changed, settings } of whatIfs(recipe, artifact, bytes, explanation)) {
    const built = await machine.try(changed, artifact);
    if (built.kind !== 'built') {
      tried.push({ settings, outcome: built.kind, observed: null, detail: `${built.reason}: ${built.detail}` });
      continue;
    }
    const matches = built.sha256 === sha256;
    tried.push({ settings, outcome: matches ? 'match' : 'differ', observed: built.sha256, detail: null });
    if (!matches) continue;
    const rebuilds = [{ bytes: await readFile(built.path), varied: ['setting'] as const, settings }];
    return { ...attempt, whatIfs: tried, explanation: await explainFiles(bytes, await readFile(path), { rebuilds }) };
  }
  return { ...attempt, whatIfs: tried };
}
