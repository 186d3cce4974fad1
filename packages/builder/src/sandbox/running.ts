/** A sandbox that runs: its process 1, which everything in it depends on. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.ts';
import { BLOCK_FD, SECCOMP_FD, STATUS_FD } from './arguments.ts';
import { isRunning, readStat } from './process-tree.ts';
import { seccompProgram } from './seccomp.ts';

/** bubblewrap and the sandbox's process 1, which it tells about on its status descriptor (bwrap(1), --json-status-fd). */
export class RunningSandbox {
  /** Process 1 by its number outside, blocked until `release`; null when bubblewrap gave up before. */
  readonly started: Promise<number | null>;
  /** What the command ended with; null when it never ran, or was killed with the sandbox. */
  exitCode: number | null = null;
  readonly #child: ChildProcess;
  #pid: number | null = null;
  #startTime = '';
  #killed = false;

  /**
   * @param exitFd the descriptor on which the bubblewrap that runs the command itself reports
   * @param network whether it is in the host's network namespace
   */
  constructor(child: ChildProcess, exitFd: number, network: boolean) {
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
    for (const descriptor of [BLOCK_FD, SECCOMP_FD]) this.#to(descriptor).on('error', () => {});
    this.#to(SECCOMP_FD).end(seccompProgram(network));
    // Its monitor goes first when the command ends; what the command left in the background goes now.
    child.once('exit', () => this.kill());
  }

  #to(descriptor: number): NodeJS.WritableStream {
    return (this.#child.stdio as readonly unknown[])[descriptor] as NodeJS.WritableStream;
  }

  #begin(pid: number): void {
    this.#pid = pid;
    this.#startTime = readStat(pid)?.startTime ?? '';
    if (this.#killed) this.kill();
  }

  /** Lets the command run. */
  release(): void {
    this.#to(BLOCK_FD).end('.');
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
