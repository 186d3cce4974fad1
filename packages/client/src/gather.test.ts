import { encodeBundle, evaluate, parsePolicy, type Verdict } from '@verbatim/consensus';
import {
  Scene,
  aRelease,
  aRevocation,
  anArtifact,
  anObservation,
  digestsOf,
  contentOf,
  forkedLog,
  TEST_TIME,
  testSigner,
  testVkey,
  withEntryRewritten,
} from '@verbatim/testkit';
import { toHex, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, honestLookup, json, logHandler, logKey, serve, temporaryFolder, writeLog } from './_support.ts';
import { CheckpointMemory } from './checkpoint-memory.ts';
import { gatherEvidence, type Gathered } from './gather.ts';
import { LogReader } from './log-reader.ts';
import type { Ask } from './relevance.ts';
import { openSource } from './source.ts';

const ARTIFACT = 'linux-x64/bin/esbuild';
const { sha256: FILE } = digestsOf(contentOf(ARTIFACT));
const { sha256: CONTAINER } = digestsOf(contentOf('linux-x64-0.25.0.tgz'));
const PURL = 'pkg:npm/esbuild@0.25.0';
const WITNESS = testSigner('witness.example/w1');

/** A log with a reproduced release, another release, and noise enough for several tiles. */
function sceneOf(noise = 600): Scene {
  const scene = new Scene();
  for (const position of [0, 1]) scene.observe(position);
  const other = aRelease({
    purl: 'pkg:npm/other@1.0.0',
    artifacts: [anArtifact({ name: 'other', content: utf8Encode('other'), coordinate: 'pkg:npm/other@1.0.0' })],
  });
  const index = scene.log.addStatement(other, scene.registrar);
  for (let attempt = 1; attempt <= noise; attempt++) {
    const about = { origin: scene.log.origin, release: other, index, leafHash: scene.log.leafHash(index), rebuilder: scene.rebuilders[2]! };
    scene.log.addStatement(anObservation(about, { attempt, result: 'timeout' }), scene.rebuilders[2]!);
  }
  return scene;
}
const scene = sceneOf();

function policyOf(scene: Scene): ReturnType<typeof parsePolicy> {
  return parsePolicy(
    [
      'version 1',
      'expires 2027-11-01T00:00:00Z',
      `log ${scene.log.vkey}`,
      `root ${vkeyOf(scene.root)}`,
      `witness w1 ${testVkey(WITNESS.name, 0x04)}`,
      'quorum w1',
      ...scene.rebuilders.map(({ name }) => `operator op-${name}`),
      ...scene.rebuilders.map((rebuilder) => `rebuilder ${rebuilder.name} op-${rebuilder.name} linux/amd64 ${vkeyOf(rebuilder)}`),
      `claimant npm registrar pkg:npm/ ${vkeyOf(scene.registrar)}`,
      'require 2',
      '',
    ].join('\n'),
  );
}
const policy = policyOf(scene);

async function readerOf(location: string, memory?: CheckpointMemory): Promise<LogReader> {
  const source = await openSource(location);
  onTestFinished(() => source.close());
  return new LogReader({ source, logKey: logKey(scene.log), ...(memory === undefined ? {} : { memory }) });
}

const judge = ({ evidence }: Gathered, digest = FILE, release?: string): Verdict =>
  evaluate({
    policy,
    evidence,
    file: { sha256: digest },
    now: new Date(TEST_TIME),
    offline: false,
    verify: verifyEd25519,
    ...(release === undefined ? {} : { release }),
  });

async function gatherOver(override: (path: string) => Uint8Array | null | undefined, ask: Ask = { digest: FILE }): Promise<Gathered> {
  const server = await serve(logHandler(scene.log, override));
  return gatherEvidence(await readerOf(server.url), ask);
}

describe('evidence gathered over HTTP', () => {
  it('is enough for a verdict, and holds nothing else', async () => {
    const gathered = await gatherOver(() => undefined);
    expect(gathered.evidence.entries.map(({ index }) => index)).toEqual([0n, 5n, 6n, 7n]);
    expect(gathered.foreign).toEqual([]);
    expect(judge(gathered)).toMatchObject({ verdict: 'reproduced', claim: { matches: 2 } });
    expect(encodeBundle(gathered.evidence).length).toBeLessThan(32_000);
  });

  it('asks for few things only', async () => {
    const server = await serve(logHandler(scene.log));
    await gatherEvidence(await readerOf(server.url), { digest: FILE });
    expect(server.asked.length).toBeLessThan(12);
    expect(new Set(server.asked).size).toBe(server.asked.length);
  });

  it('is found by the digest of the container too', async () => {
    const gathered = await gatherOver(() => undefined, { digest: CONTAINER });
    expect(gathered.evidence.entries).toHaveLength(4);
    expect(judge(gathered, CONTAINER)).toMatchObject({ verdict: 'insufficient', members: [{ state: 'reproduced' }] });
  });

  it('about a member includes what was said about the same file in another container', async () => {
    const repacked = new Scene();
    repacked.observe(2, { result: 'differ' });
    const { member } = anArtifact();
    const container = { ...member!.container, ...digestsOf(utf8Encode('packed again')) };
    const release = aRelease({ purl: 'pkg:npm/esbuild@0.25.1', artifacts: [anArtifact({ member: { ...member!, container } })] });
    const index = repacked.log.addStatement(release, repacked.registrar);
    for (const rebuilder of repacked.rebuilders.slice(0, 2)) {
      const about = { origin: repacked.log.origin, release, index, leafHash: repacked.log.leafHash(index), rebuilder };
      repacked.log.addStatement(anObservation(about), rebuilder);
    }
    const server = await serve(logHandler(repacked.log));
    const gathered = await gatherEvidence(await readerOf(server.url), { digest: container.sha256, member: FILE });
    const question = { policy, file: { sha256: container.sha256 }, member: { path: member!.path, sha256: FILE } };
    const verdict = evaluate({ ...question, evidence: gathered.evidence, now: new Date(TEST_TIME), offline: false, verify: verifyEd25519 });
    expect(verdict).toMatchObject({ verdict: 'not-reproduced', claim: { index, verdict: 'reproduced' } });
  });

  it('says what a release claims instead of an unknown file', async () => {
    const unknown = '0'.repeat(64);
    const gathered = await gatherOver(() => undefined, { digest: unknown, purl: PURL });
    expect(judge(gathered, unknown, PURL)).toMatchObject({ verdict: 'unknown-file', expected: [{ sha256: FILE }] });
    const nothing = await gatherOver(() => undefined, { digest: unknown });
    expect(judge(nothing, unknown)).toMatchObject({ verdict: 'unknown-file', expected: [] });
  });

  it('reuses a view for several files', async () => {
    const server = await serve(logHandler(scene.log));
    const reader = await readerOf(server.url);
    const { view } = await gatherEvidence(reader, { digest: FILE });
    await gatherEvidence(reader, { digest: CONTAINER }, { view });
    expect(server.asked.filter((path) => path === 'checkpoint')).toHaveLength(1);
  });
});

describe('evidence gathered from a folder', () => {
  it('is the same', async () => {
    const folder = await gatherEvidence(await readerOf(await writeLog(scene.log.tiles())), { digest: FILE });
    expect(folder.evidence).toEqual((await gatherOver(() => undefined)).evidence);
  });

  it('of a log that was changed is refused', async () => {
    const files = withEntryRewritten(scene.log, 6n, scene.log.entry(7n));
    expect(await codeOf(gatherEvidence(await readerOf(await writeLog(files)), { digest: FILE }))).toBe('tile-mismatch');
  });
});

describe('a look-up', () => {
  const answering = (entries: unknown, size: unknown = Number(scene.log.size), more: object = {}): Promise<Gathered> =>
    gatherOver((path) => (path.startsWith('lookup/') ? json({ size, entries, ...more }) : undefined));

  it('that names entries about something else changes nothing: they are left out and reported', async () => {
    const honest = honestLookup(scene.log, `lookup/artifact/${FILE}`);
    const gathered = await answering([...honest, 1, 2, 8, 9, 300]);
    expect(gathered.foreign).toEqual([1n, 2n, 8n, 9n, 300n]);
    expect(gathered.evidence.entries.map(({ index }) => index)).toEqual([0n, 5n, 6n, 7n]);
    const others = await answering([8, 9, 10]);
    expect(judge(others).verdict).toBe('unknown-file');
  });

  it('that answers for another digest gives no verdict about this one', async () => {
    const other = digestsOf(utf8Encode('other')).sha256;
    const gathered = await gatherOver((path) =>
      path.startsWith('lookup/')
        ? json({ size: Number(scene.log.size), entries: honestLookup(scene.log, `lookup/artifact/${other}`) })
        : undefined,
    );
    expect(judge(gathered).verdict).toBe('unknown-file');
  });

  it('that hides the matches can only make the verdict worse', async () => {
    expect(judge(await answering([0, 5, 6])).verdict).toBe('insufficient');
    expect(judge(await answering([])).verdict).toBe('unknown-file');
  });

  it('may come in pages', async () => {
    const pages: Record<string, object> = {
      '': { entries: [0, 5], next: 6 },
      '6': { entries: [6], next: 7 },
      '7': { entries: [7], next: null },
    };
    const gathered = await gatherOver((path) => {
      if (!path.startsWith('lookup/')) return undefined;
      return json({ size: Number(scene.log.size), ...pages[new URL(`http://x/${path}`).searchParams.get('start') ?? ''] });
    });
    expect(judge(gathered).verdict).toBe('reproduced');
  });

  it('that is older than the log is completed from the log itself', async () => {
    const grown = sceneOf(3);
    const size = Number(grown.log.size);
    grown.observe(2, { result: 'differ', observed: { sha256: toHex(new Uint8Array(32)) } });
    const server = await serve(
      logHandler(grown.log, (path) => (path.startsWith('lookup/') ? json({ size, entries: [0, 5, 6, 7] }) : undefined)),
    );
    expect(judge(await gatherEvidence(await readerOf(server.url), { digest: FILE })).verdict).toBe('not-reproduced');
  });

  it.each([
    ['names entries that are not published', [0, 999_999], undefined, 'bad-lookup'],
    ['is as old as nothing', [], 0, 'accepted'],
    ['names more entries than we read', Array.from({ length: 5000 }, (_, i) => i), undefined, 'bad-lookup'],
    ['has a negative index', [-1], undefined, 'malformed'],
    ['has an index as text', ['5'], undefined, 'malformed'],
    ['has an index of a half', [0.5], undefined, 'malformed'],
    ['has no entries', null, undefined, 'malformed'],
    ['has no size', [0], null, 'malformed'],
  ])('that %s is treated as such', async (_what, entries, size, code) => {
    expect(await codeOf(answering(entries, size === undefined ? Number(scene.log.size) : size))).toBe(code);
  });

  it('whose pages never end is left', async () => {
    expect(await codeOf(answering([5], undefined, { next: 0 }))).toBe('bad-lookup');
    let next = 0;
    const endless = gatherOver((path) =>
      path.startsWith('lookup/') ? json({ size: Number(scene.log.size), entries: [5], next: ++next }) : undefined,
    );
    expect(await codeOf(endless)).toBe('bad-lookup');
  });

  it.each([
    ['is no JSON', Buffer.from('<html>'), 'malformed'],
    ['is huge', Buffer.alloc(300_000, ' '), 'too-large'],
    ['is not offered', null, 'bad-status'],
  ])('that %s could not be checked', async (_what, bytes, code) => {
    expect(await codeOf(gatherOver((path) => (path.startsWith('lookup/') ? bytes : undefined)))).toBe(code);
  });
});

describe('a checkpoint served', () => {
  const serving = (bytes: Uint8Array | null): Promise<string> => codeOf(gatherOver((path) => (path === 'checkpoint' ? bytes : undefined)));

  it('by somebody else in between could not be checked', async () => {
    expect(await serving(Buffer.from('<html>log in</html>'))).toBe('malformed');
    expect(await serving(null)).toBe('not-found');
    expect(await serving(new Uint8Array(2_000_000))).toBe('too-large');
  });

  it('by another key is misbehaviour', async () => {
    const other = new Scene({ origin: 'other.example/log' });
    expect(await serving(other.log.checkpoint())).toBe('bad-checkpoint');
    const note = new TextDecoder().decode(scene.log.checkpoint());
    expect(await serving(utf8Encode(note.replace(`\n${scene.log.size}\n`, `\n${scene.log.size + 1n}\n`)))).toBe('bad-checkpoint');
  });

  it('of a fork is found by its memory, in the next process too', async () => {
    const state = await temporaryFolder();
    const fork = forkedLog(scene.log, 8n);
    fork.addStatement(aRevocation(scene.rebuilders[0]!), scene.admin);
    while (fork.size < scene.log.size) fork.add(scene.log.entry(fork.size));
    const honest = await serve(logHandler(scene.log));
    const lying = await serve(logHandler(fork));
    await gatherEvidence(await readerOf(honest.url, new CheckpointMemory(state)), { digest: FILE });
    expect(await codeOf(gatherEvidence(await readerOf(lying.url, new CheckpointMemory(state)), { digest: FILE }))).toBe('fork');
  });

  it('that is old is refused for its age, or replaced by the remembered one', async () => {
    const memory = new CheckpointMemory(await temporaryFolder());
    const server = await serve(logHandler(scene.log));
    await gatherEvidence(await readerOf(server.url, memory), { digest: FILE });
    const old = scene.log.checkpoint({ size: 100n, timestamp: Date.parse(TEST_TIME) / 1000 - 7 * 86_400 });
    const stale = await serve(logHandler(scene.log, (path) => (path === 'checkpoint' ? old : undefined)));
    const replaced = await gatherEvidence(await readerOf(stale.url, memory), { digest: FILE });
    expect(replaced.view.checkpoint.size).toBe(scene.log.size);
    expect(judge(replaced).verdict).toBe('reproduced');
    const lookups = json({ size: 100, entries: [0, 5, 6, 7] });
    const alone = await serve(
      logHandler(scene.log, (path) => (path === 'checkpoint' ? old : path.startsWith('lookup/') ? lookups : undefined)),
    );
    expect(judge(await gatherEvidence(await readerOf(alone.url), { digest: FILE })).verdict).toBe('unavailable');
  });
});

describe('a question', () => {
  it('takes an end, however slow the log', { timeout: 60_000 }, async () => {
    const server = await serve(() => {});
    const start = performance.now();
    const work = gatherEvidence(await readerOf(server.url), { digest: FILE });
    expect(await codeOf(work)).toBe('timeout');
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
