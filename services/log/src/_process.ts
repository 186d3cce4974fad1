/** Test-only: the log as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, 'main.ts');

export interface LogProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything on stderr so far. */
  readonly errors: () => string;
}

/** Starts `serve` and waits for its ready line. Rejects with stderr when it exits instead. */
export async function serveProcess(configFile: string): Promise<LogProcess> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  // `close` comes after `exit`, when stderr has been read.
  const closed = once(child, 'close');
  const first = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), closed]);
  if (typeof first[0] !== 'string' || !first[0].startsWith('{')) {
    throw new Error(`the log did not start: exit ${child.exitCode}\n${errors}`);
  }
  return { url: (JSON.parse(first[0]) as { url: string }).url, child, errors: () => errors };
}

/** Resolves with exit code and signal. */
export async function ended({ child }: LogProcess): Promise<{ code: number | null; signal: string | null }> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return { code: child.exitCode, signal: child.signalCode };
}

/** Runs a command of main.ts to its end. */
export async function runMain(...parts: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...parts], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
