import type { NamedSuccessor, Policy } from '@verbatim/consensus';
import { type Ed25519Verify, parseVkey } from '@verbatim/tlog';
import type { CheckpointMemory } from './checkpoint-memory.ts';
import { ClientError } from './errors.ts';
import { LogReader } from './log-reader.ts';
import { openSource } from './source.ts';
import type { TileCache } from './tile-cache.ts';

export interface OpenLogOptions {
  /** Where to read; the policy's URL of the log when left out. A mirror serves as well: everything is verified. */
  readonly location?: string;
  readonly memory?: CheckpointMemory;
  readonly cache?: TileCache;
  readonly verify?: Ed25519Verify;
}

/** A reader of the policy's log. Close `reader.source` in the end. Throws `ClientError` 'unusable' without an address. */
export async function openLog(policy: Policy, { location, ...options }: OpenLogOptions = {}): Promise<LogReader> {
  const address = location ?? policy.log.url;
  if (address === null)
    throw new ClientError('unusable', `the policy does not say where to read the log ${policy.log.key.name}: expected "log VKEY URL"`);
  return new LogReader({ source: await openSource(address), logKey: policy.log.key, root: policy.root, ...options });
}

/** A reader of the log that another one named as its successor. Close `reader.source` in the end. */
export async function openSuccessor(
  { vkey, rootVkey, url }: Pick<NamedSuccessor, 'vkey' | 'rootVkey' | 'url'>,
  options: Omit<OpenLogOptions, 'location'> = {},
): Promise<LogReader> {
  return new LogReader({ source: await openSource(url), logKey: parseVkey(vkey), root: parseVkey(rootVkey), ...options });
}
