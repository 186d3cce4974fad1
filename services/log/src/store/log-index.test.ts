/** The index that the log keeps is the map made from its entries alone: for batches of every kind, over restarts, at each published size. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@verbatim/service-kit';
import { signStatement, type Statement } from '@verbatim/statements';
import { type Signer, toHex } from '@verbatim/tlog';
import { aGenesis, anArtifact, anEnrolment, anObservation, aRelease, aRevocation, testSigner } from '@verbatim/testkit';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { lookupKey } from '@verbatim/index-map';
import { expect, test } from 'vitest';
import { checkWholeLog, fromFolder } from '../_check-log.ts';
import { ORIGIN, REGISTRAR, startLog, temporaryFolder, type TestLog } from '../_log.ts';
import { LogIndex } from './log-index.ts';
import { MIGRATIONS } from './schema.ts';

const REBUILDERS = ['a', 'b', 'c'].map((name) => testSigner(`rebuilder-${name}`));
const results = ['match', 'differ', 'build-failed'] as const;

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), files: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('observe' as const),
      release: fc.nat(3),
      by: fc.nat(REBUILDERS.length - 1),
      result: fc.constantFrom(...results),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), by: fc.nat(REBUILDERS.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const) }) },
);
const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 });

/** What the entries of a run need to know of each other. */
interface World {
  readonly releases: { readonly statement: ReturnType<typeof aRelease>; readonly index: number; readonly leafHash: Uint8Array }[];
  attempts: number;
  last: Uint8Array | null;
}

function entryOf(log: TestLog, world: World, said: typeof step extends fc.Arbitrary<infer Step> ? Step : never): Uint8Array | null {
  const sign = (statement: Parameters<typeof signStatement>[0], signer: Signer): Uint8Array => signStatement(statement, [signer]);
  switch (said.kind) {
    case 'release': {
      const number = world.releases.length + world.attempts++;
      const artifacts = Array.from({ length: said.files }, (_, i) => anArtifact({ name: `r${number}/f${i}` }));
      return sign(aRelease({ purl: `pkg:npm/esbuild@0.${number}.0`, artifacts }), REGISTRAR);
    }
    case 'observe': {
      const release = world.releases[said.release % Math.max(world.releases.length, 1)];
      if (release === undefined) return null;
      const rebuilder = REBUILDERS[said.by]!;
      const about = { origin: ORIGIN, release: release.statement, index: release.index, leafHash: release.leafHash, rebuilder };
      return sign(anObservation(about, { result: said.result }), rebuilder);
    }
    case 'revoke':
      return sign(aRevocation(REBUILDERS[said.by]!, { compromisedSince: 0, reason: `reason ${world.attempts++}` }), log.admin);
    case 'again':
      return world.last;
  }
}

test('every index root is that of the entries before it, whatever the batches, with a restart among them', async () => {
  await fc.assert(
    fc.asyncProperty(batches, fc.nat(4), async (all, restartAt) => {
      let log = await startLog();
      const { dir } = log;
      try {
        const world: World = { releases: [], attempts: 0, last: null };
        await log.log(anEnrolment(REGISTRAR, { role: 'registrar' }), log.admin);
        for (const rebuilder of REBUILDERS) await log.log(anEnrolment(rebuilder), log.admin);
        const first = aRelease();
        world.releases.push({ statement: first, ...(await log.log(first, REGISTRAR)) });
        for (const [i, steps] of all.entries()) {
          if (i === restartAt) {
            await log.stop();
            log = await startLog({ dir });
          }
          const entries = steps.map((said) => entryOf(log, world, said)).filter((entry) => entry !== null);
          if (entries.length === 0) continue;
          world.last = entries.at(-1)!;
          const before = await log.size();
          const { body } = await log.batch(entries);
          const added = body.results.filter((result: { duplicate?: boolean }) => result.duplicate === false).length;
          // The index root comes with what is new, and with nothing else.
          expect(await log.size()).toBe(before + (added === 0 ? 0 : added + 1));
        }
        const control = toHex(lookupKey('control', ORIGIN));
        expect((await log.json(`/index?lookup=${control}`)).status).toBe(200);
        await log.stop();
        await checkWholeLog(fromFolder(join(dir, 'data/public')), log.logKey);
        // Everything is published: one state is left, and no node but its own.
        const db = new Database(join(dir, 'data/log.db'), { readonly: true });
        const states = db.prepare<[], { pairs: number }>('SELECT pairs FROM index_states').all();
        const nodes = db.prepare<[], number>('SELECT count(*) FROM index_nodes').pluck().get();
        db.close();
        expect(states).toHaveLength(1);
        expect(nodes).toBe(2 * states[0]!.pairs - 1);
      } finally {
        await log.stop();
        await rm(dir, { recursive: true, force: true });
      }
    }),
    { numRuns: 5 },
  );
}, 120_000);

test('a state is kept as long as somebody reads at it, and no longer', async () => {
  const dir = await temporaryFolder();
  try {
    using db = openDatabase(join(dir, 'log.db'), { migrations: MIGRATIONS, create: true });
    const index = new LogIndex(db, ORIGIN, () => testSigner(ORIGIN));
    const read = (at: bigint, statement: Statement) => ({ index: at, leafHash: new Uint8Array(32).fill(Number(at)), statement });
    index.close([read(0n, aGenesis(ORIGIN))], 1n);
    const control = lookupKey('control', ORIGIN);
    const found = (size: bigint): number | undefined => index.prove(control, size, 10)?.pairs.length;
    await index.reading(2n, async () => {
      await index.reading(2n, async () => {});
      index.close([read(2n, aRevocation(REGISTRAR, { role: 'registrar' }))], 3n);
      index.published(4n);
      expect([found(2n), found(4n)]).toEqual([1, 2]);
    });
    index.published(4n);
    expect([found(2n), found(4n)]).toEqual([undefined, 2]);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('when thousands of nodes have gathered they are written with the batch, or not at all', async () => {
  const dir = await temporaryFolder();
  try {
    using db = openDatabase(join(dir, 'log.db'), { migrations: MIGRATIONS, create: true });
    const open = (): LogIndex => new LogIndex(db, ORIGIN, () => testSigner(ORIGIN));
    const statement = aRevocation(REBUILDERS[0]!);
    // Two lookup keys each: 4,400 pairs, 8,799 nodes.
    const many = Array.from({ length: 2200 }, (_, i) => ({ index: BigInt(i), leafHash: new Uint8Array(32), statement }));
    const add = (fail: boolean) => (): Uint8Array => {
      const index = open();
      index.close(many, 2200n);
      if (fail) throw new Error('on the way');
      return index.root;
    };
    expect(() => db.transaction(add(true))()).toThrow('on the way');
    expect(open().size).toBe(0n);
    const root = db.transaction(add(false))();
    expect(open()).toMatchObject({ size: 2201n, root });
    expect(db.prepare('SELECT count(*) FROM index_nodes').pluck().get()).toBe(8799);
  } finally {
    await rm(dir, { recursive: true });
  }
});
