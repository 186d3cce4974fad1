import { delegateGroup, type DelegatedGroup } from '@verbatim/builder';
import type { Logger } from '@verbatim/service-kit';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RebuilderConfig } from './config.ts';
import { WorkFolders, type Owner } from './work-folders.ts';
import { NodeError } from './init.ts';
import { operatorSettings } from './operator-settings.ts';
import { workerEnvironment } from './worker-environment.ts';
import { WorkerProcess } from './worker-process.ts';
import { obstacle, prepareCache, wantedOwner } from './worker-user.ts';

export const WORKER_ENTRY = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Who works where with which environment: settled once, at the start. */
export interface WorkerSetting extends AsyncDisposable {
  /** null: the node's own user. */
  readonly owner: Owner | null;
  readonly folders: WorkFolders;
  readonly environment: Readonly<Record<string, string>>;
  /** Lent to a user of its own, who may make no control groups; null where there are none, or where the node's user may make them itself. */
  readonly group: DelegatedGroup | null;
}

/** A worker has to find its program, its sandbox and its folders within this time; emulated, on a busy machine, it takes a minute. */
const PROBE_MS = 180_000;

/**
 * Decides on the worker's user, and tries a worker out (its program, its sandbox, its folders): a node that cannot build says so at once,
 * instead of logging trouble for everything. With `auto` a user of its own is tried first, and the node's is taken, with a warning, when that
 * one cannot work. A configured user that cannot work is an error.
 */
export async function settleWorker(config: RebuilderConfig, entry: string, logger: Logger): Promise<WorkerSetting> {
  const wanted = wantedOwner(config.worker.uid, process.getuid!());
  if (wanted !== null) {
    try {
      return await settle(config, entry, wanted, logger);
    } catch (error) {
      if (config.worker.uid !== 'auto') throw error;
      logger.warn({ reason: (error as Error).message }, 'the worker cannot run as a user of its own: it runs as the node’s');
    }
  }
  return settle(config, entry, null, logger);
}

async function settle(config: RebuilderConfig, entry: string, owner: Owner | null, logger: Logger): Promise<WorkerSetting> {
  const root = join(config.data_dir, 'work');
  const folders = new WorkFolders(root, owner);
  await folders.prepare();
  if (owner !== null) await checkReachable([root, dirname(config.cache_dir)], owner);
  await prepareCache(config.cache_dir, owner);
  const home = owner === null ? (process.env['HOME'] ?? '/') : await folders.create('home');
  const settings = owner === null ? {} : await operatorSettings();
  const environment = workerEnvironment(process.env, home, { ...settings, ...config.worker.environment });
  await using stack = new AsyncDisposableStack();
  const group = owner === null ? null : lendGroup(owner, logger);
  stack.defer(async () => group?.remove());
  await using worker = new WorkerProcess({ entry, environment, owner, group, logger });
  const answer = await worker.answer(PROBE_MS, new AbortController().signal);
  if (answer.type !== 'hello') {
    const found = 'message' in answer ? answer.message : answer.type;
    throw new NodeError('worker-unusable', `a worker of user ${owner?.uid ?? process.getuid!()} cannot work: ${found}`);
  }
  await worker.stop();
  const kept = stack.move();
  return { owner, folders, environment, group, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Without one the worker's builds are limited by rlimits and by looking, which their observations say. */
function lendGroup(owner: Owner, logger: Logger): DelegatedGroup | null {
  try {
    return delegateGroup(owner);
  } catch (error) {
    logger.warn({ err: error }, 'no control group for the worker: its builds are limited by rlimits');
    return null;
  }
}

async function checkReachable(folders: readonly string[], owner: Owner): Promise<void> {
  for (const folder of folders) {
    const closed = await obstacle(folder, owner);
    if (closed !== null) throw new Error(`user ${owner.uid} cannot get through ${closed} to ${folder}`);
  }
}
