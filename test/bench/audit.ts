/**
 * How fast a log's index is audited, against reading the same entries with every proof checked, in one run. The log is a folder: no network, no
 * log service. Each release has three artifacts and each artifact nine observations; every 16 entries an index root.
 * Usage: node test/bench/audit.ts [entries]. Prints medians of three alternating rounds; asserts only that the audit finds nothing.
 */
import { catchUp, type AuditStore, IndexAuditor, LogReader, MemoryAuditStore, openSource } from '@verbatim/client';
import { addPairsSync, EMPTY_MAP, lookupKey, mapKey, MemoryNodeStore, rootOf } from '@verbatim/index-map';
import { SqliteAuditStore } from '@verbatim/service-kit/audit-store';
import { decodeEntry, lookupsOf, makeControl, type ReleaseStatement, signStatement, type Statement } from '@verbatim/statements';
import { aGenesis, anArtifact, anObservation, aRelease, InMemoryLog, ROOT, testSigner } from '@verbatim/testkit';
import { hashLeaf, parseVkey, toHex, type Signer } from '@verbatim/tlog';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { table } from './_process.ts';

const ENTRIES = BigInt(Number.parseInt(process.argv[2] ?? '8000', 10));
const BATCH = 16n;
const ROUNDS = 3;
const ARTIFACTS = ['linux-x64', 'linux-arm64', 'darwin-arm64'];

const registrar = testSigner('registrar-npm');
const rebuilders = Array.from({ length: 9 }, (_, i) => testSigner(`rebuilder-${i}`));

/** Ends each batch with the index root, as a log does. */
class Builder {
  readonly log = new InMemoryLog();
  readonly #nodes = new MemoryNodeStore();
  readonly #releases = new Map<number, ReleaseStatement>();
  #map = EMPTY_MAP;

  add(statement: Statement, signer: Signer): bigint {
    const { log } = this;
    const entry = signStatement(statement, [signer]);
    const index = log.add(entry);
    if (statement.predicateType === 'urn:verbatim:release:v1') this.#releases.set(Number(index), statement);
    const releaseAt = (at: number): ReleaseStatement | null => this.#releases.get(at) ?? null;
    const lookups = lookupsOf(statement, { origin: log.origin, releaseAt });
    const value = hashLeaf(entry);
    const change = addPairsSync(
      this.#nodes,
      this.#map,
      lookups.map((lookup) => ({ key: mapKey(lookupKey(lookup.type, lookup.value), index), value })),
    );
    this.#nodes.apply(change);
    this.#nodes.prune(change.superseded);
    this.#map = change.state;
    if (log.size % BATCH === BATCH - 1n) this.seal();
    return index;
  }

  seal(): void {
    const { log } = this;
    const said = { action: 'index-root', origin: log.origin, size: Number(log.size), root: toHex(rootOf(this.#map)) } as const;
    log.addStatement(makeControl(said), log.signer);
  }
}

function build(): InMemoryLog {
  const builder = new Builder();
  const { log } = builder;
  builder.add(aGenesis(log.origin), ROOT);
  for (let number = 0; log.size < ENTRIES; number++) {
    const release = aRelease({
      purl: `pkg:npm/esbuild@0.${number}.0`,
      artifacts: ARTIFACTS.map((name) => anArtifact({ name: `${name}/${number}` })),
    });
    const index = builder.add(release, registrar);
    const about = { origin: log.origin, release, index, leafHash: log.leafHash(index) };
    for (const rebuilder of rebuilders) {
      for (const name of ARTIFACTS) builder.add(anObservation({ ...about, rebuilder, artifact: `${name}/${number}` }), rebuilder);
    }
  }
  builder.seal();
  return log;
}

const folder = mkdtempSync(join(tmpdir(), 'verbatim-bench-'));
try {
  const log = build();
  let bytes = 0;
  for (const [path, content] of log.tiles()) {
    mkdirSync(dirname(join(folder, 'log', path)), { recursive: true });
    writeFileSync(join(folder, 'log', path), content);
    if (path.startsWith('tile/entries/')) bytes += content.length;
  }
  const url = pathToFileURL(join(folder, 'log')).href;
  const open = async (): Promise<LogReader> => new LogReader({ source: await openSource(url), logKey: parseVkey(log.vkey) });

  const read = async (decode: boolean): Promise<void> => {
    const { tree } = await (await open()).latest();
    for await (const { entry } of tree.entries(0n)) if (decode) decodeEntry(entry);
  };
  const audit = async (store: AuditStore): Promise<void> => {
    const auditor = new IndexAuditor({ logKey: parseVkey(log.vkey), store, evidenceFolder: null });
    await catchUp(await open(), auditor, { evidenceFolder: null });
    const { findings, position } = auditor.report();
    if (findings.length > 0 || position?.next !== log.size) throw new Error('the audit found something in an honest log');
  };
  let database = '';
  const work: Record<string, () => Promise<void>> = {
    'read, every tile and bundle verified': () => read(false),
    'read and decoded': () => read(true),
    'audited, map in memory': () => audit(new MemoryAuditStore()),
    'audited, map in SQLite (synchronous=FULL)': async () => {
      database = join(mkdtempSync(join(folder, 'audit-')), 'index.sqlite');
      using store = SqliteAuditStore.open(database);
      await audit(store);
    },
  };
  // Of this process's CPU, so that a busy machine does not count.
  const seconds = new Map<string, number[]>(Object.keys(work).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(work)) {
      const before = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(before);
      seconds.get(name)!.push((user + system) / 1e6);
    }
  }
  const median = (name: string): number => seconds.get(name)!.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
  const plain = median('read, every tile and bundle verified');
  console.log(`${log.size} entries, ${Math.round(bytes / Number(log.size))} bytes each, an index root every ${BATCH}\n`);
  table(
    Object.keys(work).map((name) => ({
      what: name,
      'entries / CPU s': Math.round(Number(log.size) / median(name)),
      'CPU, reading = 1': (median(name) / plain).toFixed(2),
    })),
  );
  console.log(`\nthe audit's database: ${Math.round(statSync(database).size / Number(log.size))} bytes an entry`);
} finally {
  rmSync(folder, { recursive: true });
}
