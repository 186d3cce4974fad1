import { forkedLog, InMemoryLog } from '@verbatim/testkit';
import { bytesEqual, fromBase64, openCheckpoint, parseVkey, utf8Encode, verifyConsistency } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logKey } from '../_support.ts';
import { ClientError, LogMisbehaviour } from '../errors.ts';
import { LogReader } from '../log-reader.ts';
import { catchUp, follow, type FollowOptions } from './follow.ts';
import { grow, Kept, served, upTo } from './_followed.ts';

/** Follows until `done` says so after a look. */
async function followUntil(
  { reader, evidenceFolder }: { reader: LogReader; evidenceFolder: string },
  consumer: Kept,
  done: () => boolean,
  options: Partial<FollowOptions> = {},
): Promise<void> {
  const stop = new AbortController();
  const { onCaughtUp, ...rest } = options;
  await follow(reader, consumer, {
    ...{ evidenceFolder, signal: stop.signal, pollMs: 5, ...rest },
    onCaughtUp(position) {
      onCaughtUp?.(position);
      if (done()) stop.abort();
    },
  });
}

async function misbehaviourOf(work: Promise<unknown>): Promise<LogMisbehaviour> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof LogMisbehaviour) return error;
  throw new Error('expected misbehaviour', { cause: error });
}

describe('following a log', () => {
  it('gives every entry once, in order, as the log grows', async () => {
    const log = grow(new InMemoryLog(), 3);
    const consumer = new Kept();
    const onCaughtUp = (): void => void (log.size < 600n && grow(log, Math.min(Number(log.size) + 150, 600)));
    await followUntil(await served(log), consumer, () => consumer.entries.length === 600, { onCaughtUp });
    expect(consumer.indexes).toEqual(upTo(600));
    expect(consumer.entries.every(({ index, entry }) => bytesEqual(entry, log.entry(index)))).toBe(true);
    expect(consumer.entries.every(({ index, leafHash }) => bytesEqual(leafHash, log.leafHash(index)))).toBe(true);
  });

  it('keeps with each batch the position behind it and the checkpoint that it was read at', async () => {
    const log = grow(new InMemoryLog(), 600);
    const consumer = new Kept();
    await catchUp((await served(log)).reader, consumer, { evidenceFolder: null });
    expect(consumer.batches.map(({ origin, entries, position: { next, vkey } }) => [origin, entries.length, next, vkey])).toEqual([
      [log.origin, 256, 256n, log.vkey],
      [log.origin, 256, 512n, log.vkey],
      [log.origin, 88, 600n, log.vkey],
    ]);
    expect(openCheckpoint(consumer.kept!.checkpoint, logKey(log), verifyEd25519).checkpoint.size).toBe(600n);
  });

  it('goes on where it was, in another process', async () => {
    const log = grow(new InMemoryLog(), 290);
    const { open, evidenceFolder } = await served(log);
    const consumer = new Kept();
    await catchUp(await open(), consumer, { evidenceFolder });
    grow(log, 300);
    await catchUp(await open(), consumer, { evidenceFolder });
    expect(consumer.indexes).toEqual(upTo(300));
    const batches = consumer.batches.length;
    await catchUp(await open(), consumer, { evidenceFolder });
    expect(consumer.batches).toHaveLength(batches);
  });

  it('begins with a log that has no entries, or no checkpoint yet', async () => {
    const log = new InMemoryLog();
    const it = await served(log);
    it.state.override = (path) => (path === 'checkpoint' ? null : undefined);
    const consumer = new Kept();
    const trouble: string[] = [];
    const onTrouble = ({ code }: ClientError): void => {
      trouble.push(code);
      if (trouble.length === 2) it.state.override = () => undefined;
    };
    const onCaughtUp = (): void => void (log.size === 0n && grow(log, 1));
    await followUntil(it, consumer, () => consumer.entries.length === 1, { onTrouble, onCaughtUp });
    expect(trouble).toEqual(['not-found', 'not-found']);
    expect(consumer.batches.map(({ entries, position }) => [entries.length, position.next])).toEqual([
      [0, 0n],
      [1, 1n],
    ]);
  });

  it('outlasts trouble, and says so', async () => {
    const log = grow(new InMemoryLog(), 5);
    const it = await served(log);
    const consumer = new Kept();
    const trouble: ClientError[] = [];
    await followUntil(it, consumer, () => consumer.entries.length === 6, {
      onCaughtUp: () => {
        it.state.down = true;
        grow(log, 6);
      },
      onTrouble: (error) => {
        trouble.push(error);
        it.state.down = trouble.length < 3;
      },
    });
    expect(consumer.indexes).toEqual(upTo(6));
    expect(trouble.map(({ code }) => code)).toEqual(['bad-status', 'bad-status', 'bad-status']);
  });

  it('gives a batch again that its consumer failed at', async () => {
    const it = await served(grow(new InMemoryLog(), 300));
    const consumer = new Kept();
    consumer.before = ({ entries }) => {
      if (entries[0]!.index === 256n) throw new Error('disk full');
    };
    await expect(catchUp(it.reader, consumer, it)).rejects.toThrow('disk full');
    expect(consumer.kept!.next).toBe(256n);
    consumer.before = () => {};
    await catchUp(it.reader, consumer, it);
    expect(consumer.indexes).toEqual(upTo(300));
  });

  it('goes on with what it knows while a cache shows an older state', async () => {
    const log = grow(new InMemoryLog(), 300);
    const it = await served(log);
    const consumer = new Kept();
    await catchUp(it.reader, consumer, it);
    it.state.override = (path) => (path === 'checkpoint' ? log.checkpoint({ size: 280n }) : undefined);
    expect((await catchUp(await it.open(), consumer, it)).next).toBe(300n);
  });

  it('ends when it is told to, in the middle of a pause too', async () => {
    const it = await served(grow(new InMemoryLog(), 2));
    const stop = new AbortController();
    const consumer = new Kept();
    const onCaughtUp = (): void => void setTimeout(() => stop.abort(), 20);
    await follow(it.reader, consumer, { ...it, signal: stop.signal, pollMs: 100_000, onCaughtUp });
    expect(consumer.entries).toHaveLength(2);
  });

  it('refuses the position of another log, and one that is damaged', async () => {
    const it = await served(grow(new InMemoryLog(), 2));
    const other = grow(new InMemoryLog({ origin: 'other.example/log' }), 2);
    const consumer = new Kept();
    consumer.kept = { vkey: other.vkey, checkpoint: other.checkpoint(), next: 1n };
    await expect(catchUp(it.reader, consumer, it)).rejects.toMatchObject({ code: 'unusable', verdict: 'policy-error' });
    for (const damage of [{ next: 3n }, { next: -1n }, { checkpoint: utf8Encode('size 2\n') }]) {
      consumer.kept = { vkey: it.state.log.vkey, checkpoint: it.state.log.checkpoint(), next: 2n, ...damage };
      await expect(catchUp(it.reader, consumer, it)).rejects.toMatchObject({ code: 'unusable' });
    }
  });
});

describe('a log that is caught while it is followed', () => {
  /** Followed to 300 entries by one process; by the time the next one looks, `change` has happened. */
  async function caught(change: (it: Awaited<ReturnType<typeof served>>, log: InMemoryLog) => void) {
    const log = grow(new InMemoryLog(), 300);
    const it = await served(log);
    const consumer = new Kept();
    await catchUp(it.reader, consumer, it);
    change(it, log);
    const before = consumer.batches.length;
    const error = await misbehaviourOf(catchUp(await it.open(), consumer, it));
    expect(consumer.batches).toHaveLength(before);
    expect(dirname(error.evidencePath!)).toBe(it.evidenceFolder);
    expect(readdirSync(it.evidenceFolder)).toHaveLength(1);
    expect(error.message).toContain(error.evidencePath);
    return { error, log, evidence: JSON.parse(readFileSync(error.evidencePath!, 'utf8')) as Evidence };
  }
  interface Evidence {
    code: string;
    logKey: string;
    remembered: string;
    served: string;
    consistency: { from: string; to: string; proof: string[] };
    exhibits?: { path: string; bytes: string }[];
  }
  const open = (note: string, vkey: string) => openCheckpoint(utf8Encode(note), parseVkey(vkey), verifyEd25519).checkpoint;

  it.each([
    ['one that grew from another history', 400],
    ['one of the same size', 300],
  ])('a fork, %s: both notes and the proof are saved, and nothing is handled', async (_how, size) => {
    const { error, evidence } = await caught((it, log) => void (it.state.log = grow(forkedLog(log, 250n), size, 'another')));
    expect(error.code).toBe('fork');
    const [remembered, shown] = [open(evidence.remembered, evidence.logKey), open(evidence.served, evidence.logKey)];
    expect([remembered.size, shown.size]).toEqual([300n, BigInt(size)]);
    const proof = evidence.consistency.proof.map(fromBase64);
    expect(verifyConsistency(remembered.size, shown.size, proof, remembered.root, shown.root)).toBe(false);
    expect(bytesEqual(remembered.root, shown.root)).toBe(false);
  });

  it('a rollback', async () => {
    const { error, evidence } = await caught((it, log) => void (it.state.log = forkedLog(log, 280n)));
    expect(error.code).toBe('rolled-back');
    expect([open(evidence.remembered, evidence.logKey).size, open(evidence.served, evidence.logKey).size]).toEqual([300n, 280n]);
  });

  it('an entry that was changed: the bundle is saved, with both notes', async () => {
    const { error, evidence } = await caught((it, log) => {
      grow(log, 310);
      const other = grow(forkedLog(log, 305n), 310, 'another');
      it.state.override = (path) => (path.startsWith('tile/entries/') ? other.read(path) : undefined);
    });
    expect(error.code).toBe('entry-mismatch');
    expect(evidence.exhibits!.map(({ path }) => path)).toEqual(['tile/entries/001.p/54']);
    expect(new TextDecoder().decode(fromBase64(evidence.exhibits![0]!.bytes))).toContain('another 305');
    expect([open(evidence.remembered, evidence.logKey).size, open(evidence.served, evidence.logKey).size]).toEqual([300n, 310n]);
  });

  it('tiles that do not lead to the signed root', async () => {
    const { error, evidence } = await caught((it, log) => {
      grow(log, 310);
      const other = grow(forkedLog(log, 305n), 310, 'another');
      it.state.override = (path) => (path === 'checkpoint' ? undefined : other.read(path));
    });
    expect([error.code, evidence.code]).toEqual(['tile-mismatch', 'tile-mismatch']);
    expect(evidence.exhibits!.map(({ path }) => path)).toEqual(['tile/0/001.p/54', 'tile/1/000.p/1']);
  });

  it('a checkpoint that the log has not signed', async () => {
    const { error, evidence } = await caught((it) => {
      const stranger = grow(new InMemoryLog({ signer: new InMemoryLog({ origin: 'log.example/other' }).signer }), 310);
      it.state.override = (path) => (path === 'checkpoint' ? stranger.checkpoint() : undefined);
    });
    expect(error.code).toBe('bad-checkpoint');
    expect(evidence.exhibits!.map(({ path }) => path)).toEqual(['checkpoint']);
  });
});
