/** What `npm test` does of the recorded run (test/recorded/faults.ts): each distinct call on each kind of path once, the faults taking turns. */
import { expect } from 'vitest';
import { describe, distinct, faultsOf, type Hit, NotReachedError, type Site, sitesOf, strike, type Subject } from './_matrix.ts';
import type { Fault } from './_strace.ts';

export async function distinctSites(subject: Subject): Promise<Site[]> {
  const found: Site[] = [];
  for (const load of subject.loads) found.push(...(await sitesOf(subject, load)));
  return distinct(found);
}

/** Kinds of path that something is written to. */
export const writtenKinds = (sites: readonly Site[]): Set<string> =>
  new Set(sites.filter(({ name }) => ['write', 'pwrite64', 'link', 'rename', 'fsync', 'mkdir'].includes(name)).map(({ kind }) => kind));

/** @returns how often each fault came */
export async function strikeEachKind(subject: Subject, sites: readonly Site[]): Promise<Record<string, number>> {
  const turns: Record<string, number> = { SIGKILL: 0, EIO: 0, ENOSPC: 0 };
  for (const site of sites) {
    const faults = faultsOf(site);
    const [fault] = faults.toSorted((a, b) => turns[a]! - turns[b]!);
    const hit = await strikeAt(subject, site, fault!).catch((cause: unknown) => {
      // Which pages SQLite has in its cache is nobody's to say.
      if (cause instanceof NotReachedError && site.name === 'pread64') return null;
      throw new Error(`${fault} at ${describe(site)}`, { cause });
    });
    if (hit === null) continue;
    turns[fault!]! += 1;
    // By an error it stops by itself, or nothing had been promised.
    expect(hit.outcome, describe(site)).toMatch(fault === 'SIGKILL' ? / ended with SIGKILL$/ : /^(?:\w+ ended with [01]|it went on)$/);
  }
  return turns;
}

/** How often a load that fell otherwise than the recorded one, into other batches or over the end of a bundle, is tried again. */
const TRIES = 5;

async function strikeAt(subject: Subject, site: Site, fault: Fault): Promise<Hit> {
  for (let tries = 1; ; tries++) {
    try {
      return await strike(subject, site, fault);
    } catch (error) {
      // It was held to its promises all the same.
      if (!(error instanceof NotReachedError) || site.name === 'pread64' || tries === TRIES) throw error;
    }
  }
}
