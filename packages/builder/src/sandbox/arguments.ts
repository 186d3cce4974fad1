/** The command line of bubblewrap: pure, so that what a build can see is decided in one readable place. */
import type { SystemMount } from './host-files.ts';
import type { Limits } from './limits.ts';

export type Mount =
  /** A file or folder of the host, read-only. */
  | { readonly kind: 'read-only'; readonly source: string; readonly path: string }
  /** A folder of the host that the build may write to. It must belong to the build's user. */
  | { readonly kind: 'writable'; readonly source: string; readonly path: string }
  /** An empty folder in memory that holds at most `bytes`. */
  | { readonly kind: 'memory'; readonly path: string; readonly bytes: number };

export interface Inside {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly mounts: readonly (Mount | SystemMount)[];
  readonly hostname: string;
  /** User and group. */
  readonly user: number;
  /** Whether the host's network is there. None when left out. */
  readonly network?: boolean;
}

/** The user that a build sees itself as, whatever user it is outside. */
export const BUILD_ID = 65_534;
/**
 * File descriptors: where bubblewrap tells the number of its process 1 (and the exit code), what it waits for, where it reads what calls are
 * refused, where a staged one tells the exit code.
 */
export const STATUS_FD = 3;
export const BLOCK_FD = 4;
export const SECCOMP_FD = 5;
export const EXIT_FD = 6;
const SHARED_MEMORY_BYTES = 64 * 1024 ** 2;

/**
 * Arguments for a command: no namespace of the host's but, where it is asked for, that of the network, no capability, no environment, no further user namespaces, none of the calls that
 * seccomp.ts refuses, a root of its own that holds nothing but `mounts`, and is read-only but for them.
 */
function confined(inside: Inside, reporting: readonly string[]): string[] {
  // Another system's root that is being set up stands under everything, and may be written to.
  const base = inside.mounts.filter(({ path }) => path === '/');
  const variables = Object.entries(inside.env).flatMap(([name, value]) => ['--setenv', name, value]);
  return [
    ...[
      '--unshare-all',
      ...(inside.network === true ? ['--share-net'] : []),
      '--unshare-user',
      '--disable-userns',
      '--die-with-parent',
      '--new-session',
      '--clearenv',
    ],
    ...['--seccomp', String(SECCOMP_FD), '--cap-drop', 'ALL'],
    ...['--uid', String(inside.user), '--gid', String(inside.user), '--hostname', inside.hostname],
    ...base.flatMap(mountArguments),
    ...['--proc', '/proc', '--dev', '/dev', '--size', String(SHARED_MEMORY_BYTES), '--tmpfs', '/dev/shm'],
    ...inside.mounts.filter((mount) => !base.includes(mount)).flatMap(mountArguments),
    // What bubblewrap itself made is in memory, without a limit: nothing may be written to it.
    ...['--remount-ro', '/dev', ...(base.length === 0 ? ['--remount-ro', '/'] : []), '--chdir', inside.cwd],
    ...variables,
    ...[...reporting, '--', ...inside.argv],
  ];
}

const SUPERVISED = ['--json-status-fd', String(STATUS_FD), '--block-fd', String(BLOCK_FD)];

function mountArguments(mount: Mount | SystemMount): string[] {
  switch (mount.kind) {
    case 'read-only':
      return ['--ro-bind', mount.source, mount.path];
    case 'writable':
      return ['--bind', mount.source, mount.path];
    case 'memory':
      return ['--size', String(mount.bytes), '--tmpfs', mount.path];
    case 'link':
      return ['--symlink', mount.target, mount.path];
    case 'empty':
      return ['--size', '4096', '--tmpfs', mount.path, '--remount-ro', mount.path];
  }
}

/**
 * Arguments of prlimit(1), which runs as the last step before the build, inside its user namespace: there the kernel counts processes per
 * sandbox.
 * @param alone whether no control group counts processes and memory. RLIMIT_DATA is per process.
 */
export function rlimitArguments(limits: Limits, alone: boolean): string[] {
  return [
    `--fsize=${limits.diskBytes}`,
    // One second more than the whole: the sum over all processes is watched from outside.
    `--cpu=${Math.ceil(limits.cpuSeconds) + 1}`,
    '--core=0',
    ...(alone ? [`--nproc=${limits.processes}`, `--data=${limits.memoryBytes}`] : []),
  ];
}

/** The whole command line of a sandbox that runs as this process's user. @param program path of bubblewrap */
export function sandboxCommand(inside: Inside, program: string): string[] {
  return [program, ...confined(inside, SUPERVISED)];
}

const STAGE = '/stage';

/**
 * The whole command line of a sandbox that root runs as another user. That user may not reach the folders to mount, below /root for instance:
 * so root's bubblewrap first makes a stage, a root that holds only these folders and the system's, with a process 1 of its own; in it the
 * build's user starts the real one. Everything ends when the stage's process 1 does, which root may kill, and which dies with its parent.
 * @param system what bubblewrap and setpriv themselves need
 * @param setpriv path of setpriv(1)
 */
export function stagedCommand(inside: Inside, system: readonly SystemMount[], program: string, setpriv: string): string[] {
  const stage: string[] = [];
  const mounts = inside.mounts.map((mount, index) => {
    if (!('source' in mount)) return mount;
    const staged = `${STAGE}/${index}`;
    stage.push(mount.kind === 'writable' ? '--bind' : '--ro-bind', mount.source, staged);
    return { ...mount, source: staged };
  });
  return [
    program,
    ...['--die-with-parent', '--unshare-pid', ...SUPERVISED],
    ...system.flatMap(mountArguments),
    // The host's own /proc, whole: the kernel lets a user namespace mount a new one only where it sees a whole one.
    ...['--bind', '/proc', '/proc', '--dev', '/dev', '--perms', '0755', '--dir', '/tmp', '--perms', '0755', '--dir', STAGE],
    ...stage,
    '--',
    ...[setpriv, `--reuid=${BUILD_ID}`, `--regid=${BUILD_ID}`, '--clear-groups', '--bounding-set=-all', '--inh-caps=-all'],
    program,
    ...confined({ ...inside, mounts }, ['--json-status-fd', String(EXIT_FD)]),
  ];
}
