/** Runs one command in a sandbox, to its end or to the first limit that it breaks. */
import { spawn, type ChildProcess } from 'node:child_process';
import { BuilderError, messageOf } from '../errors.ts';
import { BUILD_ID, EXIT_FD, STATUS_FD, rlimitArguments, sandboxCommand, stagedCommand, type Inside, type Mount } from './arguments.ts';
import { BuildLog, type LogSummary } from './build-log.ts';
import type { Group, GroupMaker } from './cgroup.ts';
import { sealedStdio } from './descriptors.ts';
import { distributionFolders, programMounts, rootFolders, systemFolders, type SystemMount, type SystemRoot } from './host-files.ts';
import type { LimitName, Limits } from './limits.ts';
import { RunningSandbox } from './running.ts';
import { Watchdog, type Usage } from './watchdog.ts';

/** What `detectSandbox` found. */
export interface Sandbox {
  readonly executor: 'bubblewrap';
  readonly version: string;
  /** Who counts: the kernel, or this process by looking. */
  readonly limits: 'cgroup-v1' | 'cgroup-v2' | 'rlimit';
  /** Path of bubblewrap. */
  readonly program: string;
  /** Path of setpriv(1) when root runs the builds, and gives them to another user; else null. */
  readonly setpriv: string | null;
  readonly groups: GroupMaker | null;
}

export interface SandboxJob {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly mounts: readonly Mount[];
  /**
   * Programs of the host that are shown, with their libraries; the system as its distribution made it; that with what the operator installed
   * beside it; or another system, whose root is a folder.
   */
  readonly programs: readonly string[] | 'system' | 'installed' | SystemRoot;
  readonly limits: Limits;
  readonly hostname?: string;
  /** Number of the user and group that it sees itself as. */
  readonly user?: number;
  /** Whether it has the host's network. */
  readonly network?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface LoggedJob extends SandboxJob {
  /** A new file. */
  readonly logPath: string;
  readonly onLog?: ((text: string) => void) | undefined;
}

export type SandboxEnd =
  /** The command ended by itself; killed by signal n is 128 + n. */
  | { readonly kind: 'exit'; readonly code: number }
  /** It broke a limit. */
  | { readonly kind: 'limit'; readonly limit: LimitName }
  /** The host's disk ran full: everybody's on it, as far as we can tell. */
  | { readonly kind: 'host-disk-full' }
  /** The sandbox could not be set up, or was killed from outside: the machine's trouble, not the command's. */
  | { readonly kind: 'failed'; readonly detail: string };

export interface SandboxRan {
  readonly end: SandboxEnd;
  readonly usage: Usage;
}

export interface SandboxResult extends SandboxRan {
  readonly log: LogSummary;
}

/** Hears what the command prints; false once it printed so much that it should be stopped. */
export type Hear = (stream: 'stdout' | 'stderr', chunk: Buffer) => boolean;

const LOOK_MILLISECONDS = 200;
const DETAIL_CHARS = 2000;

/**
 * Runs `job.argv` and returns when every process of the sandbox is dead, those in the background included.
 * @throws the signal's reason when aborted; BuilderError `tool-missing`.
 */
export async function runSandboxed(sandbox: Sandbox, job: LoggedJob): Promise<SandboxResult> {
  job.signal?.throwIfAborted();
  const log = new BuildLog(job.logPath, job.limits.logBytes, job.onLog);
  let summary: LogSummary;
  let ran: SandboxRan;
  try {
    ran = await runHeard(sandbox, job, (stream, chunk) => log.push(stream, chunk));
  } finally {
    summary = log.end();
  }
  return { ...ran, log: summary };
}

/** As `runSandboxed`, for who does not want a log of what it prints. */
export async function runHeard(sandbox: Sandbox, job: SandboxJob, hear: Hear): Promise<SandboxRan> {
  job.signal?.throwIfAborted();
  const argv = commandLine(sandbox, job);
  const group = makeGroup(sandbox, job.limits);
  try {
    return await supervise(argv, sandbox.setpriv !== null, group, hear, job);
  } finally {
    await group?.remove();
  }
}

function makeGroup({ groups }: Sandbox, limits: Limits): Group | null {
  try {
    return groups?.make(limits) ?? null;
  } catch (cause) {
    throw new BuilderError('sandbox-refused', `control group not made: ${messageOf(cause)}`, { cause });
  }
}

function commandLine(sandbox: Sandbox, job: SandboxJob): string[] {
  const { programs, prlimit } = shown(job.programs);
  const inside: Inside = {
    argv: [prlimit, ...rlimitArguments(job.limits, sandbox.groups === null), '--', ...job.argv],
    env: job.env,
    cwd: job.cwd,
    mounts: [...programs, ...job.mounts],
    hostname: job.hostname ?? 'build',
    user: job.user ?? BUILD_ID,
    network: job.network ?? false,
  };
  if (sandbox.setpriv === null) return sandboxCommand(inside, sandbox.program);
  return stagedCommand(inside, systemFolders(), sandbox.program, sandbox.setpriv);
}

function shown(programs: SandboxJob['programs']): { readonly programs: readonly SystemMount[]; readonly prlimit: string } {
  if (programs === 'system') return { programs: distributionFolders(), prlimit: '/usr/bin/prlimit' };
  if (programs === 'installed') return { programs: systemFolders(), prlimit: '/usr/bin/prlimit' };
  if ('root' in programs) return { programs: rootFolders(programs), prlimit: '/usr/bin/prlimit' };
  return { programs: distinctMounts(['prlimit', ...programs].flatMap(programMounts)), prlimit: '/bin/prlimit' };
}

function distinctMounts(mounts: readonly SystemMount[]): SystemMount[] {
  return [...new Map(mounts.map((mount) => [mount.path, mount])).values()];
}

function writableFolders({ mounts, programs }: SandboxJob): string[] {
  const root = typeof programs === 'object' && 'root' in programs && programs.writable === true ? [programs.root] : [];
  return [...root, ...mounts.flatMap((mount) => (mount.kind === 'writable' ? [mount.source] : []))];
}

async function supervise(argv: readonly string[], staged: boolean, group: Group | null, hear: Hear, job: SandboxJob): Promise<SandboxRan> {
  const { limits, signal } = job;
  let tail = '';
  using sealed = sealedStdio(['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', ...(staged ? (['pipe'] as const) : [])]);
  const child = spawn(argv[0]!, argv.slice(1), { env: {}, stdio: [...sealed.stdio], cwd: '/' });
  const running = new RunningSandbox(child, staged ? EXIT_FD : STATUS_FD, job.network ?? false);
  const closed = once(child);

  let broken: SandboxEnd | null = null;
  const stop = (end: SandboxEnd): void => {
    broken ??= end;
    running.kill();
  };
  const take = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-DETAIL_CHARS);
    if (!hear(stream, chunk)) stop({ kind: 'limit', limit: 'log' });
  };
  child.stdout!.on('data', take('stdout'));
  child.stderr!.on('data', take('stderr'));
  const onAbort = (): void => running.kill();
  signal?.addEventListener('abort', onAbort, { once: true });

  let watchdog: Watchdog | null = null;
  let timer: NodeJS.Timeout | undefined;
  let trouble: unknown = null;
  try {
    const pid = await running.started;
    if (pid !== null) {
      const folders = writableFolders(job);
      try {
        group?.add(pid);
        watchdog = new Watchdog({ limits, pid, group, folders });
        running.release();
      } catch (error) {
        trouble = error;
        running.kill();
      }
      const eye = watchdog;
      timer = setInterval(() => {
        try {
          const limit = eye?.look() ?? null;
          if (limit !== null) stop({ kind: 'limit', limit });
          else if (eye?.isHostFull()) stop({ kind: 'host-disk-full' });
        } catch (error) {
          // Who cannot look cannot limit.
          trouble = error;
          running.kill();
        }
      }, LOOK_MILLISECONDS);
    }
    await closed;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', onAbort);
    await running.allDead();
  }
  signal?.throwIfAborted();
  const usage = watchdog?.usage() ?? { cpuSeconds: 0, wallSeconds: 0, peakMemoryBytes: null };
  return { end: endOf(running.exitCode, broken, watchdog, trouble === null ? tail : `${tail}${messageOf(trouble)}`), usage };
}

function endOf(code: number | null, broken: SandboxEnd | null, watchdog: Watchdog | null, detail: string): SandboxEnd {
  if (broken !== null) return broken;
  if (code === 0) return { kind: 'exit', code };
  const limit = watchdog?.explain() ?? null;
  if (limit !== null) return { kind: 'limit', limit };
  return code === null ? { kind: 'failed', detail: detail || 'it ended without a word' } : { kind: 'exit', code };
}

async function once(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
}
