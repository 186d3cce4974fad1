/** For tests: a log over HTTP that can be exchanged while it is followed, and a consumer in memory. */
import { InMemoryLog } from '@verbatim/testkit';
import { utf8Encode, type VerifierKey } from '@verbatim/tlog';
import { onTestFinished } from 'vitest';
import { answer, logKey, serve, temporaryFolder } from '../_support.ts';
import { LogReader } from '../log-reader.ts';
import { openSource } from '../source.ts';
import type { FollowBatch, FollowConsumer, FollowedEntry, FollowPosition } from './consumer.ts';

export function grow(log: InMemoryLog, size: number, word = 'entry'): InMemoryLog {
  while (log.size < BigInt(size)) log.add(utf8Encode(`${word} ${log.size}`));
  return log;
}

export interface Served {
  log: InMemoryLog;
  down: boolean;
  /** Answers first, when it does not return undefined. */
  override: (path: string) => Uint8Array | null | undefined;
}

/** A log as somebody serves it, and a reader of it. @param root pinned beside the log's first key */
export async function served(log: InMemoryLog, root?: VerifierKey) {
  const pinned = logKey(log);
  const state: Served = { log, down: false, override: () => undefined };
  const server = await serve((path, _request, response) => {
    if (state.down) return void response.writeHead(400).end();
    const other = state.override(path);
    answer(response, other === undefined ? state.log.read(path) : other);
  });
  const open = async (): Promise<LogReader> => {
    const source = await openSource(server.url);
    onTestFinished(() => source.close());
    return new LogReader({ source, logKey: pinned, ...(root && { root }) });
  };
  return { state, open, reader: await open(), evidenceFolder: await temporaryFolder(), url: server.url };
}

/** Keeps everything, with its position, as a database would. */
export class Kept implements FollowConsumer {
  readonly entries: FollowedEntry[] = [];
  readonly batches: FollowBatch[] = [];
  kept: FollowPosition | null = null;
  /** Called before anything is kept. */
  before: (batch: FollowBatch) => void = () => {};

  position(): FollowPosition | null {
    return this.kept;
  }

  take(batch: FollowBatch): void {
    this.before(batch);
    this.batches.push(batch);
    this.entries.push(...batch.entries);
    this.kept = batch.position;
  }

  get indexes(): number[] {
    return this.entries.map(({ index }) => Number(index));
  }
}

export const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, i) => from + i);
