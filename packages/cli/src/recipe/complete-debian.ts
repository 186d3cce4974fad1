import { readFile } from 'node:fs/promises';
import { BuilderError, inferDebianRecipe } from '@verbatim/builder';
import { describeError } from '../errors.ts';
import type { Completed } from './complete.ts';
import type { LookUp } from './go-source.ts';
import type { HintOptions } from './hints.ts';
import { builtUsingNotes, type DebPackage } from './manifests.ts';

/** Releases of Debian by number: a stable update's version names it (`+deb12u1`). */
const RELEASES: Readonly<Record<string, string>> = { 10: 'buster', 11: 'bullseye', 12: 'bookworm', 13: 'trixie', 14: 'forky' };
/** Suites whose builders had /bin and /usr/bin apart. */
const SPLIT = new Set(['buster', 'bullseye', 'bookworm']);
const TIMEOUT = 600_000;

/** The recipe of a whole .deb: its source and the system it is built in, as apt's lists have them. */
export async function completeDebianRecipe(
  deb: DebPackage,
  { suite }: HintOptions,
  { file, ...lookUp }: LookUp & { readonly file: string },
): Promise<Completed> {
  const { name, version, architecture } = deb;
  const release = suite ?? (await suiteOf(version));
  if (release === null) return { candidates: [], problems: ['no suite is known that has this package: name it with --suite'] };
  const request = { name, version, architecture, suites: [release], mergedUsr: !SPLIT.has(release), deb: file, timeout: TIMEOUT };
  try {
    const recipe = await inferDebianRecipe({ ...lookUp, ...request });
    if (recipe.kind === 'unavailable') return { candidates: [], problems: [recipe.detail] };
    const notes = [
      `built in a system of ${recipe.root.packages.length} packages as ${release} has them now: whether these are what it was built with, only the bytes tell`,
      ...builtUsingNotes(deb),
    ];
    return { candidates: [{ recipe, notes }], problems: [] };
  } catch (error) {
    lookUp.signal?.throwIfAborted();
    if (error instanceof BuilderError && error.code !== 'tool-missing') throw error;
    return { candidates: [], problems: [describeError(error)] };
  }
}

/** The suite that a version names, or else this machine's own. */
async function suiteOf(version: string): Promise<string | null> {
  const named = RELEASES[/[+~]deb(\d+)u\d+$/.exec(version)?.[1] ?? ''];
  if (named !== undefined) return named;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^VERSION_CODENAME=([a-z]+)$/m.exec(release)?.[1] ?? null;
}
