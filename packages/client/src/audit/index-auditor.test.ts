import { type ControlAction, decodeEntry, makeControl } from '@verbatim/statements';
import {
  ADMIN,
  aGenesis,
  aRelease,
  aRevocation,
  anEnrolment,
  anObservation,
  InMemoryLog,
  ROOT,
  Scene,
  testSigner,
} from '@verbatim/testkit';
import { fromBase64, hashLeaf, openCheckpoint, toHex, utf8Encode, verifyInclusion } from '@verbatim/tlog';
import { verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { logKey } from '../_support.ts';
import { served } from '../follow/_followed.ts';
import { catchUp } from '../follow/follow.ts';
import { IndexAuditor } from './index-auditor.ts';
import { type AuditStore, MemoryAuditStore } from './store.ts';

/** A log with a sealed batch of each kind of entry; every published size ends with an index root. */
function sealedScene(): Scene {
  const scene = new Scene();
  scene.log.seal();
  scene.observe(0);
  scene.log.seal();
  return scene;
}

function copyOf(log: InMemoryLog, origin = log.origin): InMemoryLog {
  const copy = new InMemoryLog({ origin });
  for (let index = 0n; index < log.size; index++) copy.add(log.entry(index));
  return copy;
}

/** Root over all entries, hex, as the log in memory makes it. */
function rootOver(log: InMemoryLog): string {
  const copy = copyOf(log);
  // An entry that is in no index: the log would add no second root to one.
  copy.add(utf8Encode('nothing'));
  const { predicate } = decodeEntry(copy.entry(copy.seal() - 1n)).statement;
  return (predicate as { root: string }).root;
}

/** Adds an index root that is right unless told otherwise. */
function addRoot(log: InMemoryLog, { size = log.size, root = rootOver(log), origin = log.origin, signer = log.signer } = {}): bigint {
  return log.addStatement(makeControl({ action: 'index-root', origin, size: Number(size), root }), signer);
}

async function audited(log: InMemoryLog, store: AuditStore = new MemoryAuditStore()) {
  const it = await served(log);
  const audit = async () => {
    const auditor = new IndexAuditor({ logKey: logKey(log), store, evidenceFolder: it.evidenceFolder });
    await catchUp(await it.open(), auditor, it);
    return auditor.report();
  };
  return { ...it, audit };
}

const kindsOf = async (log: InMemoryLog) => (await (await audited(log)).audit()).findings.map(({ kind, index }) => [kind, index]);

describe('auditing the index of a log', () => {
  it('finds nothing in an honest log, at whatever size it is looked at', async () => {
    const scene = sealedScene();
    const { audit } = await audited(scene.log);
    expect(await audit()).toMatchObject({ position: { next: scene.log.size }, findings: [], evidencePath: null });
    for (const step of [
      () => scene.observe(1, { result: 'differ' }),
      () => scene.observe(2, { result: 'build-failed' }),
      () => scene.log.addStatement(aRevocation(scene.rebuilders[1]!, { compromisedSince: 7 }), scene.admin),
      () => scene.log.addStatement(makeControl({ action: 'freeze', origin: scene.log.origin, reason: 'test' }), ROOT),
    ]) {
      step();
      scene.log.seal();
      expect(await audit()).toMatchObject({ position: { next: scene.log.size }, findings: [] });
    }
  });

  it('gives the same answer entry by entry, in one go, and in bundles', async () => {
    const scene = sealedScene();
    const { log } = scene;
    for (let i = 0; log.size < 600n; i++) {
      const rebuilder = testSigner(`rebuilder-${i}`);
      log.addStatement(anEnrolment(rebuilder), ADMIN);
      const about = {
        origin: log.origin,
        release: scene.release,
        index: scene.releaseIndex,
        leafHash: log.leafHash(scene.releaseIndex),
        rebuilder,
      };
      if (i % 7 === 0) log.addStatement(anObservation(about), rebuilder);
      if (i % 60 === 59) log.seal();
    }
    log.seal();
    expect(await kindsOf(log)).toEqual([]);
  });

  it('needs releases that it read long before, and reads them again', async () => {
    const scene = sealedScene();
    const store = new MemoryAuditStore();
    await (await audited(scene.log, store)).audit();
    scene.observe(2);
    scene.log.seal();
    // Another process: nothing is remembered but what the store has.
    expect((await (await audited(scene.log, store)).audit()).findings).toEqual([]);
  });

  it('reads only what is new', async () => {
    const scene = sealedScene();
    const { audit, state } = await audited(scene.log);
    await audit();
    const read: string[] = [];
    state.override = (path) => void read.push(path);
    await audit();
    expect(read).toEqual(['checkpoint']);
  });

  it.each<[string, Parameters<typeof addRoot>[1], string[]]>([
    ['a wrong root', { root: '00'.repeat(32) }, ['wrong-root']],
    ['another size', { size: 3n }, ['wrong-size']],
    ['the origin of another log', { origin: 'other.example/log' }, ['foreign-root']],
    ['the signature of another key', { signer: ADMIN }, ['foreign-root']],
    ['everything wrong', { root: '00'.repeat(32), size: 1n, signer: ROOT }, ['foreign-root', 'wrong-size', 'wrong-root']],
  ])('finds an index root with %s', async (_what, root, kinds) => {
    const { log } = sealedScene();
    log.addStatement(anEnrolment(testSigner('another')), ADMIN);
    const index = Number(addRoot(log, root));
    expect(await kindsOf(log)).toEqual(kinds.map((kind) => [kind, index]));
  });

  it('finds an entry that the log left out of its index', async () => {
    const scene = sealedScene();
    const hidden = copyOf(scene.log);
    scene.observe(1, { result: 'differ' });
    // The root over everything but the dissent that was logged.
    const root = rootOver(hidden);
    const index = Number(addRoot(scene.log, { root }));
    expect(await kindsOf(scene.log)).toEqual([['wrong-root', index]]);
  });

  it('finds a published size without an index root, and two in a row', async () => {
    const { log } = sealedScene();
    log.addStatement(anEnrolment(testSigner('another')), ADMIN);
    expect(await kindsOf(log)).toEqual([['missing-root', Number(log.size) - 1]]);
    addRoot(log);
    const second = Number(addRoot(log));
    expect(await kindsOf(log)).toEqual([['two-roots', second]]);
  });

  it('holds a published size against the log later, when it was not read to its end then', async () => {
    const { log } = sealedScene();
    const rebuilder = testSigner('another');
    while (log.size < 300n) log.addStatement(anEnrolment(rebuilder), ADMIN);
    const { audit, state } = await audited(log);
    state.override = (path) => (path.startsWith('tile/entries/001') ? null : undefined);
    await expect(audit()).rejects.toMatchObject({ code: 'not-found' });
    state.override = () => undefined;
    log.addStatement(anEnrolment(rebuilder), ADMIN);
    log.seal();
    expect((await audit()).findings).toMatchObject([{ kind: 'missing-root', index: 299 }]);
  });

  it('finds what no log admits', async () => {
    const { log } = sealedScene();
    const index = Number(log.add(utf8Encode('{}')));
    addRoot(log);
    expect(await kindsOf(log)).toEqual([['malformed-entry', index]]);
  });

  it('never forgets a finding, and saves the evidence once, before it', async () => {
    const scene = sealedScene();
    const { log } = scene;
    scene.observe(1);
    const index = addRoot(log, { root: '00'.repeat(32) });
    const { audit, evidenceFolder } = await audited(log);
    const first = await audit();
    scene.observe(2);
    addRoot(log);
    expect(await audit()).toMatchObject({ findings: first.findings, evidencePath: first.evidencePath, position: { next: log.size } });
    expect(readdirSync(evidenceFolder)).toHaveLength(1);
    const evidence = JSON.parse(readFileSync(first.evidencePath!, 'utf8')) as {
      code: string;
      served: string;
      entry: string;
      inclusion: { index: string; proof: string[] };
    };
    const { checkpoint } = openCheckpoint(utf8Encode(evidence.served), logKey(log), verifyEd25519);
    const leaf = hashLeaf(fromBase64(evidence.entry));
    expect(verifyInclusion(index, checkpoint.size, leaf, evidence.inclusion.proof.map(fromBase64), checkpoint.root)).toBe(true);
    expect(evidence.code).toBe('bad-index');
  });

  it('follows rotations of the log key', async () => {
    const { log } = sealedScene();
    const next = testSigner(log.origin, 'next');
    log.addStatement(makeControl({ action: 'rotate', origin: log.origin, key: 'log', old: log.vkey, vkey: vkeyOf(next) }), ROOT, next);
    addRoot(log, { signer: next });
    expect(await kindsOf(log)).toEqual([]);
    log.addStatement(anEnrolment(testSigner('another')), ADMIN);
    const index = Number(addRoot(log, { signer: testSigner(log.origin, 'stranger') }));
    expect(await kindsOf(log)).toEqual([['foreign-root', index]]);
  });

  it('remembers the newest of a log’s keys, each once, however many it names', async () => {
    const { log } = sealedScene();
    const keys = [log.signer, ...Array.from({ length: 70 }, (_, i) => testSigner(log.origin, `${i}`))];
    for (const [i, next] of [...keys.slice(1), keys[70]!].entries()) {
      const rotation = {
        action: 'rotate',
        origin: log.origin,
        key: 'log',
        old: vkeyOf(keys[Math.min(i, 69)]!),
        vkey: vkeyOf(next),
      } as const;
      log.addStatement(makeControl(rotation), ROOT, next);
    }
    addRoot(log, { signer: keys.at(-1)! });
    const store = new MemoryAuditStore();
    expect((await (await audited(log, store)).audit()).findings).toEqual([]);
    expect(JSON.parse(store.load()!.state)).toMatchObject({ vkeys: keys.slice(-64).map((key) => vkeyOf(key)) });
  });

  it('leaves a predecessor’s index roots alone, and holds a successor to its own', async () => {
    const { log } = sealedScene();
    const successor = copyOf(log, 'next.example/log');
    const predecessor = { origin: log.origin, size: Number(log.size), root: toHex(log.root()) };
    const { predicate } = aGenesis(successor.origin) as { predicate: ControlAction<'genesis'> };
    successor.addStatement(makeControl({ ...predicate, predecessor }), ROOT);
    addRoot(successor);
    expect(await kindsOf(successor)).toEqual([]);
    successor.addStatement(aRelease(), testSigner('registrar-npm'));
    const index = Number(addRoot(successor, { origin: log.origin, signer: log.signer }));
    expect(await kindsOf(successor)).toEqual([['foreign-root', index]]);
  });

  it('refuses a store that holds something else', async () => {
    const { log } = sealedScene();
    const store = new MemoryAuditStore();
    await (await audited(log, store)).audit();
    const { state } = store.load()!;
    for (const damage of ['', '{}', state.replace('"version":1', '"version":9'), ` ${state}`]) {
      store.commit(0n, null, damage);
      expect(() => new IndexAuditor({ logKey: logKey(log), store, evidenceFolder: null })).toThrow(
        expect.objectContaining({ code: 'unusable' }),
      );
    }
  });
});
