/** The host's files that a sandbox shows: single programs with their libraries, or the system's folders for whoever needs a whole one. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { BuilderError } from '../errors.ts';
import { findProgram } from '../process.ts';

export type SystemMount =
  | { readonly kind: 'read-only' | 'writable'; readonly source: string; readonly path: string }
  | { readonly kind: 'link'; readonly target: string; readonly path: string }
  /** An empty folder in the place of the host's. */
  | { readonly kind: 'empty'; readonly path: string };

const SYSTEM_FOLDERS = ['/usr', '/bin', '/lib', '/lib32', '/lib64', '/sbin'];

/** Where the distribution puts nothing, and people whatever they like: `npm install -g` or `pip install` of a published file, for instance. */
const LOCAL_FOLDERS = ['/usr/local', '/usr/src', '/usr/games', '/usr/lib/node_modules'];

/** The system as its distribution made it, for builds that need a whole one. */
export function distributionFolders(): SystemMount[] {
  const local = LOCAL_FOLDERS.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory());
  return [...systemFolders(), ...local.map((path): SystemMount => ({ kind: 'empty', path }))];
}

/** /usr and its companions, as links where the system has links. Holds whatever the operator installed: for clients that fetch, not for builds. */
export function systemFolders(): SystemMount[] {
  return SYSTEM_FOLDERS.flatMap((path): SystemMount[] => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    if (stat.isSymbolicLink()) return [{ kind: 'link', target: readlinkSync(path), path }];
    return [{ kind: 'read-only', source: path, path }];
  });
}

/** Another system than the host's, as Debian packages unpacked in a folder. It must have util-linux, whose prlimit starts the build. */
export interface SystemRoot {
  readonly root: string;
  /** Whether the sandbox may change it: to set it up, never for a build. */
  readonly writable?: boolean;
}

/** What every sandbox has of its own. */
const OWN_FOLDERS = new Set(['build', 'dev', 'proc', 'run', 'sys', 'tmp']);

/**
 * The folders of another system's root; where it is written to, the root itself.
 * @throws BuilderError `unsupported-recipe` when it has no prlimit
 */
export function rootFolders({ root, writable = false }: SystemRoot): SystemMount[] {
  if (!existsSync(join(root, 'usr/bin/prlimit'))) {
    throw new BuilderError(
      'unsupported-recipe',
      'expected usr/bin/prlimit in the root that the build runs in; add util-linux to its packages',
    );
  }
  if (writable) return [{ kind: 'writable', source: root, path: '/' }];
  return readdirSync(root, { withFileTypes: true }).flatMap((entry): SystemMount[] => {
    if (OWN_FOLDERS.has(entry.name)) return [];
    const [source, path] = [join(root, entry.name), `/${entry.name}`];
    if (entry.isSymbolicLink()) return [{ kind: 'link', target: readlinkSync(source), path }];
    return entry.isDirectory() ? [{ kind: 'read-only', source, path }] : [];
  });
}

const found = new Map<string, readonly SystemMount[]>();

/**
 * A program and the shared libraries it is linked with, mounted at `/bin/NAME` and where the loader looks for them. Nothing else of the host
 * is shown, so that a copy of the published file that happens to be installed is not within reach.
 * @throws BuilderError `tool-missing`
 */
export function programMounts(name: string): readonly SystemMount[] {
  let mounts = found.get(name);
  if (mounts === undefined) found.set(name, (mounts = resolveProgram(name)));
  return mounts;
}

function resolveProgram(name: string): SystemMount[] {
  const program = findProgram(name, '/usr/bin:/bin:/usr/sbin:/sbin');
  if (program === null) throw new BuilderError('tool-missing', `expected the program ${name} in /usr/bin or /bin, found none`);
  const libraries = libraryPaths(program);
  return [
    { kind: 'read-only', source: realpathSync(program), path: `/bin/${name}` },
    ...libraries.map((path): SystemMount => ({ kind: 'read-only', source: realpathSync(path), path })),
  ];
}

/** What ldd(1) prints with an absolute path: libraries and the loader. None for a static program. */
function libraryPaths(program: string): string[] {
  let text: string;
  try {
    text = execFileSync('ldd', [program], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout?: string; stderr?: string };
    if (/not a dynamic executable|statically linked|Not a valid dynamic program/.test(`${stdout ?? ''}${stderr ?? ''}`)) return [];
    throw new BuilderError('tool-missing', `expected ldd to list the libraries of ${program}: ${stderr ?? ''}`, { cause });
  }
  return [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map((match) => match[1]!);
}
