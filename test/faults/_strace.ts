/** Faults at the system calls of a running process, one thread of it at a time: there the order of calls is the same each time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Calls that change, sync, lock or read files. Sockets and pipes are not files: what is on a main thread's is left out below. */
const CALLS = [
  ...['openat', 'mkdir', 'link', 'rename', 'unlink', 'rmdir', 'ftruncate', 'fchmod', 'fsync', 'fdatasync'],
  ...['write', 'pwrite64', 'pread64', 'read', 'close', 'fcntl'],
];

export type Fault = 'SIGKILL' | 'EIO' | 'ENOSPC';

/** One call of a thread: the `nth` of its name since the recording began. */
export interface Call {
  readonly thread: string;
  readonly name: string;
  readonly nth: number;
  /** The same, counted on its path only. */
  readonly nthOnPath: number;
  /** The file or folder, as the process sees it. */
  readonly path: string;
}

/** Thread ids of a process by name; of several with one name, the first. */
export function threadsOf(pid: number): Map<string, number> {
  const threads = new Map<string, number>();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const name = readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim();
    if (!threads.has(name)) threads.set(name, Number(tid));
  }
  return threads;
}

/** Everything that the threads do with files while `work` runs, each thread's calls in their order. */
export async function record(pid: number, threads: readonly string[], work: () => Promise<unknown>): Promise<Call[]> {
  const ids = threadsOf(pid);
  const traces = await Promise.all(
    threads.map(async (thread) => {
      if (!ids.has(thread)) throw new Error(`expected a thread named ${thread}; found ${[...ids.keys()].join(', ')}`);
      return { thread, trace: await Trace.attach(ids.get(thread)!, [`trace=${CALLS.join(',')}`]) };
    }),
  );
  await work();
  await Promise.all(traces.map(({ trace }) => trace.stop()));
  return traces.flatMap(({ thread, trace }) => callsOf(thread, trace.lines()));
}

/** A fault that waits for its call. */
export interface Armed {
  /** The call that the fault came at, null while it has not. */
  hit(): Call | null;
  /** Ends the tracing, whatever became of the process. */
  disarm(): Promise<void>;
}

/**
 * Lets one call fail with an error, or kill the process on its way in: the `nth` of its name from now, or, where `named`, the `nthOnPath` on that
 * very path.
 */
export async function inject(pid: number, { thread, name, nth, nthOnPath, path }: Call, fault: Fault, named: boolean): Promise<Armed> {
  const what = fault === 'SIGKILL' ? 'signal=SIGKILL' : `error=${fault}`;
  const when = named ? nthOnPath : nth;
  const tid = threadsOf(pid).get(thread);
  if (tid === undefined) throw new Error(`expected a thread named ${thread} in process ${pid}`);
  const trace = await Trace.attach(tid, [`trace=${name}`, `inject=${name}:${what}:when=${when}`], named ? path : null);
  return {
    hit: () => callsOf(thread, trace.lines())[when - 1] ?? null,
    disarm: () => trace.stop(),
  };
}

class Trace {
  readonly #child: ChildProcess;
  readonly #file: string;

  private constructor(child: ChildProcess, file: string) {
    this.#child = child;
    this.#file = file;
  }

  static async attach(tid: number, expressions: readonly string[], path: string | null = null): Promise<Trace> {
    const file = join(tmpdir(), `verbatim-strace-${process.pid}-${tid}`);
    const child = spawn(
      'strace',
      [
        '-y',
        '-s',
        '0',
        '-o',
        file,
        '-p',
        String(tid),
        ...(path === null ? [] : ['-P', path]),
        ...expressions.flatMap((each) => ['-e', each]),
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const [said] = (await Promise.race([
      once(child.stderr!, 'data'),
      once(child, 'error').then(([error]) => Promise.reject(error as Error)),
    ])) as [Buffer];
    if (!said.toString().includes('attached')) throw new Error(`expected strace to attach to ${tid}; it said ${said.toString()}`);
    return new Trace(child, file);
  }

  lines(): string[] {
    return readFileSync(this.#file, 'utf8').split('\n');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await closed;
  }
}

/** `name(AT_FDCWD</cwd>, "path", …)` or `name(fd</path>, …)`. Sockets, pipes and the like are no paths. */
const LINE = /^(\w+)\((?:AT_FDCWD(?:<[^>]*>)?, )?(?:"(\/[^"]*)"|\d+<(\/[^>]*)>|(.))/;

function callsOf(thread: string, lines: readonly string[]): Call[] {
  const counts = new Map<string, number>();
  const calls: Call[] = [];
  for (const line of lines) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const name = match[1]!;
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    const path = match[2] ?? match[3] ?? '';
    const nthOnPath = (counts.get(`${name} ${path}`) ?? 0) + 1;
    counts.set(`${name} ${path}`, nthOnPath);
    calls.push({ thread, name, nth, nthOnPath, path });
  }
  return calls;
}

/** Removes what tracing left behind. */
export function removeTraces(): void {
  for (const name of readdirSync(tmpdir()))
    if (name.startsWith(`verbatim-strace-${process.pid}-`)) rmSync(join(tmpdir(), name), { force: true });
}
