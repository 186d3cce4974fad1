import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { concatBytes, formatAddCheckpoint, openNote, parseNote, parseVkey, utf8Encode, verifyCosignature } from '@verbatim/tlog';
import { createCosigner, MAX_SPLIT_VIEWS, type SplitView } from '@verbatim/service-kit';
import { generateSeed, mlDsaSignerFromSeed, signerFromSeed, verifyEd25519 } from '@verbatim/tlog/node';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { TestLog } from './_log.ts';
import { WitnessStore } from './store.ts';
import { Witness } from './witness.ts';

const seed = generateSeed();
const log = new TestLog({ seed, size: 40 });
const fork = new TestLog({ seed, size: 40, history: 'b' });
const cosigner = createCosigner(signerFromSeed('example.org/witness', generateSeed()));
const vkey = parseVkey(cosigner.vkey);

interface Setting {
  witness: Witness;
  store: WitnessStore;
  path: string;
  clock: { now: bigint };
  splitViews: SplitView[];
}

function setUp(): Setting {
  const folder = mkdtempSync(join(tmpdir(), 'witness-'));
  const path = join(folder, 'witness.sqlite');
  const store = WitnessStore.open(path, { create: true });
  onTestFinished(() => {
    store[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const clock = { now: 1000n };
  const splitViews: SplitView[] = [];
  const logs = new Map([[log.origin, [parseVkey(log.vkey)]]]);
  const now = (): bigint => clock.now;
  const onSplitView = (_: string, evidence: SplitView): void => void splitViews.push(evidence);
  return { witness: new Witness({ store, cosigner, logs, verify: verifyEd25519, now, onSplitView }), store, path, clock, splitViews };
}

/** Timestamp of the cosignature that a correct request gets. */
function cosign({ witness }: Setting, from: number, to: number): bigint {
  const answer = witness.addCheckpoint(log.request(from, to));
  if (answer.status !== 200) throw new Error(`expected 200, found ${answer.status}`);
  const { text } = parseNote(log.checkpoint(to));
  const [line] = parseNote(utf8Encode(`${text}\n${answer.lines}`)).signatures;
  return verifyCosignature(text, line!, vkey, verifyEd25519)!;
}

test('the same checkpoint again gets a cosignature of its time', () => {
  const setting = setUp();
  expect(cosign(setting, 0, 5)).toBe(1000n);
  setting.clock.now = 1600n;
  expect(cosign(setting, 5, 5)).toBe(1600n);
  expect(setting.store.head(log.origin)).toMatchObject({ size: 5n, timestamp: 1600n });
});

test('a witness with two keys answers with both lines, of one time, and shows both', () => {
  const setting = setUp();
  const mlDsa = mlDsaSignerFromSeed('example.org/witness', generateSeed());
  const both = createCosigner(signerFromSeed('example.org/witness', generateSeed()), mlDsa);
  const logs = new Map([[log.origin, [parseVkey(log.vkey)]]]);
  const witness = new Witness({ store: setting.store, cosigner: both, logs, verify: verifyEd25519, now: () => 1000n });
  const answer = witness.addCheckpoint(log.request(0, 5));
  if (answer.status !== 200) throw new Error(`expected 200, found ${answer.status}`);
  const keys = both.vkeys.map(parseVkey);
  const { text } = parseNote(log.checkpoint(5));
  const { signatures } = parseNote(utf8Encode(`${text}\n${answer.lines}`));
  expect(keys.map((key, i) => verifyCosignature(text, signatures[i]!, key, verifyEd25519))).toEqual([1000n, 1000n]);
  expect(openNote(setting.store.head(log.origin).checkpoint!, [...keys, parseVkey(log.vkey)], verifyEd25519).verified).toHaveLength(3);
});

test('timestamps are never zero and never go backwards, however the clock jumps', () => {
  const setting = setUp();
  const times = [0n, -5n, 0n, 1000n, 10n, 999n, 0n, 1001n, 1001n];
  const stamps = times.map((now, i) => {
    setting.clock.now = now;
    return cosign(setting, i === 0 ? 0 : 1 + ((i - 1) >> 1), 1 + (i >> 1));
  });
  expect(stamps).toEqual([1n, 1n, 1n, 1000n, 1000n, 1000n, 1000n, 1001n, 1001n]);
  expect(setting.witness.lastTimestamp()).toBe(1001n);
});

test('a clock that was set back stays corrected after a restart', () => {
  const setting = setUp();
  setting.clock.now = 5000n;
  cosign(setting, 0, 5);
  setting.store[Symbol.dispose]();
  const store = WitnessStore.open(setting.path, { create: false });
  onTestFinished(() => store[Symbol.dispose]());
  const logs = new Map([[log.origin, [parseVkey(log.vkey)]]]);
  const restarted = new Witness({ store, cosigner, logs, verify: verifyEd25519, now: () => 3n });
  expect(cosign({ ...setting, witness: restarted }, 5, 6)).toBe(5000n);
});

test('a request replayed within its second writes nothing to the disk', () => {
  const setting = setUp();
  cosign(setting, 0, 5);
  const written = (): number => statSync(`${setting.path}-wal`).size;
  const before = written();
  for (let i = 0; i < 20; i++) expect(cosign(setting, 5, 5)).toBe(1000n);
  expect(written()).toBe(before);
  setting.clock.now = 1001n;
  cosign(setting, 5, 5);
  expect(written()).toBeGreaterThan(before);
});

test('what was answered is committed: another connection reads it', () => {
  const setting = setUp();
  cosign(setting, 0, 5);
  const other = new Database(setting.path, { readonly: true });
  onTestFinished(() => void other.close());
  expect(other.prepare('SELECT origin, size, root FROM log').all()).toEqual([
    { origin: log.origin, size: 5, root: Buffer.from(log.root(5)) },
  ]);
});

test('the swap fails if the head is another one by now, and changes nothing', () => {
  const { store } = setUp();
  const next = (size: number): Parameters<WitnessStore['advance']>[2] => ({
    ...{ size: BigInt(size), root: log.root(size), timestamp: 1n, checkpoint: log.checkpoint(size) },
  });
  // tlog-witness's example: both requests were checked against 0, the longer one was written first.
  expect(store.advance(log.origin, 0n, next(8))).toBe(true);
  expect(store.advance(log.origin, 0n, next(5))).toBe(false);
  expect(store.advance('example.org/unknown', 0n, next(5))).toBe(false);
  expect(store.head(log.origin).size).toBe(8n);
});

test('sizes beyond 2^53 are kept exactly', () => {
  const { store } = setUp();
  const size = (1n << 63n) - 1n;
  store.advance(log.origin, 0n, { size, root: log.root(1), timestamp: size, checkpoint: log.checkpoint(1) });
  expect(store.head(log.origin)).toMatchObject({ size, timestamp: size });
});

test('a split view is kept with both signed checkpoints, once', () => {
  const { witness, store, splitViews } = setUp();
  witness.addCheckpoint(log.request(0, 5));
  for (let i = 0; i < 3; i++) expect(witness.addCheckpoint(fork.request(5, 5)).status).toBe(422);
  expect(witness.addCheckpoint(fork.request(0, 5)).status).toBe(409);
  expect(splitViews).toHaveLength(4);
  const [kept, ...more] = store.splitViews.list(log.origin);
  expect(more).toEqual([]);
  expect(kept!.size).toBe(5n);
  expect(parseNote(kept!.known).text).toBe(parseNote(log.checkpoint(5)).text);
  expect(new Uint8Array(kept!.conflicting)).toEqual(fork.checkpoint(5));
});

test('unsigned contradictions are no evidence', () => {
  const { witness, store } = setUp();
  witness.addCheckpoint(log.request(0, 5));
  const impostor = new TestLog({ history: 'c' });
  expect(witness.addCheckpoint(impostor.request(5, 5)).status).toBe(403);
  expect(store.splitViews.list(log.origin)).toEqual([]);
});

test('evidence does not fill the disk', () => {
  const { store } = setUp();
  for (let i = 0; i < MAX_SPLIT_VIEWS + 10; i++) {
    const root = new Uint8Array(32).fill(i);
    store.splitViews.add(log.origin, { size: 5n, root, known: log.checkpoint(5), conflicting: log.checkpoint(5, root) });
  }
  expect(store.splitViews.list(log.origin)).toHaveLength(MAX_SPLIT_VIEWS);
});

test('whatever two-faced log asks in whatever order, only one history is ever cosigned, and never a shorter one', () => {
  const step = fc.record({ forked: fc.boolean(), old: fc.nat(12), size: fc.nat(12), proofFrom: fc.nat(12) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const setting = setUp();
      let head = { size: 0, face: log };
      for (const { forked, old, size, proofFrom } of steps) {
        const face = forked ? fork : log;
        const honest = proofFrom > 0 && proofFrom < size ? face.proof(proofFrom, size) : [];
        const body = formatAddCheckpoint({ oldSize: BigInt(old), proof: honest, checkpoint: face.checkpoint(size) });
        const { status } = setting.witness.addCheckpoint(body);
        const sameHistory = head.size === 0 || face === head.face;
        const rightProof = old === 0 || old >= size ? honest.length === 0 : sameProof(honest, old, size, face);
        const expected = old > size ? 400 : old !== head.size ? 409 : sameHistory && rightProof ? 200 : 422;
        if (status !== expected) return false;
        if (status === 200) head = { size, face };
        if (setting.store.head(log.origin).size !== BigInt(head.size)) return false;
      }
      setting.store[Symbol.dispose]();
      return true;
    }),
    { numRuns: 60 },
  );
});

function sameProof(proof: Uint8Array[], from: number, to: number, of: TestLog): boolean {
  return Buffer.compare(concatBytes(...proof), concatBytes(...of.proof(from, to))) === 0;
}

test('no bytes make it fail otherwise than by a refusal', () => {
  const { witness } = setUp();
  const good = log.request(0, 5);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => [400, 403, 404].includes(witness.addCheckpoint(bytes).status)),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const { status } = witness.addCheckpoint(good.with(at, byte));
      // `old 5` for a witness that is at 5 is a good request too: it asks for a fresh cosignature.
      const refreshes = at === 'old '.length && byte === '5'.charCodeAt(0);
      if (good[at] === byte) return [200, 409].includes(status);
      return refreshes ? [200, 409, 422].includes(status) : status >= 400 && status < 500;
    }),
    { numRuns: 600 },
  );
});
