/** The ecosystem's own client fetches crates: `cargo info` one alone, `cargo fetch --locked` what a lockfile names. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readOptional } from '../digest.ts';
import { unavailable, type Unavailable, type UnavailableReason } from '../outcome.ts';
import { runClient } from '../sandbox/client.ts';
import { usableCargo, type CargoClient } from './settings.ts';

export interface CargoRun {
  readonly client: CargoClient;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** Downloads one version, without what it depends on. Null when it is there. @throws BuilderError `tool-missing`, `tool-too-old` */
export function downloadCrate(run: CargoRun, name: string, version: string): Promise<Unavailable | null> {
  return cargo(run, ['info', '--quiet', `${name}@${version}`], []);
}

/**
 * As `downloadCrate`, everything that the lockfile of a package names, for every platform. The lockfile stays as it is.
 * @param source all that the package's manifest may refer to
 * @param directory the package's own, in it
 */
export function downloadLocked(run: CargoRun, source: string, directory: string): Promise<Unavailable | null> {
  return cargo(run, ['fetch', '--quiet', '--locked', '--manifest-path', join(source, directory, 'Cargo.toml')], [source]);
}

async function cargo(
  { client, timeout, signal }: CargoRun,
  args: readonly string[],
  sources: readonly string[],
): Promise<Unavailable | null> {
  const program = await usableCargo(client, signal);
  // cargo reads the configuration of every folder above the current one: here there is none.
  const result = await runClient({
    argv: [program, ...args],
    cwd: '/',
    env: client.env,
    shown: [...client.shown, ...sources],
    writable: [client.home],
    timeout,
    signal,
  });
  if (result.ended === 'timeout') return unavailable('fetch-timeout', `cargo ${args[0]!} took more than ${timeout / 1000} s`);
  if (result.code === 0) return null;
  return unavailable(reasonOf(result.stderr), withoutPasswords(result.stderr));
}

/** Addresses in messages may carry a user and a password. */
const withoutPasswords = (text: string): string => text.replaceAll(/\/\/[^/@\s]+@/g, '//…@');

const REASONS: readonly (readonly [RegExp, UnavailableReason])[] = [
  [/checksum for [^\n]* changed|failed to verify the checksum|checksum [^\n]* could not be calculated/i, 'checksum-mismatch'],
  [/no space left on device|disk quota exceeded/i, 'host-disk-full'],
  [/lock file [^\n]* needs to be updated|cannot update the lock file|cannot create the lock file/i, 'bad-lockfile'],
  [/failed to parse lock file/i, 'bad-lockfile'],
  [/failed to (?:parse|load|read) (?:the )?manifest|could not find `Cargo\.toml`|feature `[^`]*` is required/i, 'not-a-package'],
  // A folder of the host's, which was never part of the source.
  [/failed to load source for dependency[\s\S]*No such file or directory/i, 'not-a-package'],
  [
    /could not find `[^`]*` in registry|no matching package|failed to select a version|got 40\d|got 410|status code 40\d/i,
    'crate-unavailable',
  ],
  [/spurious network|timed? ?out|could not resolve|couldn't (?:connect|resolve)|failed to connect|got 5\d\d|got 429|SSL|TLS/i, 'network'],
];

/** What cargo's words come to. Unknown words are `fetch-failed`, which is worth another try. */
export function reasonOf(said: string): UnavailableReason {
  return REASONS.find(([pattern]) => pattern.test(said))?.[1] ?? 'fetch-failed';
}

/** Where cargo put the .crate of a version; null when it has none. A mirror's folder has the mirror's name. */
export async function downloadedCrate({ cargoHome }: CargoClient, name: string, version: string): Promise<string | null> {
  for (const folder of await foldersIn(join(cargoHome, 'registry', 'cache'))) {
    const names = await readdir(folder);
    if (names.includes(`${name}-${version}.crate`)) return join(folder, `${name}-${version}.crate`);
  }
  return null;
}

/** Whether the index that cargo keeps calls the version yanked; false too when it keeps none. */
export async function isYanked({ cargoHome }: CargoClient, name: string, version: string): Promise<boolean> {
  const lower = name.toLowerCase();
  const place =
    lower.length < 3 ? String(lower.length) : lower.length === 3 ? `3/${lower[0]!}` : `${lower.slice(0, 2)}/${lower.slice(2, 4)}`;
  for (const index of await foldersIn(join(cargoHome, 'registry', 'index'))) {
    const entries = (await readOptional(join(index, '.cache', place, lower)))?.toString('latin1').split('\0') ?? [];
    if (entries.some((entry) => isYankedEntry(entry, version))) return true;
  }
  return false;
}

function isYankedEntry(entry: string, version: string): boolean {
  if (!entry.startsWith('{')) return false;
  try {
    const { vers, yanked } = JSON.parse(entry) as { vers?: unknown; yanked?: unknown };
    return vers === version && yanked === true;
  } catch {
    return false;
  }
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}
