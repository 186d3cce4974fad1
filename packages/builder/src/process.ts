/** Runs a tool with exactly the environment given, outside of the sandbox: for what strangers have no say in. Others: see sandbox/client.ts. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { BuilderError, errnoOf } from './errors.ts';

export interface ToolRun {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; the tool and its children are killed then. */
  readonly timeout: number;
  /** Bytes kept of stdout; more is `overflow`. 16 MiB by default. */
  readonly maxOutput?: number;
}

export interface ToolResult {
  /** Exit code; null when killed. */
  readonly code: number | null;
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
  readonly ended: 'exit' | 'timeout' | 'overflow';
}

export const MAX_OUTPUT = 16 * 1024 * 1024;
const STDERR_TAIL = 64 * 1024;

/** What a tool prints, as far as it is kept. */
export class ToolOutput {
  readonly #maxOutput: number;
  readonly #stdout: Buffer[] = [];
  #size = 0;
  #stderr: Buffer = Buffer.alloc(0);

  constructor(maxOutput: number) {
    this.#maxOutput = maxOutput;
  }

  /** False once it is more than is kept. */
  push(stream: 'stdout' | 'stderr', chunk: Buffer): boolean {
    if (stream === 'stderr') {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_TAIL);
      return true;
    }
    this.#size += chunk.length;
    if (this.#size > this.#maxOutput) return false;
    this.#stdout.push(chunk);
    return true;
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString();
  }

  get stderr(): string {
    return this.#stderr.toString();
  }
}

/**
 * Runs `argv` in a process group of its own, which is killed as a whole on timeout, overflow and abort. Files that it makes are readable by
 * everybody (umask 022), because the build runs as another user.
 * @throws BuilderError `tool-missing` when there is no such program; the signal's reason when aborted.
 */
export async function runTool({ argv, cwd, env, signal, timeout, maxOutput = MAX_OUTPUT }: ToolRun): Promise<ToolResult> {
  signal?.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', 'umask 022; exec "$@"', 'sh', ...argv], {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let ended: ToolResult['ended'] = 'exit';
  const kill = (why: ToolResult['ended']): void => {
    ended = why;
    killGroup(child.pid);
  };
  const timer = setTimeout(kill, timeout, 'timeout');
  const onAbort = (): void => kill('timeout');
  signal?.addEventListener('abort', onAbort, { once: true });
  const output = new ToolOutput(maxOutput);
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      if (!output.push(stream, chunk)) kill('overflow');
    });
  }
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal?.throwIfAborted();
    return { code, stdout: output.stdout, stderr: output.stderr, ended };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** Absolute path of a program in `path` (PATH by default); null when it is in none of its folders. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | null {
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here; the next folder.
    }
  }
  return null;
}

/** As `findProgram`, or BuilderError `tool-missing` that says what to type. */
export function requireProgram(name: string, install: string): string {
  const found = findProgram(name);
  if (found === null) throw new BuilderError('tool-missing', `expected the program ${name} in PATH, found none; ${install}`);
  return found;
}
