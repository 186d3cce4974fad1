/** What the machine's apt knows: mirrors, proxies, passwords. Read at run time, so that no address stands in our code. */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitForLock } from '../cache/lock.ts';
import { BuilderError } from '../errors.ts';
import { makeFolder } from '../fetch-folders.ts';
import { runTool, type ToolResult, type ToolRun } from '../process.ts';
import { runClient } from '../sandbox/client.ts';
import { pathsIn } from '../sandbox/shown.ts';
import {
  ADD_SOURCE,
  TARGET_FORMAT,
  configurationOf,
  followedSettings,
  mirrorsOf,
  type AptConfiguration,
  type Mirrors,
} from './apt-settings.ts';

/** Proxies, and an apt.conf(5) of the user's own. */
const PASSED = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy', 'APT_CONFIG', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** Of one folder of settings and lists. */
export const lockOf = (folder: string): string => `${folder}.lock`;

type Environment = Readonly<Record<string, string | undefined>>;

/** The whole environment of an apt that asks as the user would. */
export function machineEnvironment(environment: Environment): Record<string, string> {
  const passed = PASSED.flatMap((name) => (environment[name] ? [[name, environment[name]] as const] : []));
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...Object.fromEntries(passed), LC_ALL: 'C' };
}

/** What of our apt's folder says what it does: written here, and no client's to change. */
export const settingsIn = (folder: string): string[] =>
  ['apt.conf', 'status', 'etc/sources.list', ...EMPTY].map((name) => join(folder, name));
const EMPTY = ['etc/apt.conf.d', 'etc/preferences.d'];

/** Its lists. */
export const stateIn = (folder: string): string => join(folder, 'state');
/** What it writes whatever it is asked. */
export const scratchIn = (folder: string): string[] => ['cache', 'log'].map((name) => join(folder, name));

/** Writes settings and makes the folders that they name; what to add to the environment for them. */
export async function writeSettings(folder: string, configuration: string, sources: string): Promise<{ APT_CONFIG: string }> {
  for (const each of ['state/lists/partial', 'cache/archives/partial', 'log']) {
    await mkdir(join(folder, each), { recursive: true, mode: 0o700 });
  }
  // Nothing is in them, and the sandbox's user sees that.
  for (const each of EMPTY) await makeFolder(join(folder, each));
  const file = join(folder, 'apt.conf');
  // Proxies and mirrors may have passwords.
  await writeFile(file, configuration, { mode: 0o600 });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'etc', 'sources.list'), sources, { mode: 0o600 });
  return { APT_CONFIG: file };
}

export type Machine = Pick<AptConfiguration, 'followed' | 'passwords'> & { readonly mirrors: Mirrors };

export interface MachineQuestion extends Pick<ToolRun, 'env' | 'timeout' | 'signal'> {
  /** Where our apt keeps its folders. */
  readonly root: string;
}

/** @throws BuilderError `tool-missing` where the machine has no source of Debian packages */
export async function readMachine({ root, env, timeout, signal }: MachineQuestion): Promise<Machine> {
  const ask = async (argv: readonly string[]): Promise<string> => (await runTool({ argv, cwd: '/', env, timeout, signal })).stdout;
  const followed = followedSettings(await ask(['apt-config', 'dump']));
  const places = ['Dir::Etc::netrc/f', 'Dir::Etc::netrcparts/d', 'Dir::Etc::sourcelist/f', 'Dir::Etc::sourceparts/d'];
  const paths = pathsOf(await ask(['apt-config', 'shell', ...places.flatMap((name, index) => [`P${index}`, name])]));
  const passwords = { file: paths[0]!, folder: paths[1]! };
  const targets = ['apt-get', 'indextargets', '--format', TARGET_FORMAT, 'Created-By: Packages'];
  const known = mirrorsOf(await ask(targets));
  if (known.main.length > 0) return { followed, passwords, mirrors: known };
  // A machine without lists, such as a container's: its sources, our lists.
  const folder = join(root, 'machine');
  await using _asking = await waitForLock(lockOf(folder), { mode: 'exclusive', signal });
  const own = configurationOf({
    folder,
    architecture: (await ask(['dpkg', '--print-architecture'])).trim(),
    foreign: [],
    followed,
    passwords,
  });
  const sources = `Dir::Etc::sourcelist "${paths[2]}";\nDir::Etc::sourceparts "${paths[3]}";\n`;
  const settings = await writeSettings(folder, `${own}${sources}`, '');
  const shown = [
    ...settingsIn(folder),
    // Its sources, its keys, and what its sources name on disk.
    '/etc/apt',
    ...(await passwordFiles(passwords)),
    ...paths.slice(2),
    ...pathsIn(Object.values(env)),
    ...(await namedBySources(paths.slice(2))),
  ];
  const shared = [stateIn(folder), ...scratchIn(folder)];
  const confined = (argv: readonly string[], network: boolean): Promise<ToolResult> =>
    runClient({ argv, cwd: '/', env: { ...env, ...settings }, shown, writable: [], shared, network, timeout, signal });
  // Some of the machine's sources may be out of reach.
  await confined(['apt-get', 'update'], true);
  const mirrors = mirrorsOf((await confined(targets, false)).stdout);
  if (mirrors.main.length === 0)
    throw new BuilderError('tool-missing', `expected a source of Debian packages in apt's settings, found none; ${ADD_SOURCE}`);
  return { followed, passwords, mirrors };
}

/** File, folder, and the files in it. */
export async function passwordFiles({ file, folder }: AptConfiguration['passwords']): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return [file, folder, ...names.map((name) => join(folder, name))];
}

/** Keyrings and mirrors on disk, by the text of sources.list(5) and of what is in its folder. */
async function namedBySources(places: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const place of places) {
    const names = await readdir(place).catch(() => []);
    for (const file of [place, ...names.map((name) => join(place, name))]) texts.push(await readFile(file, 'utf8').catch(() => ''));
  }
  return pathsIn(texts.flatMap((text) => text.split(/[[\]=]/)));
}

/** Lines `P0='/etc/apt/auth.conf'` of apt-config(8). */
function pathsOf(text: string): string[] {
  return [...text.matchAll(/^P\d+='([^'"\n]*)'$/gm)].map((match) => match[1]!);
}
