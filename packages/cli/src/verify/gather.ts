import type { Policy } from '@verbatim/consensus';
import { CheckpointMemory, ClientError, diskTileCache, gatherEvidence, openLog } from '@verbatim/client';
import type { LogReader } from '@verbatim/client';
import { join } from 'node:path';
import { cacheFolder, stateFolder } from '../folders.ts';
import { auditedTrees } from './audited.ts';
import { clientTrouble } from './client-trouble.ts';
import type { GatherRequest, Gathered } from './stages.ts';

/** One connection for all files of a run. */
const logs = new WeakMap<Policy, Promise<LogReader>>();

/** Evidence from the policy's log: verified tiles, checkpoint memory. Throws VerdictError with the verdict that the trouble means. */
export async function gatherFromLog(request: GatherRequest): Promise<Gathered> {
  const { policy, sha256, release, member } = request;
  try {
    const opened = logs.get(policy) ?? open(request);
    logs.set(policy, opened);
    const ask = { digest: sha256, ...(member === undefined ? {} : { member }), ...(release === undefined ? {} : { purl: release }) };
    const { evidence, audited } = await gatherEvidence(await opened, ask);
    return {
      evidence,
      audited: audited === null ? await auditedTrees(evidence.checkpoint, request) : [audited],
      offline: false,
      bundle: null,
    };
  } catch (error) {
    throw error instanceof ClientError ? clientTrouble(error) : error;
  }
}

async function open({ policy, env, progress }: GatherRequest): Promise<LogReader> {
  const memory = new CheckpointMemory(stateFolder(env), { onWarning: (message) => progress(`warning: ${message}`) });
  const cache = cacheFolder(env);
  const tiles = cache === null ? {} : { cache: diskTileCache(join(cache, 'tiles'), policy.log.key.name) };
  return openLog(policy, { memory, ...tiles });
}
