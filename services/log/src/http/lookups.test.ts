import { anArtifact, anObservation, aRelease, aRevocation, testSigner } from '@verbatim/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ORIGIN, REGISTRAR, startLog, type TestLog, type TestScene } from '../_log.ts';

let log: TestLog;
let scene: TestScene;
const [acme, beta] = [testSigner('acme-1'), testSigner('beta-1')];
const observations: number[] = [];
let revocation: number;
let other: number;

beforeAll(async () => {
  log = await startLog();
  scene = await log.scene([acme, beta, testSigner('idle')]);
  const about = { origin: ORIGIN, release: scene.release, index: scene.index, leafHash: scene.leafHash };
  for (let attempt = 1; attempt <= 5; attempt++)
    observations.push((await log.log(anObservation({ ...about, rebuilder: acme }, { attempt }), acme)).index);
  observations.push((await log.log(anObservation({ ...about, rebuilder: beta }), beta)).index);
  revocation = (await log.log(aRevocation(beta, { compromisedSince: scene.index }), log.admin)).index;
  await log.log(aRevocation(testSigner('idle')), log.admin);
  other = (await log.log(aRelease({ purl: 'pkg:npm/other@1.0.0', artifacts: [anArtifact({ name: 'other/bin' })] }), REGISTRAR)).index;
});

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
});

const file = () => scene.release.subject[0]!.digest.sha256;
const everything = () => [0, scene.index, ...observations, revocation];

test('by file digest: the release, its observations, revocations of who signed them, and entry 0', async () => {
  expect((await log.json(`/lookup/artifact/${file()}`)).body).toEqual({ size: await log.size(), entries: everything(), next: null });
});

test('by container digest: the same', async () => {
  const { sha256 } = scene.release.predicate.artifacts[0]!.member!.container;
  expect((await log.json(`/lookup/artifact/${sha256}`)).body.entries).toEqual(everything());
});

test('by purl: the same, and not what is about other releases', async () => {
  const { body } = await log.json(`/lookup/release?purl=${encodeURIComponent(scene.release.predicate.purl)}`);
  expect(body.entries).toEqual(everything());
  expect(body.entries).not.toContain(other);
});

test('pages join to the whole without gaps or repeats', async () => {
  const found: number[] = [];
  let start: number | null = 0;
  while (start !== null) {
    const { body }: { body: { entries: number[]; next: number | null } } = await log.json(
      `/lookup/artifact/${file()}?limit=3&start=${start}`,
    );
    expect(body.entries.length).toBeLessThanOrEqual(3);
    found.push(...body.entries);
    start = body.next;
  }
  expect(found).toEqual(everything());
});

test('what nobody claims gives entry 0 and nothing else', async () => {
  expect((await log.json(`/lookup/artifact/${'0'.repeat(64)}`)).body.entries).toEqual([0]);
  expect((await log.json('/lookup/release?purl=pkg:npm/nothing@1.0.0')).body.entries).toEqual([0]);
});

test.each([
  ['/lookup/artifact/xyz', 'bad-digest'],
  [`/lookup/artifact/${'A'.repeat(64)}`, 'bad-digest'],
  ['/lookup/release', 'bad-purl'],
  ['/lookup/release?purl=esbuild', 'bad-purl'],
  ['/lookup/release?purl=pkg:NPM/esbuild@1', 'bad-purl'],
  [`/lookup/artifact/${'0'.repeat(64)}?limit=0`, 'bad-number'],
  [`/lookup/artifact/${'0'.repeat(64)}?limit=4097`, 'bad-number'],
  [`/lookup/artifact/${'0'.repeat(64)}?start=-1`, 'bad-number'],
])('%s is a 400 problem', async (path, code) => {
  expect(await log.json(path)).toMatchObject({ status: 400, body: { code } });
});
