import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../_temporary.ts';
import { BUILD_ID, type Mount } from './arguments.ts';
import { detectSandbox } from './detect.ts';
import { limitsOf, type Limits } from './limits.ts';
import { runSandboxed, type Sandbox, type SandboxEnd, type SandboxJob } from './run.ts';
import type { Usage } from './watchdog.ts';

export interface Ran {
  readonly end: SandboxEnd;
  readonly usage: Usage;
  readonly log: string;
  /** The host's folder behind /out. */
  readonly out: string;
}

const MIB = 1024 ** 2;
export const TIGHT: Partial<Limits> = {
  cpuSeconds: 60,
  // Far more than any of them needs: on a busy machine another limit must be met first all the same.
  wallSeconds: 200,
  memoryBytes: 256 * MIB,
  processes: 64,
  diskBytes: 32 * MIB,
  tmpBytes: 16 * MIB,
  logBytes: 64 * 1024,
};

/** Runs a line of shell in a sandbox with the system's programs, a writable /out and a small /tmp, under tight limits. */
export async function runHostile(
  sandbox: Sandbox,
  script: string,
  limits: Partial<Limits> = {},
  changes: Partial<SandboxJob> = {},
): Promise<Ran> {
  const root = await temporaryFolder();
  const out = join(root, 'out');
  mkdirSync(out);
  if (sandbox.setpriv !== null) chownSync(out, BUILD_ID, BUILD_ID);
  const tight = limitsOf({ ...TIGHT, ...limits });
  const mounts: Mount[] = [
    { kind: 'writable', source: out, path: '/out' },
    { kind: 'memory', path: '/tmp', bytes: tight.tmpBytes },
  ];
  const logPath = join(root, 'log');
  const job = {
    argv: ['/bin/sh', '-c', script],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/out',
    mounts,
    programs: 'system' as const,
    limits: tight,
    logPath,
  };
  const { end, usage } = await runSandboxed(sandbox, { ...job, ...changes });
  return { end, usage, log: readFileSync(logPath, 'utf8'), out };
}

/** The sandbox with control groups where they can be made, and the one without. */
export async function bothKinds(): Promise<Record<'best' | 'rlimit', Sandbox>> {
  return { best: await detectSandbox(), rlimit: await detectSandbox({ limits: 'rlimit' }) };
}

/** Runs a module's text (with `here` for this folder's address) in a process of its own, as another user if `uid` is given. */
export function runNode(script: string, uid?: number) {
  const here = new URL('.', import.meta.url).href;
  const user = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script.replaceAll('$here', here)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/tmp' },
    cwd: '/',
    ...user,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** Processes of this machine whose command line holds `text`. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
      } catch {
        return false;
      }
    });
}

/** A word that no other process has. */
export const marker = (): string => `marker-${Math.random().toString(36).slice(2)}`;
