import { join } from 'node:path';
import {
  addPairs,
  addPairsSync,
  MemoryNodeStore,
  provePrefixSync,
  rootOf,
  rootOfPairs,
  verifyPrefix,
  type Pair,
} from '@verbatim/index-map';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openDatabase, type OwnedDatabase } from './database.ts';
import { EMPTY_INDEX, INDEX_SCHEMA, IndexStore } from './index-store.ts';
import { temporaryFolder } from './_temporary.ts';

const open = (path: string): OwnedDatabase => openDatabase(path, { migrations: [INDEX_SCHEMA], create: true });

/** Pair i, in bytes that look random. */
function pair(i: number): Pair {
  const key = Uint8Array.from({ length: 8 }, (_, at) => (i * 2_654_435_761 + at * 40_503 * i) >> (at * 3));
  return { key: Uint8Array.of(...key, i >> 8, i & 0xff), value: Uint8Array.of(i & 0xff) };
}
const pairs = (from: number, to: number): Pair[] => Array.from({ length: to - from }, (_, i) => pair(from + i));
const countNodes = (db: OwnedDatabase): number => db.prepare<[], number>('SELECT count(*) FROM index_nodes').pluck().get()!;

/** Adds the pairs up to `to` to the newest state, as the batch that makes the log as many entries long. */
function grow(db: OwnedDatabase, store: IndexStore, to: number): void {
  const { map } = store.newest();
  db.transaction(() => store.apply(BigInt(to), addPairsSync(store, map, pairs(map.size, to))))();
}

const sizes = fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 8 }).map((all) => all.toSorted((a, b) => a - b));

test('every state is kept until it is pruned, also after reopening, and then exactly the newest map is left', () => {
  fc.assert(
    fc.property(sizes, fc.nat(7), (all, pick) => {
      const path = join(temporaryFolder(), 'index.sqlite');
      {
        using db = open(path);
        const store = new IndexStore(db);
        expect(store.newest()).toEqual(EMPTY_INDEX);
        for (const size of all) grow(db, store, size);
      }
      using db = open(path);
      const store = new IndexStore(db);
      const published = all[pick % all.length]!;
      store.prune(BigInt(published));
      for (const size of all) {
        const state = store.at(BigInt(size));
        if (size < published) expect(state).toBeNull();
        else expect(rootOf(state!.map)).toEqual(rootOfPairs(pairs(0, size)));
        if (state === null) continue;
        const { pairs: found, proof } = provePrefixSync(store, state.map, new Uint8Array());
        expect(found).toHaveLength(size);
        expect(verifyPrefix(rootOf(state.map), new Uint8Array(), found, proof)).toBe(true);
      }
      const last = all.at(-1)!;
      expect(store.newest()).toEqual(store.at(BigInt(last)));
      store.prune(BigInt(last));
      expect(countNodes(db)).toBe(2 * last - 1);
    }),
    { numRuns: 12 },
  );
});

test('the nodes and states are those of a map in memory', async () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  const store = new IndexStore(db);
  const memory = new MemoryNodeStore();
  let state = EMPTY_INDEX.map;
  for (const size of [1, 2, 30, 31, 90]) {
    grow(db, store, size);
    const change = await addPairs(memory, state, pairs(state.size, size));
    memory.apply(change);
    state = change.state;
    expect(store.newest().map).toEqual(state);
  }
  const fresh = new IndexStore(db);
  for (let id = 1; id < state.nextId; id++) expect(fresh.readSync([id])).toEqual(memory.readSync([id]));
});

test('a batch whose transaction is rolled back is not there', () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  grow(db, new IndexStore(db), 10);
  const failing = db.transaction(() => {
    grow(db, new IndexStore(db), 20);
    throw new Error('on the way');
  });
  expect(failing).toThrow('on the way');
  const store = new IndexStore(db);
  expect(store.newest().size).toBe(10n);
  expect(countNodes(db)).toBe(19);
  grow(db, store, 20);
  expect(rootOf(store.newest().map)).toEqual(rootOfPairs(pairs(0, 20)));
});

test('pruning to a size that has no state forgets nothing, and the same size twice is once', () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  const store = new IndexStore(db);
  grow(db, store, 3);
  grow(db, store, 9);
  const before = countNodes(db);
  store.prune(5n);
  expect(store.at(3n)).not.toBeNull();
  expect(countNodes(db)).toBe(before);
  store.prune(9n);
  store.prune(9n);
  expect(countNodes(db)).toBe(17);
  expect(store.at(3n)).toBeNull();
});

test('a row that is missing or altered is an error, not an answer', () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  grow(db, new IndexStore(db), 9);
  const malformed = expect.objectContaining({ code: 'malformed-node' });
  const { map } = new IndexStore(db).newest();
  const { node } = db.prepare<[number], { node: Buffer }>('SELECT node FROM index_nodes WHERE id = ?').get(map.top!.id)!;
  const altered = Uint8Array.from(node);
  altered[altered.length - 1]! ^= 1;
  db.prepare('UPDATE index_nodes SET node = ? WHERE id = ?').run(altered, map.top!.id);
  expect(() => grow(db, new IndexStore(db), 10)).toThrow(malformed);
  db.prepare('DELETE FROM index_nodes WHERE id = ?').run(map.top!.id);
  expect(() => grow(db, new IndexStore(db), 10)).toThrow(malformed);
});
