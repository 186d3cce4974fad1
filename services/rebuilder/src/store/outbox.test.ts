import { describe, expect, test } from 'vitest';
import { openStore, releaseAt } from './_open.ts';

const blob = { sha256: 'aa'.repeat(32), bytes: new Uint8Array([5, 6]) };
const matched = (byte: number) => ({ result: 'match', reason: null, entry: new Uint8Array([byte]), evidence: [blob] });

function recorded() {
  const store = openStore();
  store.queue.enqueue(releaseAt(1n), ['a'], 0);
  const lease = store.queue.lease(0, 60_000)!;
  expect(store.outbox.record(lease, matched(1), 10)).toBe(true);
  return { ...store, lease };
}

describe('the outbox', () => {
  test('stores the observation, its evidence and the end of the job together', () => {
    const { queue, outbox } = recorded();
    expect(queue.counts()).toMatchObject({ leased: 0, concluded: 1 });
    const pending = outbox.next(10)!;
    expect(pending).toMatchObject({ releaseIndex: 1n, artifact: 'a', attempt: 1, entry: new Uint8Array([1]), tries: 0, recordedAt: 10 });
    expect(outbox.evidence(pending.id)).toEqual([blob]);
  });

  test('stores nothing for a lease that is no longer held', () => {
    const { queue, outbox } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    const stale = queue.lease(0, 10)!;
    queue.sweep(10);
    const fresh = queue.lease(10, 10)!;
    expect(outbox.record(stale, matched(1), 11)).toBe(false);
    expect(outbox.counts()).toMatchObject({ pending: 0 });
    expect(outbox.record(fresh, matched(2), 12)).toBe(true);
    expect(outbox.record(fresh, matched(3), 13)).toBe(false);
    expect(outbox.next(20)!.entry).toEqual(new Uint8Array([2]));
  });

  test('a failed write of the observation leaves the job with its lease', () => {
    const { db, queue, outbox } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    const lease = queue.lease(0, 60_000)!;
    db.exec("CREATE TRIGGER full BEFORE INSERT ON evidence BEGIN SELECT raise(ABORT, 'disk full'); END");
    expect(() => outbox.record(lease, matched(1), 1)).toThrow('disk full');
    expect(queue.renew(lease, 1, 60_000)).toBe(true);
    expect(outbox.counts()).toMatchObject({ pending: 0 });
  });

  test('offers attempt n only after n−1 is acknowledged', () => {
    const { queue, outbox } = recorded();
    queue.requeue(1n, 'a', null, 11);
    outbox.record(queue.lease(12, 60_000)!, matched(2), 13);
    const first = outbox.next(20)!;
    expect(first.attempt).toBe(1);
    expect(outbox.next(20, new Set([first.id]))).toBeNull();
    outbox.acknowledge(first.id, 30n, 'proof', 21);
    expect(outbox.next(22)!.attempt).toBe(2);
  });

  test('hands in different artifacts side by side', () => {
    const { queue, outbox } = recorded();
    queue.enqueue(releaseAt(2n), ['b'], 0);
    outbox.record(queue.lease(1, 60_000)!, matched(2), 13);
    const first = outbox.next(20)!;
    expect(outbox.next(20, new Set([first.id]))!.artifact).toBe('b');
  });

  test('waits as told, and everything can be hurried', () => {
    const { outbox } = recorded();
    const { id } = outbox.next(10)!;
    outbox.retryLater(id, 500, 'not-enrolled');
    expect(outbox.next(499)).toBeNull();
    expect(outbox.nextDue()).toBe(500);
    outbox.hurry(100);
    expect(outbox.next(100)).toMatchObject({ id, tries: 1 });
  });

  test('keeps index and proof, and lets the evidence go, when the log acknowledges', () => {
    const { outbox } = recorded();
    const { id } = outbox.next(10)!;
    outbox.acknowledge(id, 42n, 'c2sp.org/tlog-proof@v1', 50);
    expect(outbox.next(1000)).toBeNull();
    expect(outbox.evidence(id)).toEqual([]);
    expect(outbox.attempts(10)).toEqual([
      { release: 1, artifact: 'a', attempt: 1, result: 'match', reason: null, state: 'acknowledged', index: 42, trouble: null },
    ]);
  });

  test('a refused observation stays, and requeue offers it again before anything is rebuilt', () => {
    const { queue, outbox } = recorded();
    const { id } = outbox.next(10)!;
    outbox.refuse(id, 'bad-signature');
    expect(outbox.next(1000)).toBeNull();
    expect(outbox.counts()).toMatchObject({ refused: 1, pending: 0 });
    expect(queue.requeue(1n, 'a', null, 2000)).toEqual({ outcome: 'resubmitting', attempt: 1 });
    expect(outbox.next(2000)!.entry).toEqual(new Uint8Array([1]));
  });

  test('adopts an observation of ours that only the log knows', () => {
    const { queue, outbox } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    const logged = { releaseIndex: 1n, artifact: 'a', attempt: 1, result: 'match', reason: null, entry: new Uint8Array([7]), index: 3n };
    expect(outbox.adoptLogged(logged, 5)).toBe('adopted');
    expect(queue.counts()).toMatchObject({ queued: 0, concluded: 1 });
    expect(outbox.adoptLogged(logged, 6)).toBe('ours');
    expect(queue.requeue(1n, 'a', null, 7)).toEqual({ outcome: 'queued', attempt: 2 });
  });

  test('leaves a pending observation pending when its own bytes turn up in the log, so that the proof is still fetched', () => {
    const { outbox } = recorded();
    const logged = { releaseIndex: 1n, artifact: 'a', attempt: 1, result: 'match', reason: null, entry: new Uint8Array([1]), index: 3n };
    expect(outbox.adoptLogged(logged, 50)).toBe('ours');
    expect(outbox.next(50)).not.toBeNull();
  });

  test('the logged statement takes the place of ours when they differ, and that is reported', () => {
    const { outbox } = recorded();
    const logged = { releaseIndex: 1n, artifact: 'a', attempt: 1, result: 'differ', reason: null, entry: new Uint8Array([8]), index: 3n };
    expect(outbox.adoptLogged(logged, 50)).toBe('conflict');
    expect(outbox.next(50)).toBeNull();
    expect(outbox.attempts(1)[0]).toMatchObject({ result: 'differ', index: 3, trouble: 'superseded-by-logged' });
  });
});
