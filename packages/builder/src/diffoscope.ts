/** diffoscope (https://diffoscope.org), where it is installed: the long form of a difference. Its inputs are hostile, so it runs in the sandbox. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { messageOf } from './errors.ts';
import { findProgram } from './process.ts';
import { takeOutput } from './output.ts';
import { removeTree } from './remove-tree.ts';
import { limitsOf, type LimitName, type Limits } from './sandbox/limits.ts';
import { runSandboxed, type Sandbox } from './sandbox/run.ts';

export interface DiffoscopeRequest {
  /** Plain files. */
  readonly published: string;
  readonly rebuilt: string;
  readonly sandbox: Sandbox;
  /** A folder for copies and the report; made where needed, and emptied. */
  readonly workDir: string;
  readonly limits?: Partial<Limits>;
  /** Folders that it is looked for in: of the system's, for only those are mounted. */
  readonly searchPath?: string;
  readonly signal?: AbortSignal | undefined;
}

export type DiffoscopeOutcome =
  | { readonly kind: 'report'; readonly version: string; readonly text: string; readonly truncated: boolean }
  /** It was not done within a limit; `text` is what it had said. */
  | { readonly kind: 'stopped'; readonly version: string; readonly limit: LimitName; readonly text: string }
  | { readonly kind: 'failed'; readonly version: string; readonly detail: string }
  | { readonly kind: 'not-installed'; readonly install: string };

const MIB = 1024 ** 2;
/** Enough for a program of tens of MiB; a disassembly without end is cut. */
const LIMITS: Partial<Limits> = {
  cpuSeconds: 300,
  wallSeconds: 300,
  memoryBytes: 2048 * MIB,
  processes: 128,
  tmpBytes: 1024 * MIB,
  diskBytes: 1024 * MIB,
  logBytes: MIB,
};
const INSTALL =
  'diffoscope is not installed; install it (Debian, Ubuntu: apt-get install diffoscope-minimal) for a report down to single instructions';
/** Seconds that it gets to write down what it has, when its time is over. */
const LAST_SECONDS = 10;
const DIFFERS = 1;
/** Where Python looks up libraries by name, which diffoscope's parts are loaded by. */
const LIBRARY_LIST = ['/etc/ld.so.cache']
  .filter((path) => existsSync(path))
  .map((path) => ({ kind: 'read-only', source: path, path }) as const);

/**
 * Compares two files with diffoscope in the sandbox: no network, no other file of the host than the system's programs.
 * @throws BuilderError `bad-output` for what is no plain file, `sandbox-refused`; the signal's reason when aborted
 */
export async function runDiffoscope(request: DiffoscopeRequest): Promise<DiffoscopeOutcome> {
  const program = findProgram('diffoscope', request.searchPath ?? '/usr/bin:/bin');
  if (program === null) return { kind: 'not-installed', install: INSTALL };
  const { sandbox, workDir, signal } = request;
  const limits = limitsOf({ ...LIMITS, ...request.limits });
  await removeTree(workDir);
  await mkdir(workDir, { recursive: true });
  try {
    const inputs = [];
    for (const name of ['published', 'rebuilt'] as const) {
      const copy = join(workDir, name);
      await takeOutput(request[name], copy, Number.MAX_SAFE_INTEGER);
      await chmod(copy, 0o444);
      inputs.push({ kind: 'read-only', source: copy, path: `/${name}` } as const);
    }
    const logPath = join(workDir, 'report');
    const { end, log } = await runSandboxed(sandbox, {
      argv: [program, ...options(limits), '/published', '/rebuilt'],
      env: { PATH: '/usr/bin:/bin', HOME: '/tmp', TMPDIR: '/tmp', LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      cwd: '/tmp',
      mounts: [...inputs, ...LIBRARY_LIST, { kind: 'memory', path: '/tmp', bytes: limits.tmpBytes }],
      programs: 'system',
      limits,
      logPath,
      signal,
    });
    const [version, text] = [versionOf(program), await readFile(logPath, 'utf8')];
    if (end.kind === 'limit') return { kind: 'stopped', version, limit: end.limit, text };
    if (end.kind === 'exit' && end.code <= DIFFERS) return { kind: 'report', version, text, truncated: log.truncated };
    if (end.kind === 'exit') return { kind: 'failed', version, detail: `ended with ${end.code}: ${text.slice(-2000)}` };
    return { kind: 'failed', version, detail: end.kind === 'failed' ? end.detail : 'the disk is almost full' };
  } finally {
    await removeTree(workDir);
  }
}

function options({ wallSeconds, logBytes }: Limits): string[] {
  const seconds = Math.max(1, wallSeconds - LAST_SECONDS);
  return ['--no-progress', '--timeout', String(seconds), '--max-text-report-size', String(logBytes), '--text', '-'];
}

function versionOf(program: string): string {
  try {
    return execFileSync(program, ['--version'], { env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8' })
      .replace(/^diffoscope /, '')
      .trim();
  } catch (error) {
    return `unknown (${messageOf(error)})`;
  }
}
