import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addPairsSync, lookupKey, mapKey, provePrefixSync, type LookupType, type Pair } from '@verbatim/index-map';
import { INDEX_SCHEMA, IndexStore, openDatabase } from '@verbatim/service-kit';
import { hashLeaf, hashNode, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { table } from './_process.ts';

/**
 * What the index costs a log, on a real database: CPU of a batch (user and system: reading, hashing, writing, committing, and pruning the state
 * before) in maps of 10^3, 10^5 and 10^6 entries, alone and in batches, beside node hashes of the same run; and of one answer. Per log2 of the
 * size it must not grow.
 *
 *   node test/bench/index-store.ts [ENTRIES…]
 */
const given = process.argv.slice(2).map(Number);
const SIZES = given.length > 0 ? given : [1_000, 100_000, 1_000_000];
const WIDTHS = [1, 16, 256];
const MEASURED = 1_024;
/** Nodes (services/log/src/store/log-index.ts). */
const WRITTEN_AT = 8_192;
const REBUILDERS = 20;

const digestOf = (text: string): string => toHex(sha256(utf8Encode(text)));

/** Four lookup keys an entry, as an observation has that matched: five of them about one file, by twenty rebuilders. */
function pairsOf(entry: number): Pair[] {
  const leafHash = hashLeaf(utf8Encode(`entry ${entry}`));
  const file = Math.floor(entry / 5);
  const lookups: [LookupType, string][] = [
    ['artifact', digestOf(`file ${file}`)],
    ['observed', digestOf(`file ${file}`)],
    ['release', `pkg:npm/file@${file}`],
    ['rebuilder', digestOf(`rebuilder ${entry % REBUILDERS}`)],
  ];
  return lookups.map(([type, value]) => ({ key: mapKey(lookupKey(type, value), BigInt(entry)), value: leafHash }));
}

const folder = await mkdtemp(join(tmpdir(), 'verbatim-bench-'));
try {
  using db = openDatabase(join(folder, 'index.db'), { migrations: [INDEX_SCHEMA], create: true });
  const store = new IndexStore(db);
  let size = 0;
  // As the log does: in the transaction of its entries, and written when enough has gathered.
  const add = db.transaction((pairs: readonly Pair[], end: number) => {
    store.apply(BigInt(end), addPairsSync(store, store.newest().map, pairs));
    if (store.unwritten >= WRITTEN_AT) store.write();
  });
  /** Microseconds of CPU for one batch. */
  const grow = (width: number): number => {
    const pairs = Array.from({ length: width }, (_, i) => pairsOf(size + i)).flat();
    size += width;
    const began = process.cpuUsage();
    add(pairs, size);
    store.prune(BigInt(size));
    const { user, system } = process.cpuUsage(began);
    return user + system;
  };
  const mean = (rounds: number, work: () => number): number => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) sum += work();
    return sum / rounds;
  };
  const cpu = (work: () => void): number => {
    const began = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(began);
    return user + system;
  };

  const rows = [];
  for (const target of SIZES) {
    for (let at = size; at < target; at += 2_000) grow(Math.min(2_000, target - at));
    const some = hashLeaf(new Uint8Array(1));
    const hash = cpu(() => {
      for (let i = 0; i < 50_000; i++) hashNode(some, some);
    });
    const costs = WIDTHS.map((width) => mean(Math.max(MEASURED / width / 4, 4), () => grow(width)) / width);
    const { map } = store.newest();
    let at = 0;
    const answer = mean(1_000, () => {
      const lookup = pairsOf((at += 7919) % target)[at % 3]!.key.slice(0, 32);
      return cpu(() => void provePrefixSync(store, map, lookup));
    });
    const log2 = Math.log2(map.size);
    db.transaction(() => store.write())();
    const nodes = db.prepare<[], number>('SELECT count(*) FROM index_nodes').pluck().get()!;
    if (nodes !== 2 * map.size - 1) throw new Error(`expected ${2 * map.size - 1} nodes after pruning; found ${nodes}`);
    const { size: bytes } = await stat(join(folder, 'index.db'));
    rows.push({
      entries: target,
      pairs: map.size,
      ...Object.fromEntries(WIDTHS.map((width, i) => [`µs CPU / entry in ${width}`, costs[i]!.toFixed(0)])),
      ...Object.fromEntries(
        WIDTHS.map((width, i) => [`in node hashes per log2, in ${width}`, ((costs[i]! / hash) * 50_000) / log2]).map(([k, v]) => [
          k,
          (v as number).toFixed(1),
        ]),
      ),
      'µs CPU / answer': answer.toFixed(0),
      'bytes on disk / entry': (bytes / size).toFixed(0),
      'RSS MiB': (process.memoryUsage().rss / 2 ** 20).toFixed(0),
    });
  }
  table(rows);
} finally {
  await rm(folder, { recursive: true });
}
