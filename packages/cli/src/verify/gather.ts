import type { Policy } from '@verbatim/consensus';
import { CheckpointMemory, ClientError, diskTileCache, gatherEvidence, openLog } from '@verbatim/client';
import type { LogReader, LogView } from '@verbatim/client';
import { join } from 'node:path';
import { cacheFolder, stateFolder } from '../folders.ts';
import { clientTrouble } from './client-trouble.ts';
import type { GatherRequest, Gathered } from './stages.ts';

/** One connection and one checkpoint for all files of a run. */
interface OpenLog {
  readonly reader: LogReader;
  view?: LogView;
}

const logs = new WeakMap<Policy, Promise<OpenLog>>();

/** Evidence from the policy's log: verified tiles, checkpoint memory. Throws VerdictError with the verdict that the trouble means. */
export async function gatherFromLog(request: GatherRequest): Promise<Gathered> {
  const { policy, sha256, release, member } = request;
  try {
    const opened = logs.get(policy) ?? open(request);
    logs.set(policy, opened);
    const log = await opened;
    const ask = { digest: sha256, ...(member === undefined ? {} : { member }), ...(release === undefined ? {} : { purl: release }) };
    const { evidence, view } = await gatherEvidence(log.reader, ask, log.view === undefined ? {} : { view: log.view });
    log.view = view;
    return { evidence, offline: false, bundle: null };
  } catch (error) {
    throw error instanceof ClientError ? clientTrouble(error) : error;
  }
}

async function open({ policy, env, progress }: GatherRequest): Promise<OpenLog> {
  const memory = new CheckpointMemory(stateFolder(env), { onWarning: (message) => progress(`warning: ${message}`) });
  const cache = cacheFolder(env);
  const tiles = cache === null ? {} : { cache: diskTileCache(join(cache, 'tiles'), policy.log.key.name) };
  return { reader: await openLog(policy, { memory, ...tiles }) };
}
