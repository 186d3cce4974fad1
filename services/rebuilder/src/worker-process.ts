import type { DelegatedGroup } from '@verbatim/builder';
import type { Logger } from '@verbatim/service-kit';
import { CodedError } from '@verbatim/tlog';
import { spawn, type ChildProcess } from 'node:child_process';
import type { Owner } from './work-folders.ts';
import { formatLine, fromWorker, HUNG_AFTER_MS, LineSplitter, parseLine, type FromWorker, type ToWorker } from './worker-protocol.ts';

export type WorkerErrorCode =
  /** It could not be started, or ended without a result. */
  | 'worker-crashed'
  /** It said nothing for too long, or worked for longer than its own limits allow. */
  | 'worker-hung'
  /** It said something that is not of the protocol. */
  | 'worker-protocol';

export class WorkerError extends CodedError<WorkerErrorCode> {
  override readonly name = 'WorkerError';
}

export interface WorkerOptions {
  /** The module to run. */
  readonly entry: string;
  /** All that the worker gets as its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** null: the node's own user. */
  readonly owner: Owner | null;
  /** Where it goes before it starts, so that what its builds use is counted. */
  readonly group?: Pick<DelegatedGroup, 'add'> | null;
  readonly logger: Logger;
  readonly hungAfterMs?: number;
}

/** How long a worker gets to take its sandbox down after SIGTERM. */
const STOP_MS = 5_000;
const MAX_STDERR_LINES = 200;

type Answer = Exclude<FromWorker, { type: 'beat' }>;

/**
 * One worker process for one job: an own session (so that it dies with all it started), a given environment, three pipes and no other
 * descriptor, and no key: it is a fresh program, so nothing of the node's memory is in it.
 */
export class WorkerProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #logger: Logger;
  readonly #hungAfterMs: number;
  readonly #exited: Promise<void>;
  readonly #answers: Answer[] = [];
  #failure: WorkerError | null = null;
  #wake: () => void = () => {};
  #watchdog: NodeJS.Timeout;

  constructor(options: WorkerOptions) {
    const { entry, environment, owner, logger } = options;
    this.#logger = logger;
    this.#hungAfterMs = options.hungAfterMs ?? HUNG_AFTER_MS;
    const child = spawn(process.execPath, [entry], {
      env: environment as NodeJS.ProcessEnv,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      ...(owner !== null && { uid: owner.uid, gid: owner.gid }),
    });
    this.#child = child;
    this.pid = child.pid ?? -1;
    this.#exited = new Promise((resolve) => {
      child.once('error', (cause) => {
        this.#fail(new WorkerError('worker-crashed', `the worker could not be started: ${cause.message}`, { cause }));
        if (child.pid === undefined) resolve();
      });
      // `close`: the process has gone and everything that it said has been read.
      child.once('close', (code, signal) => {
        this.#fail(new WorkerError('worker-crashed', `the worker ended (${signal ?? `exit ${code}`}) without a result`));
        resolve();
      });
    });
    // Writing to a worker that has gone is found out by its `close`.
    child.stdin!.on('error', () => {});
    this.#readAnswers();
    this.#readStderr();
    this.#watchdog = this.#watch();
    this.#start(options.group ?? null);
  }

  #start(group: Pick<DelegatedGroup, 'add'> | null): void {
    try {
      if (this.pid !== -1) group?.add(this.pid);
    } catch (cause) {
      this.#fail(
        new WorkerError('worker-crashed', `the worker could not be put in its control group: ${(cause as Error).message}`, { cause }),
      );
      return;
    }
    this.send({ type: 'start' });
  }

  send(message: ToWorker): void {
    this.#child.stdin!.write(formatLine(message));
  }

  /** The next answer that is not a heartbeat, within `limitMs`. Throws WorkerError, or `signal.reason`. */
  async answer(limitMs: number, signal: AbortSignal): Promise<Answer> {
    const late = setTimeout(() => this.#fail(new WorkerError('worker-hung', `the worker gave no result within ${limitMs} ms`)), limitMs);
    const onAbort = (): void => this.#wake();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        const next = this.#answers.shift();
        if (next !== undefined) return next;
        if (this.#failure !== null) throw this.#failure;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** SIGTERM, so that the worker takes its sandbox down; then SIGKILL to its whole process group. Resolves when it has gone. */
  async stop(): Promise<void> {
    clearTimeout(this.#watchdog);
    if (this.pid === -1) return this.#exited;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#killGroup(), STOP_MS);
      await this.#exited;
      clearTimeout(timer);
    }
    this.#killGroup();
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #killGroup(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #fail(failure: WorkerError): void {
    this.#failure ??= failure;
    this.#wake();
  }

  #watch(): NodeJS.Timeout {
    return setTimeout(
      () => this.#fail(new WorkerError('worker-hung', `the worker said nothing for ${this.#hungAfterMs} ms`)),
      this.#hungAfterMs,
    ).unref();
  }

  #readAnswers(): void {
    const splitter = new LineSplitter();
    this.#child.stdout!.on('data', (chunk: Uint8Array) => {
      this.#watchdog.refresh();
      if (this.#failure !== null) return;
      try {
        for (const line of splitter.push(chunk)) {
          const message = parseLine(fromWorker, line);
          if (message.type !== 'beat') this.#answers.push(message);
        }
        this.#wake();
      } catch (cause) {
        this.#fail(new WorkerError('worker-protocol', (cause as Error).message, { cause }));
      }
    });
  }

  /** What the worker's runtime has to say (a stack trace, a warning) goes to the operator's log, so many lines of it. */
  #readStderr(): void {
    const splitter = new LineSplitter();
    let lines = 0;
    this.#child.stderr!.on('data', (chunk: Uint8Array) => {
      try {
        for (const line of splitter.push(chunk)) {
          if (lines++ < MAX_STDERR_LINES) this.#logger.warn({ worker: this.pid, line: line.slice(0, 1024) }, 'worker stderr');
        }
      } catch {
        lines = MAX_STDERR_LINES;
      }
    });
  }
}
