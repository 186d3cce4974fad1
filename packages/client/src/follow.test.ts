import { forkedLog, InMemoryLog } from '@verbatim/testkit';
import { bytesEqual, utf8Encode } from '@verbatim/tlog';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer, collect, logKey, serve, temporaryFolder } from './_support.ts';
import { CheckpointMemory } from './checkpoint-memory.ts';
import type { ClientError } from './errors.ts';
import { follow, type FollowedEntry, type FollowOptions } from './follow.ts';
import { LogReader } from './log-reader.ts';
import { openSource } from './source.ts';

/** A log that can be exchanged while it is followed. */
async function followed(log: InMemoryLog, options: FollowOptions = {}, from = 0n, memory?: CheckpointMemory) {
  const served = { log, down: false };
  const server = await serve((path, _request, response) => {
    if (served.down) response.writeHead(400).end();
    else answer(response, served.log.read(path));
  });
  const source = await openSource(server.url);
  onTestFinished(() => source.close());
  const reader = new LogReader({ source, logKey: logKey(log), ...(memory === undefined ? {} : { memory }) });
  return { served, entries: follow(reader, from, { pollMs: 5, ...options }) };
}

function grow(log: InMemoryLog, size: number, word = 'entry'): InMemoryLog {
  while (log.size < BigInt(size)) log.add(utf8Encode(`${word} ${log.size}`));
  return log;
}

describe('following a log', () => {
  it('gives every entry once, in order, as the log grows', async () => {
    const log = grow(new InMemoryLog(), 3);
    const { entries } = await followed(log, { onCaughtUp: (size) => void (size < 600n && grow(log, Number(size) + 150)) });
    const found = await collect(entries, 600);
    expect(found.map(({ index }) => index)).toEqual(Array.from({ length: 600 }, (_, i) => BigInt(i)));
    expect(
      found.every(({ index, entry, leafHash }) => bytesEqual(entry, log.entry(index)) && bytesEqual(leafHash, log.leafHash(index))),
    ).toBe(true);
  });

  it('goes on where it was', async () => {
    const { entries } = await followed(grow(new InMemoryLog(), 300), {}, 290n);
    expect((await collect(entries, 10)).map(({ index }) => index)).toEqual(Array.from({ length: 10 }, (_, i) => BigInt(290 + i)));
  });

  it('waits for the first entry of an empty log', async () => {
    const log = new InMemoryLog();
    let looks = 0;
    const { entries } = await followed(log, { onCaughtUp: () => void (++looks === 3 && grow(log, 1)) });
    expect(await collect(entries, 1)).toHaveLength(1);
    expect(looks).toBe(3);
  });

  it('waits for an index that the log has not reached', async () => {
    const log = grow(new InMemoryLog(), 5);
    const { entries } = await followed(log, { onCaughtUp: () => void grow(log, Number(log.size) + 1) }, 9n);
    expect((await collect(entries, 1))[0]!.index).toBe(9n);
  });

  it('outlasts trouble, and says so', async () => {
    const log = grow(new InMemoryLog(), 5);
    const trouble: ClientError[] = [];
    const { served, entries } = await followed(log, {
      onCaughtUp: () => {
        served.down = true;
        grow(log, 6);
      },
      onTrouble: (error) => {
        trouble.push(error);
        served.down = trouble.length < 3;
      },
    });
    expect(await collect(entries, 6)).toHaveLength(6);
    expect(trouble.map(({ code }) => code)).toEqual(['bad-status', 'bad-status', 'bad-status']);
  });

  it('stops at a fork, with evidence', async () => {
    const log = grow(new InMemoryLog(), 300);
    const fork = grow(forkedLog(log, 250n), 400, 'another');
    const { served, entries } = await followed(
      log,
      { onCaughtUp: () => void (served.log = fork) },
      0n,
      new CheckpointMemory(await temporaryFolder()),
    );
    const found: FollowedEntry[] = [];
    const work = (async () => {
      for await (const entry of entries) found.push(entry);
    })();
    await expect(work).rejects.toMatchObject({ code: 'fork', evidencePath: expect.any(String) as string });
    expect(found).toHaveLength(300);
  });

  it('ends when it is told to, in the middle of a pause too', async () => {
    const stop = new AbortController();
    const { entries } = await followed(grow(new InMemoryLog(), 2), {
      signal: stop.signal,
      pollMs: 100_000,
      onCaughtUp: () => setTimeout(() => stop.abort(), 20),
    });
    expect(await collect(entries)).toHaveLength(2);
  });
});
