import { decodeBundle, encodeBundle, evaluate } from '@verbatim/consensus';
import { makeControl } from '@verbatim/statements';
import {
  Scene,
  aRelease,
  aRevocation,
  anArtifact,
  anObservation,
  digestsOf,
  forkedLog,
  indexPairs,
  indexRoot,
  TEST_TIME,
  withEntryRewritten,
} from '@verbatim/testkit';
import { toHex, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { describe, expect, it } from 'vitest';
import {
  CONTAINER,
  EARLIER,
  earlier,
  FILE,
  gatherOver,
  isIndex,
  judge,
  LAST,
  policy,
  policyOf,
  PURL,
  readerOf,
  scene,
} from './_gathering.ts';
import { codeOf, logHandler, serve, temporaryFolder, writeLog } from './_support.ts';
import { CheckpointMemory } from './checkpoint-memory.ts';
import { gatherEvidence } from './gather.ts';

describe('evidence gathered over HTTP', () => {
  it('is enough for a verdict, and holds nothing else', async () => {
    const gathered = await gatherOver(() => undefined);
    expect(gathered.evidence.entries.map(({ index }) => index)).toEqual([0n, 5n, 6n, 7n, LAST]);
    expect(gathered.foreign).toEqual([]);
    expect(gathered.audited).toBeNull();
    expect(judge(gathered)).toMatchObject({ verdict: 'reproduced', completeness: 'complete-by-root', claim: { matches: 2 } });
    expect(decodeBundle(encodeBundle(gathered.evidence))).toEqual(gathered.evidence);
  });

  it('asks for few things only', async () => {
    const server = await serve(logHandler(scene.log));
    await gatherEvidence(await readerOf(server.url), { digest: FILE });
    expect(server.asked.length).toBeLessThan(12);
    expect(new Set(server.asked).size).toBe(server.asked.length);
  });

  it('is found by the digest of the container too', async () => {
    const gathered = await gatherOver(() => undefined, { digest: CONTAINER });
    expect(gathered.evidence.entries).toHaveLength(5);
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
    repacked.log.seal();
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

  it('about a release that does not list the file is asked for in a second answer, about everything', async () => {
    const server = await serve(logHandler(scene.log));
    const unknown = '0'.repeat(64);
    const gathered = await gatherEvidence(await readerOf(server.url), { digest: unknown, purl: PURL });
    const asked = server.asked.filter((path) => path.startsWith('index?'));
    expect(asked.map((path) => path.match(/lookup=/g)?.length)).toEqual([2, 3]);
    expect(gathered.evidence.index.map(({ lookup: { type } }) => type)).toEqual(['artifact', 'control', 'release']);
    // Of a release that does list it, the entries about the file are enough.
    const listed = await gatherEvidence(await readerOf(server.url), { digest: FILE, purl: PURL });
    expect(listed.evidence.index).toHaveLength(2);
    expect(judge(listed, FILE, PURL).verdict).toBe('reproduced');
  });
});

describe('evidence gathered from a folder, or a mirror of tiles', () => {
  it('is the same, and the log was audited by reading it whole', async () => {
    const overHttp = await gatherOver(() => undefined);
    const folder = await gatherEvidence(await readerOf(await writeLog(scene.log.tiles())), { digest: FILE });
    const mirror = await gatherOver((path) => (isIndex(path) ? null : undefined));
    for (const gathered of [folder, mirror]) {
      expect(gathered.evidence).toEqual(overHttp.evidence);
      expect(gathered.audited).toMatchObject({ size: scene.log.size });
      expect(judge(gathered)).toMatchObject({ completeness: 'complete-and-audited', auditedBy: ['this machine'] });
    }
  });

  it('is read once for several files', async () => {
    const server = await serve(logHandler(scene.log, (path) => (isIndex(path) ? null : undefined)));
    const reader = await readerOf(server.url);
    await gatherEvidence(reader, { digest: FILE });
    const before = server.asked.filter((path) => path.startsWith('tile/entries/')).length;
    const { evidence } = await gatherEvidence(reader, { digest: CONTAINER });
    expect(evidence.entries).toHaveLength(5);
    expect(server.asked.filter((path) => path.startsWith('tile/entries/'))).toHaveLength(before);
  });

  it('of a log that was changed is refused', async () => {
    const files = withEntryRewritten(scene.log, 6n, scene.log.entry(7n));
    expect(await codeOf(gatherEvidence(await readerOf(await writeLog(files)), { digest: FILE }))).toBe('tile-mismatch');
  });

  it('of a log whose index leaves something out is misbehaviour', async () => {
    const lying = new Scene();
    lying.observe(0);
    const { log } = lying;
    const pairs = indexPairs(
      [0n, 1n, 2n, 3n, 4n, 5n].map((index) => log.entry(index)),
      log.origin,
    );
    const root = toHex(indexRoot(pairs));
    log.addStatement(makeControl({ action: 'index-root', origin: log.origin, size: Number(log.size), root }), log.signer);
    expect(await codeOf(gatherEvidence(await readerOf(await writeLog(log.tiles())), { digest: FILE }))).toBe('bad-index');
  });

  it('of a log that keeps no index is advisory', async () => {
    const plain = new Scene();
    for (const position of [0, 1]) plain.observe(position);
    const gathered = await gatherEvidence(await readerOf(await writeLog(plain.log.tiles())), { digest: FILE });
    expect(gathered.audited).toBeNull();
    const advisory = evaluate({
      ...{ policy: policyOf(plain, 'advisory'), evidence: gathered.evidence, file: { sha256: FILE } },
      ...{ now: new Date(TEST_TIME), offline: false, verify: verifyEd25519 },
    });
    expect(advisory).toMatchObject({ verdict: 'reproduced', completeness: 'advisory' });
  });

  it('shows entries that no log may admit', async () => {
    const hostile = new Scene();
    for (const position of [0, 1]) hostile.observe(position);
    hostile.log.add(utf8Encode('no envelope'));
    hostile.log.seal();
    expect(judge(await gatherEvidence(await readerOf(await writeLog(hostile.log.tiles())), { digest: FILE })).verdict).toBe(
      'log-misbehaviour',
    );
  });
});

describe('a checkpoint served', () => {
  const serving = (bytes: Uint8Array | null): Promise<string> =>
    codeOf(gatherOver((path) => (path === 'checkpoint' ? bytes : isIndex(path) ? null : undefined)));

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
    const timestamp = Date.parse(TEST_TIME) / 1000 - 7 * 86_400;
    const old = scene.log.checkpoint({ size: EARLIER, timestamp });
    const mirror = (path: string): Uint8Array | null | undefined => (path === 'checkpoint' ? old : isIndex(path) ? null : undefined);
    const stale = await serve(logHandler(scene.log, mirror));
    const replaced = await gatherEvidence(await readerOf(stale.url, memory), { digest: FILE });
    expect(replaced.view.checkpoint.size).toBe(scene.log.size);
    expect(judge(replaced).verdict).toBe('reproduced');
    const alone = await serve(logHandler(scene.log, (path) => (isIndex(path) ? earlier(path, timestamp) : undefined)));
    const verdict = judge(await gatherEvidence(await readerOf(alone.url), { digest: FILE }));
    expect(verdict).toMatchObject({ verdict: 'unavailable', errors: [{ code: 'checkpoint-stale' }], completeness: 'complete-by-root' });
  });
});

describe('a question', () => {
  it('takes an end, however slow the log', { timeout: 240_000 }, async () => {
    const server = await serve(() => {});
    const work = gatherEvidence(await readerOf(server.url), { digest: FILE });
    expect(await codeOf(work)).toBe('timeout');
  });
});
