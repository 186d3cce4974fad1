import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY } from './processes.ts';

const COMMAND = join(REPOSITORY, 'packages/cli/bin/verbatim.js');

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the `verbatim` command as a user would. Never rejects because of an exit code: that is the answer. */
export function verbatim(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [COMMAND, ...args], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') return reject(error);
      resolve({ exitCode: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** As `verbatim`, for commands that have to succeed. @throws Error with the command and its own words */
export async function mustVerbatim(args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await verbatim(args);
  if (exitCode !== 0) throw new Error(`verbatim ${args.join(' ')} ended with ${exitCode}:\n${stderr}${stdout}`);
  return stdout;
}
