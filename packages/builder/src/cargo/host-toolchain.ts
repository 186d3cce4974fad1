/** A Rust toolchain that is installed on this machine as the distribution's components, by rustup or the distribution's installer. */
import { chmod, copyFile, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { runTool } from '../process.ts';
import { componentsOf, type RustRequest } from './components.ts';

const TIMEOUT = 60_000;

/**
 * Copies the files of the components to `fresh`. Null when they are there; else why not, for people.
 * The folder of a toolchain may hold more (documentation, other targets, the library's source, which changes paths in binaries): it stays behind.
 */
export async function installFromHost(request: RustRequest, fresh: string): Promise<string | null> {
  const { version, commit, triples, signal } = request;
  const found: string[] = [];
  for (const root of await installedToolchains(request.environment)) {
    const said = await identify(root, signal);
    if (said === null || said.host !== triples.host) continue;
    if (said.version !== version || said.commit !== commit) {
      found.push(`${said.version} (${said.commit.slice(0, 9)})`);
      continue;
    }
    const files = await listFiles(root, componentsOf(triples));
    if (typeof files === 'string') {
      found.push(`${version} without ${files}`);
      continue;
    }
    for (const path of files) {
      const to = join(fresh, path);
      await mkdir(dirname(to), { recursive: true });
      await copyFile(join(root, path), to);
      await chmod(to, (await isProgram(join(root, path))) ? 0o555 : 0o444);
      signal?.throwIfAborted();
    }
    await openFolders(fresh);
    return null;
  }
  return `this machine has ${found.length === 0 ? 'no installed Rust toolchain' : found.join(', ')}`;
}

/** Folders of rustup's toolchains. */
export async function installedToolchains(environment: RustRequest['environment']): Promise<string[]> {
  const home = environment['RUSTUP_HOME'] ?? join(environment['HOME'] ?? '/', '.rustup');
  const folder = join(home, 'toolchains');
  const names = await readdir(folder).catch(() => []);
  return names.sort().map((name) => join(folder, name));
}

interface RustcFacts {
  readonly version: string;
  readonly commit: string;
  readonly host: string;
}

/** What `rustc -vV` says; null when there is no rustc, or one that cannot run here. */
export async function identify(root: string, signal?: AbortSignal): Promise<RustcFacts | null> {
  const { code, stdout } = await runTool({
    argv: [join(root, 'bin', 'rustc'), '-vV'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    timeout: TIMEOUT,
    signal,
  });
  const line = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(stdout)?.[1];
  const [version, commit, host] = [line('release'), line('commit-hash'), line('host')];
  return code !== 0 || version === undefined || commit === undefined || host === undefined ? null : { version, commit, host };
}

/** Paths of all files of the components, in order; the name of a component that is missing. */
export async function listFiles(root: string, components: readonly string[]): Promise<string[] | string> {
  const files: string[] = [];
  for (const component of components) {
    try {
      files.push(...manifestFiles(await readFile(join(root, 'lib', 'rustlib', `manifest-${component}`), 'utf8')));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return component;
      throw error;
    }
  }
  return [...new Set(files)].sort();
}

/** The paths of an installer's manifest (`file:bin/rustc`), which stay below the root. Folders (`dir:`) are documentation. */
export function manifestFiles(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const path = /^file:(.+)$/.exec(line)?.[1];
    const inside = path?.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
    return inside === true ? [path!] : [];
  });
}

async function isProgram(path: string): Promise<boolean> {
  return ((await stat(path)).mode & 0o100) !== 0;
}

/** Whatever the umask: a build's user must get in. */
export async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
}
