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
function grow(store: IndexStore, to: number): void {
  const { map } = store.newest();
  store.apply(BigInt(to), addPairsSync(store, map, pairs(map.size, to)));
}
const write = (db: OwnedDatabase, store: IndexStore): void => db.transaction(() => store.write())();

/** Growth by so many pairs, and what else a log does in between: publish its newest or an older size, write, be killed. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('grow' as const), by: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ kind: fc.constant('publish' as const), back: fc.nat(3) }),
    fc.record({ kind: fc.constantFrom('write' as const, 'kill' as const) }),
  ),
  { minLength: 3, maxLength: 24 },
);

test('every state from the published one on can be read, and after a kill those that were written; pruned, exactly the newest map is left', () => {
  fc.assert(
    fc.property(steps, (all) => {
      using db = open(join(temporaryFolder(), 'index.sqlite'));
      let store = new IndexStore(db);
      let [sizes, written]: [number[], number[]] = [[], []];
      for (const step of all) {
        if (step.kind === 'grow') {
          const size = (sizes.at(-1) ?? 0) + step.by;
          sizes = sizes.concat(size);
          grow(store, size);
        } else if (step.kind === 'publish') {
          const at = Math.max(sizes.length - 1 - step.back, 0);
          if (sizes.length > 0) store.prune(BigInt(sizes[at]!));
          sizes = sizes.slice(at);
        } else if (step.kind === 'write') {
          write(db, store);
          written = sizes;
        } else {
          store = new IndexStore(db);
          sizes = written;
        }
        expect(store.newest().size).toBe(BigInt(sizes.at(-1) ?? 0));
        for (const size of sizes) expectWhole(store, size);
      }
      if (sizes.length === 0) return;
      store.prune(BigInt(sizes.at(-1)!));
      write(db, store);
      expect(countNodes(db)).toBe(2 * sizes.at(-1)! - 1);
      expect(db.prepare('SELECT count(*) FROM index_states').pluck().get()).toBe(1);
    }),
    { numRuns: 60 },
  );
});

function expectWhole(store: IndexStore, size: number): void {
  const { map } = store.at(BigInt(size))!;
  expect(rootOf(map)).toEqual(rootOfPairs(pairs(0, size)));
  const { pairs: found, proof } = provePrefixSync(store, map, new Uint8Array());
  expect(found).toHaveLength(size);
  expect(verifyPrefix(rootOf(map), new Uint8Array(), found, proof)).toBe(true);
}

test('what is superseded and pruned before it is written is never written', () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  const store = new IndexStore(db);
  for (let size = 1; size <= 40; size++) {
    grow(store, size);
    store.prune(BigInt(size));
  }
  expect(store.unwritten).toBe(79);
  expect(countNodes(db)).toBe(0);
  write(db, store);
  expect(store.unwritten).toBe(0);
  expect(countNodes(db)).toBe(79);
});

test('the nodes and states are those of a map in memory', async () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  const store = new IndexStore(db);
  const memory = new MemoryNodeStore();
  let state = EMPTY_INDEX.map;
  for (const size of [1, 2, 30, 31, 90]) {
    grow(store, size);
    const change = await addPairs(memory, state, pairs(state.size, size));
    memory.apply(change);
    state = change.state;
    expect(store.newest().map).toEqual(state);
  }
  write(db, store);
  const fresh = new IndexStore(db);
  for (let id = 1; id < state.nextId; id++) expect(fresh.readSync([id])).toEqual(memory.readSync([id]));
});

test('what could not be written is not there', () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  const first = new IndexStore(db);
  grow(first, 10);
  write(db, first);
  const failing = db.transaction(() => {
    grow(first, 20);
    first.write();
    throw new Error('on the way');
  });
  expect(failing).toThrow('on the way');
  const store = new IndexStore(db);
  expect(store.newest().size).toBe(10n);
  expect(countNodes(db)).toBe(19);
  grow(store, 20);
  expectWhole(store, 20);
});

test('pruning to a size that has no state forgets nothing, and the same size twice is once', () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  const store = new IndexStore(db);
  grow(store, 3);
  grow(store, 9);
  store.prune(5n);
  expectWhole(store, 3);
  store.prune(9n);
  store.prune(9n);
  expect(store.unwritten).toBe(17);
  expect(store.at(3n)).toBeNull();
});

test('a row that is missing or altered is an error, not an answer', () => {
  using db = open(join(temporaryFolder(), 'index.sqlite'));
  const sound = new IndexStore(db);
  grow(sound, 9);
  write(db, sound);
  const malformed = expect.objectContaining({ code: 'malformed-node' });
  const { map } = new IndexStore(db).newest();
  const { node } = db.prepare<[number], { node: Buffer }>('SELECT node FROM index_nodes WHERE id = ?').get(map.top!.id)!;
  const altered = Uint8Array.from(node);
  altered[altered.length - 1]! ^= 1;
  db.prepare('UPDATE index_nodes SET node = ? WHERE id = ?').run(altered, map.top!.id);
  expect(() => grow(new IndexStore(db), 10)).toThrow(malformed);
  db.prepare('DELETE FROM index_nodes WHERE id = ?').run(map.top!.id);
  expect(() => grow(new IndexStore(db), 10)).toThrow(malformed);
});
