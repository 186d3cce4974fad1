import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { REPOSITORY, type Runtime } from './processes.ts';

const SCRIPTS = join(REPOSITORY, 'deploy/arm64');

/** Makes the root of arm64 nodes unless it is there. What it does, or what this machine lacks and what to type, goes to stderr. */
export async function makeArm64Root(): Promise<void> {
  const child = spawn(join(SCRIPTS, 'make-root.sh'), { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error('no arm64 node can run on this machine; the reason is above');
}

/** Node for linux/arm64 in that root. It sees the repository and these paths of this machine, at the same place. */
export function inArm64Root({ writable, readable }: { writable: readonly string[]; readable: readonly string[] }): Runtime {
  const shown = [...writable.map((path) => ['--writable', path]), ...readable.map((path) => ['--readable', path])].flat();
  return [join(SCRIPTS, 'run.sh'), ...shown, '--', 'node'];
}
