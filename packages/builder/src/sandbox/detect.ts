/** Finds out what this machine's sandbox can do, by trying it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuilderError, messageOf } from '../errors.ts';
import { requireProgram } from '../process.ts';
import { removeTree } from '../remove-tree.ts';
import { groupsV1 } from './cgroup-v1.ts';
import { groupsV2 } from './cgroup-v2.ts';
import { cgroupMounts, ownGroups, type GroupMaker } from './cgroup.ts';
import { limitsOf } from './limits.ts';
import { runSandboxed, type Sandbox } from './run.ts';

export interface DetectOptions {
  /** `rlimit` makes no control group even where it could. `best` by default. */
  readonly limits?: 'best' | 'rlimit';
}

/** bubblewrap 0.8 is the first with --disable-userns. */
const MINIMUM = [0, 8] as const;
const INSTALL = 'install it (Debian, Ubuntu: apt-get install bubblewrap) or run deploy/setup.sh';
const PROBE_CODE = 42;
const MIB = 1024 ** 2;

/**
 * Runs a command in a sandbox once, and tells how builds will be confined.
 * @throws BuilderError `tool-missing`, `tool-too-old`, or `sandbox-refused` with what to type or to allow.
 */
export async function detectSandbox({ limits = 'best' }: DetectOptions = {}): Promise<Sandbox> {
  if (process.platform !== 'linux') {
    throw new BuilderError(
      'sandbox-refused',
      `expected Linux, found ${process.platform}: builds are confined by bubblewrap, which is for Linux only`,
    );
  }
  const program = requireProgram('bwrap', INSTALL);
  const version = versionOf(program);
  const setpriv = process.getuid!() === 0 ? requireProgram('setpriv', 'install util-linux') : null;
  const groups = limits === 'rlimit' ? null : await usableGroups();
  const sandbox: Sandbox = { executor: 'bubblewrap', version, limits: groups?.kind ?? 'rlimit', program, setpriv, groups };
  await tryOut(sandbox);
  if (limits === 'best') known = Promise.resolve(sandbox);
  return sandbox;
}

let known: Promise<Sandbox> | null = null;

/** What `detectSandbox` found in this process, which asks now if nobody did: a fetch runs many clients. @throws as detectSandbox */
export function knownSandbox(): Promise<Sandbox> {
  known ??= detectSandbox().catch((error: unknown) => {
    known = null;
    throw error;
  });
  return known;
}

function versionOf(program: string): string {
  const text = execFileSync(program, ['--version'], { env: {}, encoding: 'utf8' });
  const match = /^bubblewrap (\d+)\.(\d+)(?:\.\d+)?$/.exec(text.trimEnd());
  if (match === null)
    throw new BuilderError('tool-too-old', `expected "bubblewrap <version>" from ${program} --version, found ${JSON.stringify(text)}`);
  const [major, minor] = [Number.parseInt(match[1]!, 10), Number.parseInt(match[2]!, 10)];
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
    throw new BuilderError(
      'tool-too-old',
      `expected bubblewrap ${MINIMUM.join('.')} or later at ${program}, found ${match[0]}; ${INSTALL}`,
    );
  }
  return match[0].slice('bubblewrap '.length);
}

/** Version 1 first: where its controllers are mounted, version 2 has not got them. Null when neither may be used. */
async function usableGroups(): Promise<GroupMaker | null> {
  const mounts = cgroupMounts(readFileSync('/proc/self/mountinfo', 'latin1'));
  const own = ownGroups(readFileSync('/proc/self/cgroup', 'latin1'));
  for (const find of [groupsV1, groupsV2]) {
    const groups = find(mounts, own);
    if (groups !== null && (await canLimit(groups))) return groups;
  }
  return null;
}

async function canLimit(groups: GroupMaker): Promise<boolean> {
  try {
    const group = groups.make(limitsOf());
    group.usage();
    await group.remove();
    return true;
  } catch {
    return false;
  }
}

async function tryOut(sandbox: Sandbox): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'verbatim-probe-'));
  try {
    const logPath = join(folder, 'log');
    const { end } = await runSandboxed(sandbox, {
      argv: ['/bin/sh', '-c', `exit ${PROBE_CODE}`],
      env: {},
      cwd: '/',
      mounts: [],
      programs: ['sh'],
      limits: limitsOf({ wallSeconds: 60, memoryBytes: 256 * MIB }),
      logPath,
    });
    if (end.kind === 'exit' && end.code === PROBE_CODE) return;
    const said = await readFile(logPath, 'utf8');
    throw new BuilderError(
      'sandbox-refused',
      `expected a command in a sandbox to end with ${PROBE_CODE}, found ${JSON.stringify(end)} ${said}\n${adviceFor(said)}`,
    );
  } finally {
    await removeTree(folder).catch((error: unknown) => {
      throw new BuilderError('sandbox-refused', `probe folder ${folder} not removed: ${messageOf(error)}`, { cause: error });
    });
  }
}

function adviceFor(said: string): string {
  if (/namespace|uid map|Operation not permitted|Permission denied/i.test(said)) {
    return (
      'This machine keeps ordinary users from making namespaces. Allow it: sysctl -w kernel.unprivileged_userns_clone=1 (older Debian), ' +
      'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), or in a container, run it with --security-opt seccomp=unconfined ' +
      '--security-opt systempaths=unconfined'
    );
  }
  return 'Run bwrap --unshare-all --ro-bind / / true to see what is missing.';
}
