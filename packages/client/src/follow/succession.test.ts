import { makeControl } from '@verbatim/statements';
import { InMemoryLog, ROOT, testSigner, testVkey } from '@verbatim/testkit';
import { parseVkey, toHex, type Signer } from '@verbatim/tlog';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SuccessorLog } from '../control-trail.ts';
import type { ClientError, LogMisbehaviour } from '../errors.ts';
import type { LogReader } from '../log-reader.ts';
import { grow, Kept, served, upTo } from './_followed.ts';
import { catchUp, follow, type CatchUpOptions } from './follow.ts';

const NEXT_ROOT = testSigner('next-root');
const vkeyOf = ({ name }: Signer) => parseVkey(testVkey(name));
type Open = NonNullable<CatchUpOptions['openSuccessor']>;

interface Statement {
  signer?: Signer;
  size?: number;
  root?: string;
  origin?: string;
}

/** Names `next` as the successor of `log`; honestly unless told otherwise. */
function nameSuccessor(log: InMemoryLog, next: InMemoryLog, { signer = ROOT, size, root, origin = log.origin }: Statement = {}): void {
  const said = { size: size ?? Number(log.size), root: root ?? toHex(log.root()) };
  const predicate = {
    action: 'successor',
    origin,
    vkey: next.vkey,
    rootVkey: testVkey(NEXT_ROOT.name),
    url: 'http://next.example/',
    ...said,
  } as const;
  log.addStatement(makeControl(predicate), signer);
}

function copyOf(log: InMemoryLog, origin: string): InMemoryLog {
  const copy = new InMemoryLog({ origin });
  for (let index = 0n; index < log.size; index++) copy.add(log.entry(index));
  return copy;
}

/** A log of 300 entries and a successor of 310, each served; what is opened instead of what the statement says is the test's. */
async function twoLogs() {
  const first = grow(new InMemoryLog(), 300);
  const second = copyOf(first, 'next.example/log');
  const old = await served(first, vkeyOf(ROOT));
  const next = await served(second, vkeyOf(NEXT_ROOT));
  const opened: string[] = [];
  const openSuccessor = (log: SuccessorLog): Promise<LogReader> => {
    opened.push(log.url);
    return next.open();
  };
  return { first, second, old, next, opened, openSuccessor, consumer: new Kept() };
}

describe('following a log into its successor', () => {
  it('goes on at the same index, and neither loses nor repeats an entry', async () => {
    const { first, second, old, opened, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second);
    grow(first, 302, 'index root');
    grow(second, 310, 'next');
    const position = await catchUp(old.reader, consumer, { ...old, openSuccessor });
    expect(position).toMatchObject({ vkey: second.vkey, next: 310n, successor: { vkey: second.vkey, url: 'http://next.example/' } });
    expect(opened).toEqual(['http://next.example/']);
    const of = (origin: string) =>
      consumer.batches.filter((batch) => batch.origin === origin).flatMap(({ entries }) => entries.map(({ index }) => Number(index)));
    expect(of(first.origin)).toEqual(upTo(302));
    expect(of(second.origin)).toEqual(upTo(310, 300));
  });

  it('takes the last entries of the old log and the position in the new one together', async () => {
    const { first, second, old, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second);
    grow(first, 302, 'index root');
    await catchUp(old.reader, consumer, { ...old, openSuccessor });
    const last = consumer.batches.at(-1)!;
    expect([last.origin, last.entries.map(({ index }) => index), last.position.vkey, last.position.next]).toEqual([
      ...[first.origin, [300n, 301n], second.vkey, 300n],
    ]);
  });

  it('is found again by the next process, which goes on from there', async () => {
    const { first, second, old, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second);
    await catchUp(old.reader, consumer, { ...old, openSuccessor });
    grow(second, 320, 'next');
    expect((await catchUp(await old.open(), consumer, { ...old, openSuccessor })).next).toBe(320n);
    await expect(catchUp(await old.open(), consumer, old)).rejects.toMatchObject({ code: 'unusable' });
  });

  it('waits for a successor that is out of reach or not there yet, having handled everything before', async () => {
    const { first, second, old, next, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second);
    const whole = next.state.log;
    next.state.log = copyOf(grow(new InMemoryLog(), 10), second.origin);
    const trouble: ClientError[] = [];
    const stop = new AbortController();
    await follow(old.reader, consumer, {
      ...{ ...old, openSuccessor, pollMs: 5, signal: stop.signal },
      onTrouble(error) {
        trouble.push(error);
        if (trouble.length < 3) return;
        expect(consumer.indexes).toEqual(upTo(300));
        next.state.log = grow(whole, 305, 'next');
      },
      onCaughtUp: () => stop.abort(),
    });
    expect(trouble.map(({ code }) => code)).toEqual(['not-found', 'not-found', 'not-found']);
    expect(consumer.indexes).toEqual([...upTo(301), ...upTo(305, 300)]);
  });

  it('follows a chain: in a successor, the root key counts that it was handed over with', async () => {
    const { first, second, old, next, consumer } = await twoLogs();
    nameSuccessor(first, second);
    const third = await served(copyOf(second, 'third.example/log'), vkeyOf(ROOT));
    nameSuccessor(second, third.state.log, { signer: ROOT });
    grow(third.state.log, 301, 'third');
    const open: Open = (log) => (log.vkey === second.vkey ? next.open() : third.open());
    expect((await catchUp(old.reader, consumer, { ...old, openSuccessor: open })).vkey).toBe(second.vkey);
    const honest = await served(copyOf(second, 'third.example/log'), vkeyOf(NEXT_ROOT));
    nameSuccessor(second, honest.state.log, { signer: NEXT_ROOT });
    const toHonest: Open = (log) => (log.vkey === second.vkey ? next.open() : honest.open());
    const position = await catchUp(await old.open(), consumer, { ...old, openSuccessor: toHonest });
    expect(position).toMatchObject({ vkey: honest.state.log.vkey, next: 301n });
  });

  it.each<[string, Statement]>([
    ['the admin, or anybody but the root key', { signer: testSigner('test-admin') }],
    ['another log', { origin: 'other.example/log' }],
  ])('is not led away by a statement of %s', async (_whose, statement) => {
    const { first, second, old, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second, statement);
    expect(await catchUp(old.reader, consumer, { ...old, openSuccessor })).toMatchObject({ vkey: first.vkey, next: 301n });
  });

  it.each<[string, Statement, string]>([
    ['a root that the old log never had', { root: '00'.repeat(32) }, 'had another root'],
    ['another size than the index of the statement', { size: 299 }, 'in entry 300'],
  ])('stops at a statement with %s, with evidence', async (_what, statement, message) => {
    const { first, second, old, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second, statement);
    const work = catchUp(old.reader, consumer, { ...old, openSuccessor });
    await expect(work).rejects.toMatchObject({ code: 'bad-successor', message: expect.stringContaining(message) as string });
    expect(consumer.indexes).toEqual(upTo(300));
  });

  it('stops at a successor that begins with other entries: both notes and the proof are saved', async () => {
    const { first, second, old, next, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second);
    next.state.log = copyOf(grow(grow(new InMemoryLog(), 299), 305, 'another'), second.origin);
    const work = catchUp(old.reader, consumer, { ...old, openSuccessor });
    const error = await work.then(
      () => null,
      (reason: unknown) => reason as LogMisbehaviour,
    );
    expect(error).toMatchObject({ code: 'bad-successor' });
    const evidence = JSON.parse(readFileSync(error!.evidencePath!, 'utf8')) as Record<string, unknown>;
    expect(evidence).toMatchObject({ successor: second.vkey, note: expect.stringContaining(second.origin) as string });
    expect((evidence.consistency as { proof: string[] }).proof).not.toHaveLength(0);
  });

  it('stops at a successor whose checkpoint its key has not signed: the evidence is of that log', async () => {
    const { first, second, old, next, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second);
    next.state.log = copyOf(first, 'stranger.example/log');
    const error = await catchUp(old.reader, consumer, { ...old, openSuccessor }).catch((reason: unknown) => reason as LogMisbehaviour);
    expect(error).toMatchObject({ code: 'bad-checkpoint' });
    const evidence: unknown = JSON.parse(readFileSync((error as LogMisbehaviour).evidencePath!, 'utf8'));
    expect(evidence).toMatchObject({ origin: second.origin, logKey: second.vkey, remembered: null, served: null });
  });

  it('stops at a log that goes on after it named its successor', async () => {
    const { first, second, old, openSuccessor, consumer } = await twoLogs();
    nameSuccessor(first, second);
    grow(first, 700);
    await expect(catchUp(old.reader, consumer, { ...old, openSuccessor })).rejects.toMatchObject({ code: 'bad-successor' });
  });
});
