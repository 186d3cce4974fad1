/** Source from a git repository at exactly one commit, through the git client with nobody's configuration. */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetCommit, keepCommit, storedCommit } from './cache/commits.ts';
import { BuilderError } from './errors.ts';
import { unavailable, type Unavailable } from './outcome.ts';
import { removeTree } from './remove-tree.ts';
import { requireProgram, runTool, type ToolResult } from './process.ts';
import { runClient } from './sandbox/client.ts';
import { pathsIn } from './sandbox/shown.ts';
import { quote } from './script.ts';
import { linkLeadingOut } from './source-links.ts';

export interface GitRequest {
  readonly url: string;
  /** Keeps commits for others, and for a machine without network; none is kept without. */
  readonly cacheDir?: string;
  /** Only what is kept is used. */
  readonly offline?: boolean;
  /** 40 or 64 hex digits. */
  readonly commit: string;
  /** Where the files go; must not exist. */
  readonly dir: string;
  /** An empty folder for the repository. */
  readonly scratch: string;
  /** Proxies and certificates. */
  readonly network: Readonly<Record<string, string>>;
  /** Protocols that git may speak: `https` only, unless a test has a repository on disk. */
  readonly protocols?: readonly ('https' | 'file')[];
  /** Bytes that the files may take. No limit by default. */
  readonly maxBytes?: number;
  /** Milliseconds for each step. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** What could run a program or follow the publisher elsewhere is off: hooks, file system monitors, helpers, submodules, maintenance. */
const SETTINGS = [
  ...['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.symlinks=true', 'core.autocrlf=false', 'core.protectNTFS=false'],
  ...['credential.helper=', 'submodule.recurse=false', 'fetch.recurseSubmodules=false', 'gc.auto=0', 'maintenance.auto=false'],
  ...['fetch.fsckObjects=true', 'transfer.fsckObjects=true', 'advice.detachedHead=false', 'init.defaultBranch=main'],
].flatMap((setting) => ['-c', setting]);

/** Writes the commit's files, without `.git`, to `dir`: from the cache, or from the server and into the cache. Null when they are there. */
export async function fetchGitSource(request: GitRequest): Promise<Unavailable | null> {
  const { cacheDir, commit, dir, offline = false } = request;
  const stored = cacheDir === undefined ? null : await storedCommit(cacheDir, commit);
  if (stored !== null) {
    const failed = await fetchFrom({ ...request, url: stored, protocols: ['file'] });
    if (failed === null || offline) return failed;
    // Whatever was wrong with it: the server has the last word.
    await forgetCommit(cacheDir!, commit);
    await removeTree(dir);
  }
  if (offline) return unavailable('commit-unavailable', `${commit} is not in the cache: import its inputs first`);
  return fetchFrom(request);
}

async function fetchFrom(request: GitRequest): Promise<Unavailable | null> {
  const { url, commit, dir, scratch, protocols = ['https'], maxBytes = Infinity, cacheDir } = request;
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
    throw new BuilderError('bad-option', `expected 40 or 64 hex digits for a commit, found ${commit}`);
  const repository = join(scratch, 'git');
  await mkdir(repository, { recursive: true });
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o755);
  const git = gitIn(repository, { ...request, protocols });
  try {
    const format = commit.length === 64 ? 'sha256' : 'sha1';
    const made = await git(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, '.']);
    if (made.code !== 0) return failure(made);
    // One commit where the server allows it; else everything that its branches and tags hold.
    const one = await git(['fetch', '--quiet', '--no-tags', '--depth=1', '--', url, commit]);
    const everything = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
    const all = one.code === 0 ? one : await git(['fetch', '--quiet', '--', url, ...everything]);
    if (all.code !== 0) return failure(all);
    const listed = await git(['cat-file', '-t', commit], ['ls-tree', '-r', '-z', '--format=%(objectsize)', commit]);
    if (!listed.stdout.startsWith(COMMIT)) {
      const found = listed.stdout.split('\n', 1)[0] || listed.stderr;
      return unavailable('commit-unavailable', `expected a commit ${commit} in ${url}, found ${found}`);
    }
    const bytes = sizeOf(commit, listed);
    if (bytes > maxBytes)
      return unavailable(
        'inputs-too-large',
        `expected at most ${maxBytes} bytes of files in ${commit}, found ${bytes === Infinity ? 'more' : bytes}`,
      );
    const written = await git(
      [`--work-tree=${dir}`, 'checkout', '--quiet', '--force', '--no-recurse-submodules', commit, '--', '.'],
      ['update-ref', 'refs/heads/source', commit],
    );
    if (written.code !== 0) return failure(written);
    const link = linkLeadingOut(dir);
    if (link !== null) return unavailable('unsafe-source', `expected symbolic links within the source only, found ${link}`);
    if (cacheDir !== undefined) await keepCommit(cacheDir, commit, repository);
    return null;
  } finally {
    await removeTree(repository);
    // A commit may hold a file called .git only if git is broken; the build must not find one that we did not make.
    await rm(join(dir, '.git'), { recursive: true, force: true });
  }
}

/**
 * Bytes that a checkout would write, a block for each entry included; Infinity when there are more files than anybody lists. A checkout first
 * reads the whole list into memory, and a few kilobytes of trees can hold a hundred million files.
 */
function sizeOf(commit: string, { code, ended, stdout, stderr }: ToolResult): number {
  if (ended === 'overflow') return Infinity;
  if (ended === 'timeout') return Infinity;
  if (code !== 0) throw new Error(`git ls-tree ${commit}: expected a list of files: ${stderr}`);
  let bytes = 0;
  // A submodule's commit has no size.
  for (const size of stdout.slice(COMMIT.length).split('\0')) bytes += ENTRY_BYTES + (Number.parseInt(size, 10) || 0);
  return bytes;
}

const ENTRY_BYTES = 512;
/** What git says of a commit, before the list of its files. */
const COMMIT = 'commit\n';

function gitIn(
  repository: string,
  { url, dir, network, protocols, timeout, signal, scratch }: GitRequest & { readonly protocols: readonly string[] },
): (...commands: string[][]) => Promise<ToolResult> {
  const program = requireProgram('git', 'install git');
  // Of a file address only where the caller allows them: else a repository's address could name any folder.
  const shown = [...pathsIn(Object.values(network)), ...(protocols.includes('file') ? pathsIn([url]) : [])];
  const env = {
    ...network,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: scratch,
    GIT_DIR: repository,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: protocols.join(':'),
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    LC_ALL: 'C',
  };
  return (...commands) => {
    // One after the other in one sandbox, the prefix of all being the shell's arguments.
    const script = commands.map((command) => `"$@" ${command.map(quote).join(' ')}`).join(' && ');
    const run = { argv: ['/bin/sh', '-c', script, 'sh', program, ...SETTINGS], cwd: repository, env, timeout, signal };
    const [[name] = []] = commands;
    // Nothing of anybody's is there yet.
    if (name === 'init') return runTool(run);
    return runClient({ ...run, shown, writable: [repository, dir], network: name === 'fetch' });
  };
}

function failure({ ended, stderr }: ToolResult): Unavailable {
  if (ended === 'timeout') return unavailable('fetch-timeout', 'git took too long');
  if (/Could not resolve|Failed to connect|timed out|early EOF|SSL|RPC failed|HTTP 5\d\d|unable to access/i.test(stderr))
    return unavailable('network', stderr);
  if (/No space left/i.test(stderr)) return unavailable('host-disk-full', stderr);
  return unavailable('commit-unavailable', stderr);
}
