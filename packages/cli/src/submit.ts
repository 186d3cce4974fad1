import { ClientError, LogClient, LogReader, openSource } from '@verbatim/client';
import type { Signer, VerifierKey } from '@verbatim/tlog';
import { CliError } from './errors.ts';
import { resolveLog } from './log/address.ts';
import type { LogOptions, NamedLog } from './log/address.ts';
import type { Io } from './io.ts';

/** How long to wait for witnesses, and for a log that does not answer. */
const WITNESS_PATIENCE_MS = 60_000;
const NETWORK_PATIENCE_MS = 8000;

export interface Submitted {
  readonly index: bigint;
  readonly leafHash: string;
  /** Whether the log had it before it was asked. */
  readonly duplicate: boolean;
}

/** A blob that the entry needs, and who may store it. */
export interface NeededBlob {
  readonly bytes: Uint8Array;
  readonly signer: Signer;
}

/**
 * Submits an entry and waits until it is published and proved. Throws CliError `refused` with the log's reason, or `unreachable`, which
 * says whether repeating is needed; repeating never adds an entry. Throws LogMisbehaviour for a proof or signature that does not verify.
 */
export async function submit(entry: Uint8Array, options: LogOptions, io: Io, blob?: NeededBlob): Promise<Submitted> {
  const log = resolveLog(options, io.env);
  return submitTo({ ...log, key: await currentKey(log) }, entry, io, blob);
}

/** The key that the log was followed to from the policy's root key, if it has changed it. What is wrong with the log, its answer to the entry will show. */
async function currentKey({ url, key, root }: NamedLog): Promise<VerifierKey> {
  if (root === undefined) return key;
  try {
    const source = await openSource(url);
    try {
      const reader = new LogReader({ source, logKey: key, root });
      await reader.latest();
      return reader.followed ?? key;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof ClientError) return key;
    throw error;
  }
}

/** Where the entry stands: its index, or as JSON. */
export function printSubmitted({ index, leafHash, duplicate }: Submitted, json: boolean | undefined, io: Io): void {
  if (json) io.out(`${JSON.stringify({ index: Number(index), leafHash, duplicate })}\n`);
  else io.out(`${index}\n`);
  if (duplicate) io.err('it was logged before\n');
}

async function submitTo({ url, key }: NamedLog, entry: Uint8Array, io: Io, blob?: NeededBlob): Promise<Submitted> {
  const client = new LogClient({ url, logKey: key });
  try {
    if (blob !== undefined) {
      const stored = await client.putBlob(blob.bytes, blob.signer);
      if (stored.kind !== 'stored') throw failure(stored, url);
      io.err(`stored blob sha256:${stored.sha256}\n`);
    }
    const first = await client.submitEntry(entry);
    const settled = first.kind === 'published' || first.kind === 'refused';
    const patience = first.kind === 'unreachable' ? NETWORK_PATIENCE_MS : WITNESS_PATIENCE_MS;
    const result = settled ? first : await client.waitUntilPublished(entry, patience);
    if (result.kind !== 'published') throw failure(result, url);
    // What had to wait was asked for twice, and the second answer calls it a duplicate of the first.
    return { ...result, duplicate: settled && result.duplicate };
  } finally {
    await client.close();
  }
}

type Unpublished = Exclude<Awaited<ReturnType<LogClient['submitEntry']>>, { kind: 'published' }>;

function failure(result: Unpublished, url: string): CliError {
  switch (result.kind) {
    case 'pending':
      return new CliError(
        'unreachable',
        `entry ${result.index} is logged and waits for witnesses; run the same command again to get its proof`,
      );
    case 'unreachable':
      return new CliError(
        'unreachable',
        `${url} does not answer; whether it was logged is not known, and running the same command again is safe`,
        {
          cause: result.error,
        },
      );
    case 'busy':
    case 'refused': {
      const { status, code, title, detail } = result.problem;
      const words = [title, detail].filter((part) => part !== '').join(': ');
      const busy = result.kind === 'busy';
      const again = busy ? '; nothing was stored, try again later' : '';
      return new CliError(busy ? 'unreachable' : 'refused', `the log answered ${status}${code === '' ? '' : ` ${code}`}: ${words}${again}`);
    }
  }
}
