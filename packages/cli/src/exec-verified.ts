import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CliError } from './errors.ts';
import { readWhole } from './files.ts';
import type { Io } from './io.ts';
import { judgeFile } from './verify/judge-file.ts';
import { STAGES } from './verify/stages.ts';
import type { Stages } from './verify/stages.ts';
import { toText } from './verify/text.ts';
import { checkRelease } from './verify/verify.ts';

export interface ExecOptions {
  readonly release: string;
  readonly policy?: string;
  readonly bundle?: string;
  readonly offline?: boolean;
  readonly explain?: boolean;
}

/** What env, nohup and timeout say when the program was not started. */
export const EXIT_NOT_STARTED = 125;

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * `verbatim exec`: reads the program once, judges these bytes, and runs a private copy of them, so that nobody can exchange the file
 * between the check and the start. Returns the program's exit code; anything but a reproduced program is 125.
 */
export async function execVerified(
  file: string,
  args: readonly string[],
  options: ExecOptions,
  io: Io,
  stages: Stages = STAGES,
): Promise<number> {
  checkRelease(options.release);
  if (options.offline && options.bundle === undefined) throw new CliError('usage', '--offline needs the evidence in a file: --bundle FILE');
  const policyFile = stages.loadPolicy(options.policy, io.env);
  const bytes = readWhole(file);
  const result = await judgeFile({ file, bytes }, policyFile, options, io, stages);
  // Standard output belongs to the program.
  if (result.verdict !== 'reproduced' || options.explain) io.err(toText(result, policyFile, io, options.explain === true));
  return result.verdict === 'reproduced' ? runCopy(file, bytes, args) : EXIT_NOT_STARTED;
}

/** Programs that the kernel starts; execvp(3) would hand anything else to a shell. */
const MAGICS = ['\x7fELF', '#!', '\xcf\xfa\xed\xfe', '\xca\xfe\xba\xbe'];

async function runCopy(file: string, bytes: Uint8Array, args: readonly string[]): Promise<number> {
  const head = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (!MAGICS.some((magic) => head.startsWith(magic))) throw new CliError('file', `cannot start ${file}: it is no program`);
  // Made with mode 0700: nobody else can reach the copy.
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-exec-'));
  let signalled: NodeJS.Signals | null = null;
  try {
    const copy = join(folder, basename(file));
    writeFileSync(copy, bytes, { flag: 'wx', mode: 0o700 });
    chmodSync(copy, 0o500);
    // Before the program starts: it may ask for a signal with its first breath.
    const early: NodeJS.Signals[] = [];
    let forward = (signal: NodeJS.Signals): void => void early.push(signal);
    const onSignal = (signal: NodeJS.Signals): void => forward(signal);
    for (const signal of FORWARDED) process.on(signal, onSignal);
    const child = spawn(copy, [...args], { stdio: 'inherit', argv0: file });
    forward = (signal) => void child.kill(signal);
    early.forEach(forward);
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', (cause) =>
        reject(new CliError('file', `cannot start ${file} (if ${folder} may not hold programs, set TMPDIR)`, { cause })),
      );
      child.on('exit', (...ended) => resolve(ended));
    }).finally(() => {
      for (const name of FORWARDED) process.off(name, onSignal);
    });
    if (code !== null) return code;
    signalled = signal;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  // Whoever waits for us sees how the program ended.
  if (signalled !== null) process.kill(process.pid, signalled);
  return EXIT_NOT_STARTED;
}
