/** Locks between processes, by flock(1): the kernel lets go of them when their holder dies, however it dies. */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { requireProgram } from '../process.ts';

export interface Held extends AsyncDisposable {
  release(): Promise<void>;
}

const REFUSED = 66;

export interface LockOptions {
  readonly mode: 'shared' | 'exclusive';
  /** Do not wait: null when somebody else holds it. */
  readonly try?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a lock on `file`, which is created where needed and never removed (removing a lock file would let two hold it).
 * @returns null only with `try`
 * @throws BuilderError `tool-missing`; Error when flock fails; the signal's reason when aborted.
 */
export async function lock(file: string, { mode, try: onlyTry = false, signal }: LockOptions): Promise<Held | null> {
  signal?.throwIfAborted();
  await mkdir(dirname(file), { recursive: true });
  const flock = requireProgram('flock', 'install util-linux');
  const flags = [`--${mode}`, ...(onlyTry ? ['--nonblock'] : []), `--conflict-exit-code=${REFUSED}`];
  // The holder ends when its standard input does, that is when we close it or die.
  const holder = spawn(flock, [...flags, file, '/bin/sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin' },
  });
  let said = '';
  holder.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const onAbort = (): void => void holder.kill('SIGKILL');
  signal?.addEventListener('abort', onAbort, { once: true });
  const ended = new Promise<number | null>((resolve, reject) => {
    holder.once('error', reject);
    holder.once('close', resolve);
  });
  const held = await Promise.race([new Promise<true>((resolve) => holder.stdout.once('data', () => resolve(true))), ended]);
  if (held !== true) {
    signal?.removeEventListener('abort', onAbort);
    signal?.throwIfAborted();
    if (held === REFUSED) return null;
    throw new Error(`lock ${file}: flock ended with ${held}: ${said}`);
  }
  signal?.removeEventListener('abort', onAbort);
  const release = async (): Promise<void> => {
    holder.stdin.end();
    await ended;
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** As `lock`, waiting for it. */
export async function waitForLock(file: string, options: Omit<LockOptions, 'try'>): Promise<Held> {
  return (await lock(file, options))!;
}
