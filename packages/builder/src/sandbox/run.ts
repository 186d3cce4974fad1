/** Runs one command in a sandbox, to its end or to the first limit that it breaks. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { BuilderError, errnoOf, messageOf } from '../errors.ts';
import { BLOCK_FD, EXIT_FD, STATUS_FD, rlimitArguments, sandboxCommand, stagedCommand, type Inside, type Mount } from './arguments.ts';
import { BuildLog, type LogSummary } from './build-log.ts';
import type { Group, GroupMaker } from './cgroup.ts';
import { sealedStdio } from './descriptors.ts';
import { programMounts, systemFolders, type SystemMount } from './host-files.ts';
import type { LimitName, Limits } from './limits.ts';
import { isRunning, readStat } from './process-tree.ts';
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
  /** Programs of the host that are shown, with their libraries; or the whole system. */
  readonly programs: readonly string[] | 'system';
  readonly limits: Limits;
  /** A new file. */
  readonly logPath: string;
  readonly hostname?: string;
  readonly onLog?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type SandboxEnd =
  /** The command ended by itself; killed by signal n is 128 + n. */
  | { readonly kind: 'exit'; readonly code: number }
  /** It broke a limit. */
  | { readonly kind: 'limit'; readonly limit: LimitName }
  /** The sandbox could not be set up: nothing of the build ran. */
  | { readonly kind: 'not-started'; readonly detail: string };

export interface SandboxResult {
  readonly end: SandboxEnd;
  readonly log: LogSummary;
  readonly usage: Usage;
}

const LOOK_MILLISECONDS = 200;
const DETAIL_CHARS = 2000;

/**
 * Runs `job.argv` and returns when every process of the sandbox is dead, those in the background included.
 * @throws the signal's reason when aborted; BuilderError `tool-missing`.
 */
export async function runSandboxed(sandbox: Sandbox, job: SandboxJob): Promise<SandboxResult> {
  job.signal?.throwIfAborted();
  const argv = commandLine(sandbox, job);
  const group = makeGroup(sandbox, job.limits);
  const log = new BuildLog(job.logPath, job.limits.logBytes, job.onLog);
  try {
    return await supervise(argv, sandbox.setpriv !== null, group, log, job);
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
  const whole = job.programs === 'system';
  const programs: readonly SystemMount[] =
    job.programs === 'system' ? systemFolders() : distinctMounts(['prlimit', ...job.programs].flatMap(programMounts));
  const prlimit = whole ? '/usr/bin/prlimit' : '/bin/prlimit';
  const inside: Inside = {
    argv: [prlimit, ...rlimitArguments(job.limits, sandbox.groups === null), '--', ...job.argv],
    env: job.env,
    cwd: job.cwd,
    mounts: [...programs, ...job.mounts],
    hostname: job.hostname ?? 'build',
  };
  if (sandbox.setpriv === null) return sandboxCommand(inside, sandbox.program);
  return stagedCommand(inside, systemFolders(), sandbox.program, sandbox.setpriv);
}

function distinctMounts(mounts: readonly SystemMount[]): SystemMount[] {
  return [...new Map(mounts.map((mount) => [mount.path, mount])).values()];
}

async function supervise(
  argv: readonly string[],
  staged: boolean,
  group: Group | null,
  log: BuildLog,
  job: SandboxJob,
): Promise<SandboxResult> {
  const { limits, signal } = job;
  let tail = '';
  using sealed = sealedStdio(['ignore', 'pipe', 'pipe', 'pipe', 'pipe', ...(staged ? (['pipe'] as const) : [])]);
  const child = spawn(argv[0]!, argv.slice(1), { env: {}, stdio: [...sealed.stdio], cwd: '/' });
  const running = new RunningSandbox(child, staged ? EXIT_FD : STATUS_FD);
  const closed = once(child);

  let broken: LimitName | null = null;
  const stop = (limit: LimitName): void => {
    broken ??= limit;
    running.kill();
  };
  const take = (stream: string) => (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-DETAIL_CHARS);
    if (!log.push(stream, chunk)) stop('log');
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
      const folders = job.mounts.flatMap((mount) => (mount.kind === 'writable' ? [mount.source] : []));
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
        const limit = eye?.look() ?? null;
        if (limit !== null) stop(limit);
      }, LOOK_MILLISECONDS);
    }
    await closed;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', onAbort);
    await running.allDead();
  }
  const summary = log.end();
  signal?.throwIfAborted();
  const usage = watchdog?.usage() ?? { cpuSeconds: 0, wallSeconds: 0, peakMemoryBytes: null };
  return { end: endOf(running.exitCode, broken, watchdog, trouble === null ? tail : `${tail}${messageOf(trouble)}`), log: summary, usage };
}

function endOf(code: number | null, broken: LimitName | null, watchdog: Watchdog | null, detail: string): SandboxEnd {
  if (broken !== null) return { kind: 'limit', limit: broken };
  if (code === 0) return { kind: 'exit', code };
  const limit = watchdog?.explain() ?? null;
  if (limit !== null) return { kind: 'limit', limit };
  return code === null ? { kind: 'not-started', detail } : { kind: 'exit', code };
}

async function once(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
}

/** bubblewrap and the sandbox's process 1, which it tells about on its status descriptor (bwrap(1), --json-status-fd). */
class RunningSandbox {
  /** Process 1 by its number outside, blocked until `release`; null when bubblewrap gave up before. */
  readonly started: Promise<number | null>;
  /** What the command ended with; null when it never ran, or was killed with the sandbox. */
  exitCode: number | null = null;
  readonly #child: ChildProcess;
  #pid: number | null = null;
  #startTime = '';
  #killed = false;

  /** @param exitFd the descriptor on which the bubblewrap that runs the command itself reports */
  constructor(child: ChildProcess, exitFd: number) {
    this.#child = child;
    this.started = new Promise((resolve) => {
      readReports(child, STATUS_FD, (report) => {
        if (report['child-pid'] === undefined) return;
        this.#begin(report['child-pid']);
        resolve(this.#pid);
      }).then(
        () => resolve(null),
        () => resolve(null),
      );
    });
    void readReports(child, exitFd, (report) => {
      if (report['exit-code'] !== undefined) this.exitCode = report['exit-code'];
    });
    // bubblewrap may be gone before it reads; its end tells why.
    (child.stdio[BLOCK_FD] as NodeJS.WritableStream).on('error', () => {});
    // Its monitor goes first when the command ends; what the command left in the background goes now.
    child.once('exit', () => this.kill());
  }

  #begin(pid: number): void {
    this.#pid = pid;
    this.#startTime = readStat(pid)?.startTime ?? '';
    if (this.#killed) this.kill();
  }

  /** Lets the command run. */
  release(): void {
    (this.#child.stdio[BLOCK_FD] as NodeJS.WritableStream).end('.');
  }

  /** Kills every process of the sandbox: with its process 1 the kernel kills all others of its namespace. */
  kill(): void {
    this.#killed = true;
    if (this.#pid === null) {
      this.#child.kill('SIGKILL');
      return;
    }
    if (!isRunning(this.#pid, this.#startTime)) return;
    try {
      process.kill(this.#pid, 'SIGKILL');
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  }

  /** Process 1 disappears only after all others of its namespace (pid_namespaces(7)). */
  async allDead(): Promise<void> {
    this.kill();
    while (this.#pid !== null && isRunning(this.#pid, this.#startTime)) await sleep(2);
  }
}

interface Report {
  readonly 'child-pid'?: number;
  readonly 'exit-code'?: number;
}

/** Hears the JSON lines on a descriptor of bubblewrap's, until it is closed. */
async function readReports(child: ChildProcess, descriptor: number, hear: (report: Report) => void): Promise<void> {
  const stream = child.stdio[descriptor] as NodeJS.ReadableStream;
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) if (line !== '') hear(JSON.parse(line) as Report);
  });
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
    // As when bubblewrap could not be started.
    stream.once('error', () => resolve());
    child.once('error', () => resolve());
  });
}
