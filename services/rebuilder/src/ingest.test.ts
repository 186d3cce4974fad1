import { createLogger } from '@verbatim/service-kit';
import { decodeEntry, keyidOf, PREDICATE, signStatement } from '@verbatim/statements';
import { aRelease, aRevocation, anArtifact, anEnrolment, Scene, testSigner, withByteChanged } from '@verbatim/testkit';
import type { Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, test } from 'vitest';
import { Ingest, type VerifiedEntry } from './ingest.ts';
import { observationFor } from './observation-for.ts';
import type { Subscription } from './select.ts';
import { openStore } from './store/_open.ts';

const ARTIFACT = anArtifact().name;
const logger = createLogger({ name: 'test', level: 'silent' });

function ingesting(scene: Scene, subscriptions: readonly Subscription[] = []) {
  const store = openStore();
  const signer = scene.rebuilders[0]!;
  const keyid = keyidOf(signer.name, signer.publicKey);
  const ingest = new Ingest({ ...store, subscriptions, keyid, signer, logger });
  const rest = () => everythingOf(scene).filter(({ index }) => index >= store.queue.nextIndex());
  return { ...store, take: (now = 1) => ingest.take(rest(), now), ingest, signer };
}

function everythingOf(scene: Scene, origin = scene.log.origin): VerifiedEntry[] {
  return scene.everything().map((entry) => ({ ...entry, origin }));
}

describe('reading the log', () => {
  test('queues the artifacts of releases and moves the position', () => {
    const scene = new Scene();
    const { take, queue } = ingesting(scene);
    expect(take()).toEqual({ jobs: 1, enrolled: true, moved: false });
    expect(queue.nextIndex()).toBe(scene.log.size);
    expect(queue.release(scene.releaseIndex)).toEqual({
      index: scene.releaseIndex,
      leafHash: scene.log.leafHash(scene.releaseIndex),
      entry: scene.log.entry(scene.releaseIndex),
    });
    expect(take()).toEqual({ jobs: 0, enrolled: false, moved: false });
  });

  test('queues only what is subscribed', () => {
    const release = aRelease({
      artifacts: [
        anArtifact(),
        anArtifact({ name: 'linux-arm64/bin/esbuild', target: 'linux/arm64', coordinate: 'pkg:npm/%40esbuild/linux-arm64@0.25.0' }),
      ],
    });
    expect(ingesting(new Scene({ release }), [{ targets: ['linux/arm64'] }]).take().jobs).toBe(1);
    expect(ingesting(new Scene({ release }), [{ purl: 'pkg:cargo/' }]).take().jobs).toBe(0);
  });

  test('adopts what we have in the log already, so that nothing is observed twice', () => {
    const scene = new Scene();
    scene.observe(0);
    const { take, queue, outbox } = ingesting(scene);
    take();
    expect(queue.counts()).toMatchObject({ queued: 0, concluded: 1 });
    expect(outbox.attempts(5)).toMatchObject([{ attempt: 1, result: 'match', state: 'acknowledged' }]);
  });

  test('leaves the observations of others alone', () => {
    const scene = new Scene();
    scene.observe(1);
    const { take, queue } = ingesting(scene);
    take();
    expect(queue.counts()).toMatchObject({ queued: 1, concluded: 0 });
  });

  test('does not let a log talk us out of a rebuild with a forged observation', () => {
    const scene = new Scene();
    const forged = new Scene();
    const index = forged.observe(0);
    const text = new TextDecoder().decode(forged.log.entry(index));
    const signature = text.indexOf('"sig":"') + 10;
    const other = text[signature] === 'A' ? 'B' : 'A';
    scene.log.add(new TextEncoder().encode(text.slice(0, signature) + other + text.slice(signature + 1)));
    const { take, queue } = ingesting(scene);
    take();
    expect(queue.counts()).toMatchObject({ queued: 1, concluded: 0 });
  });

  test('does not let a log talk us out of a rebuild with what we signed for another log', () => {
    const scene = new Scene();
    const { take, queue, signer } = ingesting(scene);
    const elsewhere = new Scene();
    scene.log.add(observationFor('elsewhere.example/log', elsewhere.log.entry(elsewhere.observe(0)), signer));
    take();
    expect(queue.counts()).toMatchObject({ queued: 1, concluded: 0 });
  });

  test('passes over what cannot be read', () => {
    const scene = new Scene();
    scene.log.add(withByteChanged(scene.log.entry(scene.releaseIndex), 20));
    scene.log.add(new Uint8Array([1]));
    const { take, queue } = ingesting(scene);
    expect(take().jobs).toBe(1);
    expect(queue.nextIndex()).toBe(scene.log.size);
  });

  test('notices its own enrolment, and nobody else’s', () => {
    const scene = new Scene();
    const { take } = ingesting(scene);
    take();
    scene.log.addStatement(anEnrolment(scene.rebuilders[1]!), scene.admin);
    scene.log.addStatement(aRevocation(scene.rebuilders[0]!), scene.admin);
    expect(take().enrolled).toBe(false);
    scene.log.addStatement(anEnrolment(scene.rebuilders[0]!), scene.admin);
    expect(take().enrolled).toBe(true);
  });

  test('reads a log again from its beginning, as after an upgrade, and does nothing twice', () => {
    const scene = new Scene();
    const { take, queue, outbox } = ingesting(scene);
    take();
    scene.observe(0);
    take();
    const [counts, attempts] = [queue.counts(), outbox.attempts(5)];
    queue.advanceTo(0n);
    expect(take()).toMatchObject({ jobs: 0 });
    expect([queue.counts(), outbox.attempts(5)]).toEqual([counts, attempts]);
  });

  test('keeps the checkpoint with the position, in the same transaction', () => {
    const scene = new Scene();
    const { ingest, queue } = ingesting(scene);
    expect(queue.position()).toBeNull();
    const position = { vkey: scene.log.vkey, checkpoint: scene.log.checkpoint(), next: scene.log.size };
    ingest.take(everythingOf(scene), 1, position);
    expect(queue.position()).toEqual(position);
    expect(() => ingest.take(everythingOf(scene), 1, { ...position, next: 99n })).toThrow('expected entry');
    expect(queue.position()).toEqual(position);
  });

  test('refuses a gap: an entry that was passed over would never be rebuilt', () => {
    const scene = new Scene();
    const { ingest, queue } = ingesting(scene);
    expect(() => ingest.take(everythingOf(scene).slice(1), 1)).toThrow('expected entry 0');
    expect(queue.nextIndex()).toBe(0n);
  });

  test('a failure in the middle leaves neither jobs nor a new position', () => {
    const scene = new Scene();
    const { ingest, queue } = ingesting(scene);
    const entries = everythingOf(scene);
    expect(() => ingest.take([...entries, entries[0]!], 1)).toThrow('expected entry');
    expect(queue.nextIndex()).toBe(0n);
    expect(queue.counts()).toMatchObject({ queued: 0 });
  });
});

describe('a log that goes on as another one', () => {
  const SUCCESSOR = testSigner('next.example/log');

  /** Of three attempts at one artifact the first is in the log, the second was not handed in, and the third was refused. */
  function ending() {
    const scene = new Scene();
    const { ingest, queue, outbox, take, signer } = ingesting(scene);
    take();
    const logged = scene.log.entry(scene.observe(0));
    for (const attempt of [1, 2, 3]) {
      if (attempt > 1) queue.requeue(scene.releaseIndex, ARTIFACT, null, 1);
      const entry = attempt === 1 ? logged : attemptAt(scene, signer, attempt);
      outbox.record(queue.lease(1, 60_000)!, { result: 'match', reason: null, entry, evidence: [] }, 1);
      if (attempt === 1) expect(outbox.next(1)!.entry).toEqual(logged);
    }
    outbox.refuse(3, 'frozen');
    const position = {
      ...{ vkey: vkeyOf(SUCCESSOR), checkpoint: scene.log.checkpoint(), next: scene.log.size - 1n, control: '[]' },
      successor: { vkey: vkeyOf(SUCCESSOR), rootVkey: vkeyOf(testSigner('next-root')), url: 'http://next.example/' },
    };
    const rest = (): VerifiedEntry[] => everythingOf(scene).filter(({ index }) => index >= queue.nextIndex());
    const before = { vkey: scene.log.vkey, checkpoint: scene.log.checkpoint(), next: scene.log.size - 1n };
    queue.keepPosition({ ...before, next: queue.nextIndex() });
    return { ingest, queue, outbox, logged, position, rest, signer };
  }

  test('gets what is not logged, signed for it, and nothing that it took over', () => {
    const { ingest, queue, outbox, position, rest, signer } = ending();
    expect(ingest.take(rest(), 2, position)).toMatchObject({ moved: true });
    expect(queue.position()).toEqual(position);
    expect(outbox.attempts(5).map(({ attempt, state }) => [attempt, state])).toEqual([
      [3, 'refused'],
      [2, 'pending'],
      [1, 'acknowledged'],
    ]);
    queue.requeue(position.next, ARTIFACT, null, 2);
    const second = outbox.next(2)!;
    const { statement } = decodeEntry(second.entry);
    expect(statement).toMatchObject({ predicate: { log: SUCCESSOR.name, attempt: 2 } });
    expect(statement).toEqual(decodeEntry(observationFor(SUCCESSOR.name, second.entry, signer)).statement);
  });

  test('moves with everything or not at all', () => {
    const { ingest, queue, outbox, position, rest } = ending();
    const [at, attempts] = [queue.position(), outbox.attempts(5)];
    expect(() => ingest.take([...rest(), rest()[0]!], 2, position)).toThrow('expected entry');
    expect([queue.position(), outbox.attempts(5)]).toEqual([at, attempts]);
  });
});

function attemptAt(scene: Scene, signer: Signer, attempt: number): Uint8Array {
  const { statement } = decodeEntry(scene.log.entry(scene.log.size - 1n));
  if (statement.predicateType !== PREDICATE.observation) throw new Error('expected an observation');
  return signStatement({ ...statement, predicate: { ...statement.predicate, attempt } }, [signer]);
}
