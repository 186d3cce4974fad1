/** The files of a Debian source package, by digest: from the cache, from apt, or from a crate; and what is in them. */
import { chown, copyFile, mkdir, readdir, rename } from 'node:fs/promises';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianRecipe } from '@verbatim/statements';
import { keepFile, sha256Of, takeFile } from '../cache/files.ts';
import { downloadCrate, downloadedCrate } from '../cargo/download.ts';
import { cargoClient } from '../cargo/settings.ts';
import type { FetchContext } from '../fetch.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { isPlain } from '../plain-paths.ts';
import { BUILD_ID } from '../sandbox/arguments.ts';
import { knownSandbox } from '../sandbox/detect.ts';
import { limitsOf } from '../sandbox/limits.ts';
import { runSandboxed } from '../sandbox/run.ts';
import { Apt } from './apt.ts';

type Context = FetchContext<DebianRecipe>;

/** Puts the source package's files into `to`; null when all are there and are what the recipe says. */
export async function takeSourceFiles(context: Context, to: string): Promise<Unavailable | null> {
  const { recipe, cacheDir, offline = false, log } = context;
  const { name, version, files } = recipe.source;
  await mkdir(to);
  const missing = new Map<string, string>();
  for (const file of files) if (!(await takeFile(cacheDir, file.sha256, join(to, file.name)))) missing.set(file.sha256, file.name);
  if (missing.size === 0) return null;
  const what = `source package ${name} ${version}`;
  if (offline) return unavailable('package-unavailable', `${what} is not in the cache: import its inputs first`);
  log(`fetching ${what}`);
  const take = async (path: string): Promise<void> => {
    const sha256 = await sha256Of(path);
    const file = missing.get(sha256);
    if (file === undefined) return;
    await keepFile(cacheDir, sha256, path);
    await copyFile(path, join(to, file));
    missing.delete(sha256);
  };
  const failed = await fromApt(context, what, take);
  if (missing.size > 0) await fromCrates(context, [...missing.values()], take);
  if (missing.size === 0) return null;
  const names = [...missing].map(([sha256, file]) => `${file} (${sha256})`).join(', ');
  if (failed !== null) return { ...failed, detail: `${failed.detail}; still missing: ${names}` };
  return unavailable('checksum-mismatch', `${what}: expected ${names}, found other files of these names`);
}

type Take = (path: string) => Promise<void>;

/** What a mirror has of them: of an old package it may lack some, and apt fails after it has downloaded the rest. */
async function fromApt(
  { recipe, folders, cacheDir, environment, limits, signal }: Context,
  what: string,
  take: Take,
): Promise<Unavailable | null> {
  const { suites, architecture } = recipe.root;
  const timeout = limits.seconds * 1000;
  const apt = await Apt.open({ suites, architecture, cacheDir, environment, timeout, signal });
  if ('kind' in apt) return apt;
  const folder = join(folders.scratch, 'apt-source');
  await mkdir(folder);
  const { name, version } = recipe.source;
  const argv = ['apt-get', 'source', '--quiet', '--download-only', '--only-source', `${name}=${version}`] as const;
  const failed = await apt.fetch(argv, folder, what);
  for (const each of await readdir(folder)) await take(join(folder, each));
  return failed;
}

async function fromCrates(
  { recipe, environment = process.env, folders, limits, signal }: Context,
  files: readonly string[],
  take: Take,
): Promise<void> {
  const crates = recipe.crates.filter(({ file }) => files.includes(file));
  if (crates.length === 0) return;
  const client = await cargoClient(environment, folders.home);
  if ('kind' in client) return;
  for (const { name, version } of crates) {
    await downloadCrate({ client, timeout: limits.seconds * 1000, signal }, name, version);
    const path = await downloadedCrate(client, name, version);
    if (path !== null) await take(path);
  }
}

const LOG_TAIL = 1500;

/** Unpacks the source package in the sandbox, with the dpkg-source of the recipe's own system: its archives and patches are other people's. */
export async function unpackSource({ recipe, folders, limits, signal }: Context, files: string, root: string): Promise<Unavailable | null> {
  const dsc = recipe.source.files.find(({ name }) => name.endsWith('.dsc'))!.name;
  const sandbox = await knownSandbox();
  const out = join(folders.scratch, 'unpacked');
  await mkdir(out, { mode: 0o700 });
  if (sandbox.setpriv !== null) await chown(out, BUILD_ID, BUILD_ID);
  const logPath = join(folders.scratch, 'unpack.log');
  const { end } = await runSandboxed(sandbox, {
    argv: ['/usr/bin/dpkg-source', '--extract', `/build/files/${dsc}`, '/build/unpacked/source'],
    env: { PATH: '/usr/bin:/bin', HOME: '/tmp', LC_ALL: 'C.UTF-8' },
    cwd: '/tmp',
    mounts: [
      { kind: 'read-only', source: files, path: '/build/files' },
      { kind: 'writable', source: out, path: '/build/unpacked' },
      { kind: 'memory', path: '/tmp', bytes: 64 * 1024 ** 2 },
    ],
    programs: { root },
    limits: limitsOf({ wallSeconds: limits.seconds, diskBytes: limits.inputBytes }),
    logPath,
    signal,
  });
  if (end.kind !== 'exit' || end.code !== 0) {
    const log = await readFile(logPath, 'utf8').catch(() => '');
    return unavailable('bad-source', `expected dpkg-source to unpack ${dsc}, found ${JSON.stringify(end)}: ${log.slice(-LOG_TAIL)}`);
  }
  if (!(await isPlain(out, 'source', 'folder'))) return unavailable('bad-source', `expected dpkg-source to unpack ${dsc} to a folder`);
  await rename(join(out, 'source'), folders.source);
  return null;
}
