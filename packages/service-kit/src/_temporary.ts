/** Test helper: a folder that goes when the test ends, and child processes that run a piece of JavaScript beside this package. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'service-kit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Child {
  process: ChildProcess;
  /** The next line of stdout. */
  line(): Promise<string>;
  /** What came out, once it has exited. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

/** Run an ES module whose text may import './index.ts'. `fileBlocks`: blocks of 512 bytes that a file may have (ulimit -f). */
export function runScript(script: string, { fileBlocks = 0 } = {}): Child {
  const module = script.replaceAll('./index.ts', new URL('./index.ts', import.meta.url).href);
  const node = [process.execPath, '--input-type=module', '--eval', module];
  const [command, ...args] = fileBlocks === 0 ? node : ['sh', '-c', `ulimit -f ${fileBlocks} && exec "$@"`, 'sh', ...node];
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  let given = 0;
  let wake = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<Awaited<Child['exited']>>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
      wake();
    });
  });
  async function line(): Promise<string> {
    for (;;) {
      const end = stdout.indexOf('\n', given);
      if (end >= 0) {
        const text = stdout.slice(given, end);
        given = end + 1;
        return text;
      }
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`exited with ${child.exitCode} before a line came: ${stderr}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return { process: child, line, exited };
}
