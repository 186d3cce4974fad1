/** The kit itself must be right: tests of other packages lean on it. */
import { lookupKey, verifyLookup } from '@verbatim/index-map';
import { decodeEntry, keyidOf, verifySignatures } from '@verbatim/statements';
import {
  bytesEqual,
  fromHex,
  hashLeaf,
  openCheckpoint,
  parseVkey,
  toHex,
  verifyConsistency,
  verifyCosignature,
  verifyEd25519Pure,
  verifyInclusion,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { describe, expect, test } from 'vitest';
import {
  InMemoryLog,
  Scene,
  aRevocation,
  anEnrolment,
  digestsOf,
  contentOf,
  fixedClock,
  forgeEntry,
  forkedLog,
  indexPairs,
  indexRoot,
  proveLookup,
  testSigner,
  testVkey,
  withByteChanged,
  withEntryRewritten,
} from './index.ts';

const someLog = (entries: number): InMemoryLog => {
  const log = new InMemoryLog();
  for (let index = 0; index < entries; index++) log.add(new TextEncoder().encode(`entry ${index}`));
  return log;
};

describe('the log in memory', () => {
  test('proves the inclusion of every entry at every size', () => {
    const log = someLog(70);
    for (let size = 1n; size <= log.size; size++) {
      for (let index = 0n; index < size; index++) {
        expect(verifyInclusion(index, size, log.leafHash(index), log.inclusionProof(index, size), log.root(size))).toBe(true);
      }
    }
  });

  test('proves that it only grows', () => {
    const log = someLog(40);
    for (let size = 1n; size <= log.size; size++) {
      expect(verifyConsistency(size, log.size, log.consistencyProof(size), log.root(size), log.root())).toBe(true);
    }
  });

  test('signs checkpoints that its key opens, with cosignatures that verify', () => {
    const witness = testSigner('witness.example/w1');
    const log = new InMemoryLog({ witnesses: [witness] });
    log.add(Uint8Array.of(1));
    const { checkpoint, note } = openCheckpoint(log.checkpoint({ timestamp: 1700000000 }), parseVkey(log.vkey), verifyEd25519);
    expect(checkpoint.size).toBe(1n);
    expect(bytesEqual(checkpoint.root, hashLeaf(Uint8Array.of(1)))).toBe(true);
    const key = parseVkey(testVkey(witness.name, 0x04));
    const line = note.signatures.find(({ name }) => name === witness.name)!;
    expect(verifyCosignature(note.text, line, key, verifyEd25519Pure)).toBe(1700000000n);
  });

  test('serves full and partial tiles at their paths, and nothing beyond its size', () => {
    const log = someLog(300);
    expect([...log.tiles().keys()]).toEqual([
      'checkpoint',
      'tile/0/000',
      'tile/entries/000',
      'tile/0/001.p/44',
      'tile/entries/001.p/44',
      'tile/1/000.p/1',
    ]);
    expect(toHex(log.read('tile/0/001.p/44')!.subarray(0, 32))).toBe(toHex(log.leafHash(256n)));
    expect(bytesEqual(log.read('tile/1/000.p/1')!, log.root(256n))).toBe(true);
    expect(log.read('tile/0/001')).toBe(null);
    expect(log.read('tile/0/1')).toBe(null);
  });

  test('forks with the same key and another root', () => {
    const log = someLog(5);
    const fork = forkedLog(log, 4n);
    fork.add(Uint8Array.of(9));
    expect(fork.size).toBe(log.size);
    expect(bytesEqual(fork.root(4n), log.root(4n))).toBe(true);
    expect(bytesEqual(fork.root(), log.root())).toBe(false);
    expect(openCheckpoint(fork.checkpoint(), parseVkey(log.vkey), verifyEd25519).checkpoint.size).toBe(5n);
  });

  test('is rewritten in a bundle and its tile, and nowhere else', () => {
    const log = someLog(300);
    const honest = log.tiles();
    const changed = [...withEntryRewritten(log, 257n, Uint8Array.of(7))].filter(([path, bytes]) => !bytesEqual(bytes, honest.get(path)!));
    expect(changed.map(([path]) => path)).toEqual(['tile/0/001.p/44', 'tile/entries/001.p/44']);
  });
});

describe('the index of the log in memory', () => {
  const scene = new Scene();
  for (const position of [0, 1, 2]) scene.observe(position, position === 2 ? { result: 'differ' } : {});
  const { log } = scene;
  const size = log.seal();
  const { sha256: file } = digestsOf(contentOf('linux-x64/bin/esbuild'));
  const lookups = [
    { type: 'artifact', value: file },
    { type: 'artifact', value: '0'.repeat(64) },
    { type: 'release', value: 'pkg:npm/esbuild@0.25.0' },
    { type: 'control', value: log.origin },
  ] as const;

  test('is sealed once by an entry that states its root', () => {
    expect(log.seal()).toBe(size);
    const { statement } = decodeEntry(log.entry(size - 1n));
    expect(statement.predicate).toMatchObject({ action: 'index-root', origin: log.origin, size: Number(size - 1n) });
  });

  test('has the root and the proofs that the definition of the map gives', () => {
    const entries = Array.from({ length: Number(size - 1n) }, (_, i) => log.entry(BigInt(i)));
    const pairs = indexPairs(entries, log.origin);
    const root = indexRoot(pairs);
    expect(decodeEntry(log.entry(size - 1n)).statement.predicate).toMatchObject({ root: toHex(root) });
    for (const { lookup, entries: found, proof } of log.index(lookups)) {
      const key = lookupKey(lookup.type, lookup.value);
      expect(toHex(proof)).toBe(toHex(proveLookup(pairs, lookup)));
      const indexed = found.map((index) => ({ index, leafHash: log.leafHash(index) }));
      expect(verifyLookup(root, key, indexed, proof)).toBe(true);
      expect(verifyLookup(root, key, indexed.slice(1), proof)).toBe(indexed.length === 0);
    }
    expect(log.index(lookups).map(({ entries: found }) => found.length)).toEqual([4, 0, 4, 1]);
  });
});

describe('the scene', () => {
  test('has only entries that decode and verify', () => {
    const scene = new Scene();
    scene.observe(0);
    scene.observe(1, { result: 'differ' });
    scene.observe(2, { result: 'input-unavailable' });
    scene.observe(2, { result: 'timeout', attempt: 2 });
    scene.log.addStatement(aRevocation(scene.rebuilders[0]!), scene.admin);
    const keys = [scene.root, scene.admin, scene.registrar, ...scene.rebuilders].map((signer) => ({
      keyid: keyidOf(signer.name, signer.publicKey),
      publicKey: signer.publicKey,
    }));
    expect(scene.everything()).toHaveLength(11);
    for (const { entry, index, proof } of scene.everything()) {
      expect(verifySignatures(decodeEntry(entry).envelope, keys, verifyEd25519)).toHaveLength(1);
      expect(verifyInclusion(index, scene.log.size, hashLeaf(entry), proof, scene.log.root())).toBe(true);
    }
  });

  test('forges entries whose signatures verify and whose statements do not decode', () => {
    const liar = testSigner('liar');
    const entry = forgeEntry({ ...anEnrolment(liar), subject: [] }, [liar]);
    expect(() => decodeEntry(entry)).toThrow('subject');
  });
});

test('the clock moves only when it is told to', () => {
  const clock = fixedClock('2026-01-01T00:00:00Z');
  expect(clock.text()).toBe('2026-01-01T00:00:00Z');
  clock.advance(3661);
  expect(clock.text()).toBe('2026-01-01T01:01:01Z');
  expect(clock.now().getTime()).toBe(clock.seconds() * 1000);
});

test('a byte is changed in a copy', () => {
  const bytes = fromHex('00ff');
  expect(toHex(withByteChanged(bytes))).toBe('00fe');
  expect(toHex(bytes)).toBe('00ff');
});
