import { describe, expect, test } from 'vitest';
import { openStore, releaseAt } from './_open.ts';

const LEASE = 60_000;

describe('the job queue', () => {
  test('queues an artifact once, however often its release is seen', () => {
    const { queue } = openStore();
    expect(queue.enqueue(releaseAt(7n), ['a', 'b'], 1000)).toBe(2);
    expect(queue.enqueue(releaseAt(7n), ['a', 'b'], 2000)).toBe(0);
    expect(queue.enqueue(releaseAt(7n), ['a', 'b', 'c'], 3000)).toBe(1);
    expect(queue.counts()).toEqual({ queued: 3, leased: 0, concluded: 0, oldestQueuedAt: 1000 });
  });

  test('gives the release back as it was logged', () => {
    const { queue } = openStore();
    queue.enqueue(releaseAt(7n), ['a'], 1000);
    expect(queue.release(7n)).toEqual(releaseAt(7n));
    expect(queue.release(8n)).toBeNull();
  });

  test('leases each job to one holder, oldest release first', () => {
    const { queue } = openStore();
    queue.enqueue(releaseAt(9n), ['late'], 1000);
    queue.enqueue(releaseAt(2n), ['early'], 1001);
    expect(queue.lease(2000, LEASE)).toMatchObject({ releaseIndex: 2n, artifact: 'early', attempt: 1, tries: 1 });
    expect(queue.lease(2000, LEASE)).toMatchObject({ releaseIndex: 9n, artifact: 'late' });
    expect(queue.lease(2000, LEASE)).toBeNull();
  });

  test('does not lease a job before its time', () => {
    const { queue } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 1000);
    const lease = queue.lease(1000, LEASE)!;
    expect(queue.retryLater(lease, 5000, 'network')).toBe(true);
    expect(queue.nextDue()).toBe(5000);
    expect(queue.lease(4999, LEASE)).toBeNull();
    expect(queue.lease(5000, LEASE)).toMatchObject({ tries: 2, fence: 2 });
  });

  test('a lease that expired goes back to the queue, and its holder can neither renew, nor return, nor conclude', () => {
    const { queue } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    const stale = queue.lease(0, LEASE)!;
    expect(queue.sweep(LEASE - 1)).toBe(0);
    expect(queue.sweep(LEASE)).toBe(1);
    const fresh = queue.lease(LEASE, LEASE)!;
    expect(fresh.fence).toBeGreaterThan(stale.fence);
    expect(queue.renew(stale, LEASE, LEASE)).toBe(false);
    expect(queue.retryLater(stale, 0, 'late')).toBe(false);
    expect(queue.giveBack(stale, 0)).toBe(false);
    expect(queue.conclude(stale)).toBe(false);
    expect(queue.renew(fresh, LEASE, LEASE)).toBe(true);
    expect(queue.conclude(fresh)).toBe(true);
  });

  test('a renewed lease does not expire', () => {
    const { queue } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    const lease = queue.lease(0, LEASE)!;
    expect(queue.renew(lease, LEASE - 1, LEASE)).toBe(true);
    expect(queue.sweep(LEASE)).toBe(0);
  });

  test('an interrupted start counts as a try, a graceful return does not', () => {
    const { queue } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    queue.lease(0, LEASE);
    expect(queue.recover(10)).toBe(1);
    const second = queue.lease(10, LEASE)!;
    expect(second.tries).toBe(2);
    expect(queue.giveBack(second, 20)).toBe(true);
    expect(queue.lease(20, LEASE)!.tries).toBe(2);
  });

  test('an observation found in the log concludes the job and takes the lease from whoever works on it', () => {
    const { queue } = openStore();
    queue.enqueue(releaseAt(1n), ['a', 'b'], 0);
    const lease = queue.lease(0, LEASE)!;
    queue.concludeLogged(1n, 'a', 1);
    expect(queue.renew(lease, 1, LEASE)).toBe(false);
    expect(queue.conclude(lease)).toBe(false);
    expect(queue.counts()).toMatchObject({ queued: 1, leased: 0, concluded: 1 });
  });

  test('requeue asks for one further attempt and is idempotent while it waits or runs', () => {
    const { queue, outbox } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    const lease = queue.lease(0, LEASE)!;
    outbox.record(lease, { result: 'differ', reason: null, entry: new Uint8Array([9]), evidence: [] }, 1);
    expect(queue.requeue(1n, 'a', null, 2)).toEqual({ outcome: 'queued', attempt: 2 });
    expect(queue.requeue(1n, 'a', null, 3)).toEqual({ outcome: 'already-queued', attempt: 2 });
    expect(queue.lease(4, LEASE)).toMatchObject({ attempt: 2, tries: 1 });
    expect(queue.requeue(1n, 'a', null, 5)).toEqual({ outcome: 'already-running', attempt: 2 });
  });

  test('requeue with an attempt number never adds another one when repeated later', () => {
    const { queue, outbox } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    const conclude = (byte: number) =>
      outbox.record(queue.lease(byte, LEASE)!, { result: 'match', reason: null, entry: new Uint8Array([byte]), evidence: [] }, byte);
    conclude(1);
    expect(queue.requeue(1n, 'a', 2, 1)).toEqual({ outcome: 'queued', attempt: 2 });
    conclude(2);
    expect(queue.requeue(1n, 'a', 2, 9)).toEqual({ outcome: 'already-concluded', attempt: 2 });
    expect(queue.counts()).toMatchObject({ concluded: 1 });
  });

  test('requeue of a job that waits for its back-off lets it start now', () => {
    const { queue } = openStore();
    queue.enqueue(releaseAt(1n), ['a'], 0);
    queue.retryLater(queue.lease(0, LEASE)!, 1_000_000, 'network');
    expect(queue.requeue(1n, 'a', null, 5)).toEqual({ outcome: 'already-queued', attempt: 1 });
    expect(queue.lease(5, LEASE)).not.toBeNull();
  });

  test('requeue of something never queued says so', () => {
    expect(openStore().queue.requeue(1n, 'a', null, 0)).toEqual({ outcome: 'unknown-job' });
  });

  test('the log position survives with the jobs it passed', () => {
    const { queue } = openStore();
    expect(queue.nextIndex()).toBe(0n);
    queue.advanceTo(12n);
    expect(queue.nextIndex()).toBe(12n);
  });
});
