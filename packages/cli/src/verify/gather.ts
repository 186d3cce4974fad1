import type { Policy } from '@verbatim/consensus';
import { CheckpointMemory, ClientError, diskTileCache, gatherEvidence, openLog, openSuccessor } from '@verbatim/client';
import type { GatherOptions, LogReader, OpenLogOptions } from '@verbatim/client';
import { parseVkey } from '@verbatim/tlog';
import { join } from 'node:path';
import { cacheFolder, stateFolder } from '../folders.ts';
import { auditedTrees } from './audited.ts';
import { clientTrouble } from './client-trouble.ts';
import type { GatherRequest, Gathered } from './stages.ts';

/** One connection for all files of a run. */
interface OpenLog {
  readonly reader: LogReader;
  /** For a log that has ended. */
  readonly open: NonNullable<GatherOptions['open']>;
}

const logs = new WeakMap<Policy, Promise<OpenLog>>();

/** Evidence from the policy's log: verified tiles, checkpoint memory. Throws VerdictError with the verdict that the trouble means. */
export async function gatherFromLog(request: GatherRequest): Promise<Gathered> {
  const { policy, sha256, release, member } = request;
  try {
    const opened = logs.get(policy) ?? openAll(request);
    logs.set(policy, opened);
    const ask = { digest: sha256, ...(member === undefined ? {} : { member }), ...(release === undefined ? {} : { purl: release }) };
    const { reader, open } = await opened;
    const { evidence, audited } = await gatherEvidence(reader, ask, { open });
    return {
      evidence,
      audited: audited === null ? await auditedTrees(evidence, request) : [audited],
      offline: false,
      bundle: null,
    };
  } catch (error) {
    throw error instanceof ClientError ? clientTrouble(error) : error;
  }
}

async function openAll({ policy, env, progress }: GatherRequest): Promise<OpenLog> {
  const memory = new CheckpointMemory(stateFolder(env), { onWarning: (message) => progress(`warning: ${message}`) });
  const cache = cacheFolder(env);
  const optionsOf = (origin: string): OpenLogOptions =>
    cache === null ? { memory } : { memory, cache: diskTileCache(join(cache, 'tiles'), origin) };
  return {
    reader: await openLog(policy, optionsOf(policy.log.key.name)),
    open(log) {
      const { name } = parseVkey(log.vkey);
      progress(`the log goes on as ${name} at ${log.url}`);
      return openSuccessor(log, optionsOf(name));
    },
  };
}
