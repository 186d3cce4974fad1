/** A log that changes its key while it is mirrored, or did so before. */
import { loadConfig } from '@verbatim/service-kit';
import { makeControl, signStatement } from '@verbatim/statements';
import { aGenesis, ROOT, testSigner } from '@verbatim/testkit';
import { parseVkey, toHex, utf8Encode } from '@verbatim/tlog';
import { signerFromSeed, vkeyOf } from '@verbatim/tlog/node';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mirrorConfig } from './config.ts';
import { serveTestLog, TestLog } from './_log.ts';
import { originHash } from './log-copy.ts';
import { type MirrorClient, mirrorToml, prepareMirror, startTestMirror } from './_mirror.ts';

const ORIGIN = 'example.org/rotating';
const [SEED1, SEED2] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const [LOG1, LOG2] = [signerFromSeed(ORIGIN, SEED1), signerFromSeed(ORIGIN, SEED2)];
const ROOT_VKEY = vkeyOf(ROOT);
/** Index of the entry by which the log changes its key. */
const ROTATION = 300;

const rotation = { action: 'rotate', origin: ORIGIN, key: 'log', old: vkeyOf(LOG1), vkey: vkeyOf(LOG2) } as const;
const entries = Array.from({ length: 900 }, (_, i) => utf8Encode(`entry ${i}`))
  .with(0, signStatement(aGenesis(ORIGIN), [ROOT]))
  .with(ROTATION, signStatement(makeControl(rotation), [ROOT, LOG2]));
const aLog = (): TestLog => new TestLog({ origin: ORIGIN, seed: SEED1, entries });

async function reaches(mirror: MirrorClient, size: number): Promise<void> {
  await expect.poll(() => mirror.size(ORIGIN), { timeout: 50_000 }).toBe(size);
}

/** Uploads the entries up to `size`, under a checkpoint that these signed; the answers' statuses. */
async function upload(mirror: MirrorClient, log: TestLog, from: number, size: number, signers: TestLog['signers']): Promise<number[]> {
  log.signers = signers;
  const pending = await mirror.addCheckpoint(log.request(from, size));
  return pending.status === 200 ? [200, (await mirror.addEntries(log.upload(from, size))).status] : [pending.status];
}

test('followed: it needs the first key and the root key, whenever the log changed its key', async () => {
  const shown = { log: aLog(), size: 200 };
  const prepared = await prepareMirror([{ vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY, url: await serveTestLog(() => shown) }]);
  let mirror = await startTestMirror(prepared);
  await reaches(mirror, 200);
  shown.log.signers = [LOG1, LOG2];
  shown.size = 400;
  await reaches(mirror, 400);
  shown.log.signers = [LOG2];
  shown.size = 500;
  await reaches(mirror, 500);
  await mirror[Symbol.asyncDispose]();
  shown.size = 600;
  mirror = await startTestMirror(prepared);
  await reaches(mirror, 600);
  // Whoever uploads is held to the same keys.
  expect(await upload(mirror, aLog(), 600, 700, [LOG1])).toEqual([403]);
  expect(await upload(mirror, aLog(), 600, 700, [LOG2])).toEqual([200, 200]);
  // A mirror that begins now finds the way by itself.
  const late = await prepareMirror([{ vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY, url: await serveTestLog(() => ({ ...shown, size: 900 })) }]);
  const begun = await startTestMirror(late);
  await reaches(begun, 900);
  expect(await begun.size(ORIGIN, vkeyOf(LOG2), ...late.vkeys)).toBe(900);
});

test('followed: a checkpoint that covers the rotation and has the old key alone is not mirrored', async () => {
  const shown = { log: aLog(), size: 200 };
  const prepared = await prepareMirror([{ vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY, url: await serveTestLog(() => shown) }]);
  const mirror = await startTestMirror(prepared);
  await reaches(mirror, 200);
  shown.size = 400;
  await expect
    .poll(async () => (await fetch(`${mirror.metricsUrl}/metrics`)).text(), { timeout: 50_000 })
    .toMatch(/mirror_follow_failures_total\{origin="[^"]*"\} [1-9]/);
  expect(await mirror.size(ORIGIN)).toBe(200);
  shown.log.signers = [LOG1, LOG2];
  await reaches(mirror, 400);
});

test('fed: what it holds says which key must sign, after a restart too', async () => {
  const prepared = await prepareMirror([{ vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY }]);
  const log = aLog();
  {
    await using mirror = await startTestMirror(prepared);
    expect(await upload(mirror, log, 0, 200, [LOG1])).toEqual([200, 200]);
    expect(await upload(mirror, log, 200, 400, [LOG2])).toEqual([403]);
    expect(await upload(mirror, log, 200, 400, [LOG1, LOG2])).toEqual([200, 200]);
    expect(await upload(mirror, log, 400, 500, [LOG2])).toEqual([200, 200]);
  }
  // What the entries say is kept: of a large log they would take minutes to read again.
  rmSync(join(prepared.folder, 'data/logs', originHash(ORIGIN), 'tile/entries/000'));
  await using mirror = await startTestMirror(prepared);
  expect(await upload(mirror, log, 500, 600, [LOG1])).toEqual([403]);
  expect(await upload(mirror, log, 500, 600, [LOG2])).toEqual([200, 200]);
});

test('fed: entries whose rotation the checkpoint ignores are kept, and it is not cosigned', async () => {
  const prepared = await prepareMirror([{ vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY }]);
  await using mirror = await startTestMirror(prepared);
  const log = aLog();
  expect(await upload(mirror, log, 0, 400, [LOG1])).toEqual([200, 422]);
  expect(await mirror.size(ORIGIN)).toBeNull();
  expect(await upload(mirror, log, 400, 500, [LOG2])).toEqual([200, 200]);
});

test('without a root key the configured keys are all there are; with one, what is stored is read', async () => {
  const prepared = await prepareMirror([{ vkey: vkeyOf(LOG1) }]);
  const log = aLog();
  {
    await using mirror = await startTestMirror(prepared);
    expect(await upload(mirror, log, 0, 400, [LOG1])).toEqual([200, 200]);
    expect(await upload(mirror, log, 400, 500, [LOG2])).toEqual([403]);
  }
  writeFileSync(prepared.config, mirrorToml([{ vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY }]));
  await using mirror = await startTestMirror(prepared);
  expect(await upload(mirror, log, 400, 500, [LOG1])).toEqual([403]);
  expect(await upload(mirror, log, 400, 500, [LOG2])).toEqual([200, 200]);
});

test('a log that names its successor: both are mirrored from then on, whoever feeds them, and after a restart', async () => {
  const origin = 'example.org/next';
  const [seed, nextRoot] = [new Uint8Array(32).fill(3), testSigner('next-root')];
  const vkey = vkeyOf(signerFromSeed(origin, seed));
  const [size, root] = [200, toHex(aLog().root(200))];
  const named = { action: 'successor', origin: ORIGIN, vkey, rootVkey: vkeyOf(nextRoot), size, root } as const;
  const genesis = { action: 'genesis', origin, root: vkeyOf(nextRoot), admin: vkeyOf(testSigner('next-admin')) } as const;
  const shownNext = { log: aLog(), size: 0 };
  const handingOver = signStatement(makeControl({ ...named, url: `${await serveTestLog(() => shownNext)}/` }), [ROOT]);
  const begun = signStatement(makeControl({ ...genesis, predecessor: { origin: ORIGIN, size, root } }), [nextRoot]);
  const beginning = entries.slice(0, size);
  shownNext.log = new TestLog({ origin, seed, entries: [...beginning, begun, handingOver, ...entries.slice(400, 800)] });
  shownNext.size = 300;
  const shown = { log: new TestLog({ origin: ORIGIN, seed: SEED1, entries: [...beginning, handingOver] }), size };
  const prepared = await prepareMirror([{ vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY, url: await serveTestLog(() => shown) }]);
  let mirror = await startTestMirror(prepared);
  const nextReaches = (to: number): Promise<void> => expect.poll(() => mirror.size(origin), { timeout: 50_000 }).toBe(to);
  await reaches(mirror, size);
  expect((await mirror.read(origin, 'checkpoint')).status).toBe(404);
  shown.size = size + 1;
  await nextReaches(300);
  await reaches(mirror, size + 1);
  await mirror[Symbol.asyncDispose]();
  shownNext.size = 400;
  mirror = await startTestMirror(prepared);
  await nextReaches(400);
  expect((await mirror.addCheckpoint(shownNext.log.request(400, 500))).status).toBe(200);
  expect((await mirror.addEntries(shownNext.log.upload(400, 500))).status).toBe(200);
  expect(await mirror.size(origin, vkey, ...prepared.vkeys)).toBe(500);
});

test('a log that names another configured log as its successor, with keys of its own, does not speak for that one', async () => {
  const origin = 'example.org/other';
  const [own, ownRoot] = [new TestLog({ origin, seed: new Uint8Array(32).fill(4), entries }), testSigner('own-root')];
  const [first, second] = [5, 6].map((byte) => signerFromSeed(origin, new Uint8Array(32).fill(byte))) as [typeof LOG1, typeof LOG1];
  const theirRoot = testSigner('their-root');
  const theirRotation = { action: 'rotate', origin, key: 'log', old: vkeyOf(first), vkey: vkeyOf(second) } as const;
  const admin = vkeyOf(testSigner('their-admin'));
  const genesis = makeControl({ action: 'genesis', origin, root: vkeyOf(theirRoot), admin, predecessor: null });
  const forged = [signStatement(genesis, [theirRoot]), signStatement(makeControl(theirRotation), [theirRoot, second])];
  const shownForged = {
    log: new TestLog({ origin, seed: new Uint8Array(32).fill(6), entries: [...forged, ...entries.slice(2)] }),
    size: 400,
  };
  let asked = 0;
  const url = `${await serveTestLog(() => (asked++, shownForged))}/`;
  const [size, root] = [200, toHex(aLog().root(200))];
  const named = { action: 'successor', origin: ORIGIN, vkey: vkeyOf(first), rootVkey: vkeyOf(theirRoot), size, root, url } as const;
  const handingOver = signStatement(makeControl(named), [ROOT]);
  const shown = { log: new TestLog({ origin: ORIGIN, seed: SEED1, entries: entries.slice(0, 250).with(size, handingOver) }), size: 201 };
  const prepared = await prepareMirror([
    { vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY, url: await serveTestLog(() => shown) },
    { vkey: vkeyOf(own.signers[0]!), rootVkey: vkeyOf(ownRoot) },
  ]);
  {
    await using mirror = await startTestMirror(prepared);
    await reaches(mirror, 201);
  }
  shown.size = 250;
  await using mirror = await startTestMirror(prepared);
  await reaches(mirror, 250);
  expect(asked).toBe(0);
  expect(await upload(mirror, own, 0, 200, own.signers)).toEqual([200, 200]);
});

test.each([
  [
    'two root keys',
    `${mirrorToml([
      { vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY },
      { vkey: vkeyOf(LOG2), rootVkey: ROOT_VKEY },
    ])}`,
    'one root key',
  ],
  [
    'a key of another name',
    `${mirrorToml([{ vkey: vkeyOf(LOG1), rootVkey: ROOT_VKEY }])}origin = "example.org/other"\n`,
    'a log key named',
  ],
  ['what is no key', mirrorToml([{ vkey: vkeyOf(LOG1), rootVkey: `${parseVkey(ROOT_VKEY).text}x` }]), 'root_vkey'],
  ['a witness', mirrorToml([{ vkey: vkeyOf(LOG1), rootVkey: vkeyOf(testSigner('witness'), 4) }]), 'of type 1'],
])('the configuration refuses %s as root key', async (_what, toml, message) => {
  const { config } = await prepareMirror([]);
  writeFileSync(config, toml);
  expect(() => loadConfig(mirrorConfig, config)).toThrow(message);
});
