import { addPairsSync, EMPTY_MAP, MemoryNodeStore, rootOf, type Pair } from '@verbatim/index-map';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SqliteAuditStore } from './audit-store.ts';
import { temporaryFolder } from './_temporary.ts';

const pairs = (from: number, to: number): Pair[] =>
  Array.from({ length: to - from }, (_, i) => ({ key: Uint8Array.of((from + i) * 37, from + i), value: Uint8Array.of(i) }));

test('map and state are kept together, and found again by the next process', () => {
  const path = join(temporaryFolder(), 'audit.sqlite');
  const memory = new MemoryNodeStore();
  let expected = EMPTY_MAP;
  for (let batch = 0; batch < 5; batch++) {
    using store = SqliteAuditStore.open(path);
    const kept = store.load();
    expect(kept === null ? null : [rootOf(kept.map), kept.state]).toEqual(batch === 0 ? null : [rootOf(expected), `batch ${batch - 1}`]);
    const added = pairs(batch * 20, batch * 20 + 20);
    const change = addPairsSync(store, kept?.map ?? EMPTY_MAP, added);
    store.commit(BigInt(batch + 1), change, `batch ${batch}`);
    const again = addPairsSync(memory, expected, added);
    memory.apply(again);
    expected = again.state;
  }
});

test('the state moves without the map, and a commit that fails moves neither', () => {
  using store = SqliteAuditStore.open(join(temporaryFolder(), 'audit.sqlite'));
  const change = addPairsSync(store, EMPTY_MAP, pairs(0, 10));
  store.commit(10n, change, 'ten');
  store.commit(12n, null, 'twelve');
  expect(store.load()).toEqual({ map: change.state, state: 'twelve' });
  // The same nodes once more: their numbers are taken.
  expect(() => store.commit(20n, change, 'twenty')).toThrow(/UNIQUE/);
  expect(store.load()).toEqual({ map: change.state, state: 'twelve' });
});
