import { lookupKey, verifyLookup, type LookupType } from '@verbatim/index-map';
import { decodeEntry, keyidOf, lookupsOf, PREDICATE, type Lookup, type Statement } from '@verbatim/statements';
import { fromHex, hashLeaf, openCheckpoint, toHex, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { anArtifact, anObservation, aRelease, aRevocation, testSigner } from '@verbatim/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { indexRootOf } from '../_check-index.ts';
import { checkWholeLog, fromUrl } from '../_check-log.ts';
import { type Answer, ORIGIN, REGISTRAR, startLog, type TestLog, type TestScene } from '../_log.ts';

let log: TestLog;
let scene: TestScene;
let entries: Uint8Array[];
const [acme, beta] = [testSigner('acme-1'), testSigner('beta-1')];

beforeAll(async () => {
  log = await startLog();
  scene = await log.scene([acme, beta]);
  const about = { origin: ORIGIN, release: scene.release, index: scene.index, leafHash: scene.leafHash };
  for (let attempt = 1; attempt <= 3; attempt++) await log.log(anObservation({ ...about, rebuilder: acme }, { attempt }), acme);
  await log.log(anObservation({ ...about, rebuilder: beta }, { result: 'differ' }), beta);
  await log.log(aRevocation(beta, { compromisedSince: scene.index }), log.admin);
  await log.log(aRelease({ purl: 'pkg:npm/other@1.0.0', artifacts: [anArtifact({ name: 'other/bin' })] }), REGISTRAR);
  entries = await checkWholeLog(fromUrl(log.url), log.logKey);
});

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
});

const hexOf = ({ type, value }: Lookup): string => toHex(lookupKey(type, value));
const ask = (...lookups: string[]) => log.json(`/index?${lookups.map((lookup) => `lookup=${lookup}`).join('&')}`);

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => i.toString(16).padStart(64, '0'));

/** What stands under a lookup key, by the definition. */
function expected(lookup: Lookup): number[] {
  const statements = entries.map((entry) => decodeEntry(entry).statement);
  const releaseAt = (index: number) => {
    const found: Statement | undefined = statements[index];
    return found?.predicateType === PREDICATE.release ? found : null;
  };
  return statements.flatMap((statement, i) =>
    lookupsOf(statement, { origin: ORIGIN, releaseAt }).some(({ type, value }) => type === lookup.type && value === lookup.value)
      ? [i]
      : [],
  );
}

test('every lookup key of the log is answered with all of its entries and a proof to the root of the published checkpoint', async () => {
  const file = scene.release.subject[0]!.digest.sha256;
  const container = scene.release.predicate.artifacts[0]!.member!.container.sha256;
  const lookups: [LookupType, string, number][] = [
    ['control', ORIGIN, 2],
    ['artifact', file, 5],
    ['artifact', container, 5],
    ['observed', file, 3],
    ['release', scene.release.predicate.purl, 5],
    ['release', 'pkg:npm/nothing@1.0.0', 0],
    ['rebuilder', keyidOf(acme.name, acme.publicKey), 4],
    ['rebuilder', keyidOf(beta.name, beta.publicKey), 3],
    ['artifact', '0'.repeat(64), 0],
  ];
  const keys = lookups.map(([type, value]) => ({ type, value }));
  const { status, headers, body } = await ask(...keys.map(hexOf));
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('no-cache');
  expect(Object.keys(body)).toEqual(['checkpoint', 'lookups']);
  const { checkpoint } = openCheckpoint(utf8Encode(body.checkpoint), log.logKey, verifyEd25519);
  expect(Number(checkpoint.size)).toBe(entries.length);
  const root = fromHex(indexRootOf(decodeEntry(entries.at(-1)!).statement)!.root);
  expect(body.lookups.map(({ lookup }: { lookup: string }) => lookup)).toEqual(keys.map(hexOf));
  for (const [i, key] of keys.entries()) {
    const answer: { lookup: string; entries: number[]; proof: string } = body.lookups[i];
    expect([key.value, answer.entries]).toEqual([key.value, expected(key)]);
    expect([key.value, answer.entries.length]).toEqual([key.value, lookups[i]![2]]);
    const found = answer.entries.map((index) => ({ index: BigInt(index), leafHash: hashLeaf(entries[index]!) }));
    const proof = new Uint8Array(Buffer.from(answer.proof, 'base64'));
    expect(verifyLookup(root, fromHex(answer.lookup), found, proof)).toBe(true);
    if (found.length > 0) expect(verifyLookup(root, fromHex(answer.lookup), found.slice(1), proof)).toBe(false);
  }
});

test('an answer is at one checkpoint, however much is published while it is made', async () => {
  const control = toHex(lookupKey('control', ORIGIN));
  const keys = [...many(15), control];
  const asked: Promise<Answer['body']>[] = [];
  for (let i = 0; i < 10; i++) {
    asked.push(ask(...keys).then(({ body }) => body));
    await log.log(aRevocation(acme, { compromisedSince: i }), log.admin);
  }
  const answers = await Promise.all(asked);
  const now = await checkWholeLog(fromUrl(log.url), log.logKey);
  for (const { checkpoint, lookups } of answers) {
    const size = Number(checkpoint.split('\n')[1]);
    const root = fromHex(indexRootOf(decodeEntry(now[size - 1]!).statement)!.root);
    for (const { lookup, entries: indexes, proof } of lookups) {
      const found = indexes.map((index: number) => ({ index: BigInt(index), leafHash: hashLeaf(now[index]!) }));
      expect(verifyLookup(root, fromHex(lookup), found, new Uint8Array(Buffer.from(proof, 'base64')))).toBe(true);
    }
  }
  expect(new Set(answers.map(({ checkpoint }) => checkpoint)).size).toBeGreaterThan(1);
});

const some = 'ab'.repeat(32);

test('sixteen lookup keys are answered, seventeen are not', async () => {
  expect((await ask(...many(16))).body.lookups).toHaveLength(16);
  expect(await ask(...many(17))).toMatchObject({ status: 400, body: { code: 'bad-lookup' } });
});

test.each([
  ['nothing', ''],
  ['an empty one', '?lookup='],
  ['upper case', `?lookup=${some.toUpperCase()}`],
  ['one digit too few', `?lookup=${some.slice(1)}`],
  ['one digit too many', `?lookup=${some}0`],
  ['the same twice', `?lookup=${some}&lookup=${some}`],
  ['a text', `?lookup=artifact:${some}`],
  ['another parameter', `?lookup=${some}&size=3`],
  ['only another parameter', `?artifact=${some}`],
])('%s is a 400 problem that says what is expected', async (_, query) => {
  const { status, headers, body } = await log.json(`/index${query}`);
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'bad-lookup' });
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect(body.detail).toContain('64 lower-case hex digits');
});

test('an answer has no more entries than the log allows, all lookup keys together', async () => {
  await using small = await startLog({ toml: '[limits]\nindex_entries = 3\n' });
  const { release } = await small.scene([acme, beta]);
  const key = (type: LookupType, value: string): string => toHex(lookupKey(type, value));
  const [control, file] = [key('control', ORIGIN), key('artifact', release.subject[0]!.digest.sha256)];
  const rebuilders = [acme, beta].map(({ name, publicKey }) => key('rebuilder', keyidOf(name, publicKey)));
  const asked = (...lookups: string[]) => small.json(`/index?${lookups.map((lookup) => `lookup=${lookup}`).join('&')}`);
  const three = await asked(control, file, rebuilders[0]!);
  expect(three.body.lookups.map(({ entries: found }: { entries: number[] }) => found.length)).toEqual([1, 1, 1]);
  const four = await asked(control, file, ...rebuilders);
  expect([four.status, four.body.code]).toEqual([422, 'too-many-entries']);
  expect(four.body.detail).toContain(rebuilders[1]!);
});

test('an address that looks up too much gets 429 with Retry-After; the entries that it got count, and tiles have no limit', async () => {
  await using limited = await startLog({ toml: '[limits]\nindex_entries_per_second = 0.001\nindex_entries_burst = 16\n' });
  const ask = () => limited.json(`/index?lookup=${toHex(lookupKey('control', ORIGIN))}`);
  // Eight for the key, and one for the genesis entry: seven are left.
  expect(await ask()).toMatchObject({ status: 200, body: { lookups: [{ entries: [0] }] } });
  const refused = await ask();
  expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  for (const path of ['/checkpoint', '/tile/entries/000.p/2', '/entries/0']) expect((await limited.fetch(path)).status).toBe(200);
});
