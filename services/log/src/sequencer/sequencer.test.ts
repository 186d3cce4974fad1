import { expect, test } from 'vitest';
import type { Candidate } from '../admission/candidate.ts';
import { LogStoppedError } from '../publication/published.ts';
import type { SequencedBatch } from '../store/ledger.ts';
import { type BatchWriter, Sequencer, type SequencerOptions } from './sequencer.ts';

/** Counts up, and finishes a batch when the test says so. */
class SlowWriter implements BatchWriter {
  readonly batches: number[] = [];
  index = 0n;
  release: () => void = () => {};
  manual = false;
  fail: 'commit' | 'integrate' | null = null;

  commit(candidates: readonly Candidate[]): SequencedBatch {
    if (this.fail === 'commit') throw new Error('commit failed');
    this.batches.push(candidates.length);
    const leaf = { leafHash: new Uint8Array(32), entry: new Uint8Array() };
    return { outcomes: candidates.map(() => ({ kind: 'admitted', index: this.index++, ...leaf })), leaves: [leaf] };
  }

  async integrate(): Promise<void> {
    if (this.fail === 'integrate') throw new Error('integrate failed');
    if (this.manual) await new Promise<void>((resolve) => (this.release = resolve));
  }
}

const candidate = {} as Candidate;

function sequencer(writer: BatchWriter, overrides: Partial<SequencerOptions> = {}): { sequencer: Sequencer; fatal: unknown[] } {
  const fatal: unknown[] = [];
  const options = {
    writer,
    maxBatch: 100,
    maxPending: 1000,
    intervalMs: 200,
    unpublished: () => 0,
    onFatal: (error: unknown) => void fatal.push(error),
    ...overrides,
  };
  return { sequencer: new Sequencer(options), fatal };
}

/** What was submitted before is being written. Not a timer: on a busy machine one may be due before the batch is begun. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an idle log sequences at once, alone', async () => {
  const writer = new SlowWriter();
  // Whoever waited for the interval would wait longer than this test may.
  await sequencer(writer, { intervalMs: 1_000_000 }).sequencer.submit(candidate);
  expect(writer.batches).toEqual([1]);
});

test('what arrives while a batch is written becomes the next batch, in order', async () => {
  const writer = new SlowWriter();
  writer.manual = true;
  const { sequencer: found } = sequencer(writer);
  const first = found.submit(candidate);
  await turn();
  const rest = Array.from({ length: 7 }, () => found.submit(candidate));
  await turn();
  expect(writer.batches).toEqual([1]);
  expect(found.queued).toBe(7);
  writer.release();
  const outcomes = await Promise.all([first, ...rest]);
  expect(writer.batches).toEqual([1, 7]);
  expect(outcomes.map((outcome) => (outcome.kind === 'admitted' ? outcome.index : null))).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  writer.release();
  await found.drained();
});

test('a batch has at most maxBatch entries', async () => {
  const writer = new SlowWriter();
  const { sequencer: found } = sequencer(writer, { maxBatch: 3 });
  await Promise.all(Array.from({ length: 8 }, () => found.submit(candidate)));
  expect(writer.batches).toEqual([3, 3, 2]);
});

test('beyond maxPending, what is queued and what is unpublished together, nothing is taken', async () => {
  const writer = new SlowWriter();
  writer.manual = true;
  let unpublished = 0;
  const { sequencer: found } = sequencer(writer, { maxPending: 3, unpublished: () => unpublished });
  const taken = [found.submit(candidate)];
  await turn();
  unpublished = 1;
  taken.push(found.submit(candidate), found.submit(candidate));
  expect(found.hasRoom(1)).toBe(false);
  expect(await found.submit(candidate)).toEqual({ kind: 'overloaded', pending: 3 });
  writer.release();
  await Promise.all(taken);
  writer.release();
  await found.drained();
  expect(writer.index).toBe(3n);
});

test('a transaction with an unknown outcome: its entries, the queued ones and all later ones are rejected', async () => {
  const writer = new SlowWriter();
  writer.fail = 'commit';
  const { sequencer: found, fatal } = sequencer(writer, { maxBatch: 1 });
  const submitted = [found.submit(candidate), found.submit(candidate)];
  for (const outcome of await Promise.allSettled(submitted))
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(LogStoppedError) as unknown });
  await expect(found.submit(candidate)).rejects.toBeInstanceOf(LogStoppedError);
  expect(fatal).toHaveLength(1);
});

test('a failure after the transaction: what it sequenced is known, nothing more is taken', async () => {
  const writer = new SlowWriter();
  writer.fail = 'integrate';
  const { sequencer: found, fatal } = sequencer(writer);
  expect(await found.submit(candidate)).toMatchObject({ kind: 'admitted' });
  await found.drained();
  await expect(found.submit(candidate)).rejects.toBeInstanceOf(LogStoppedError);
  expect(fatal).toHaveLength(1);
});
