import Database from 'better-sqlite3';
import { join } from 'node:path';
import { lookupKey } from '@verbatim/index-map';
import { loadSigner } from '@verbatim/service-kit';
import {
  encodeEnvelope,
  encodeCanonicalJson,
  decodeEnvelope,
  keyidOf,
  makeControl,
  recipeDigest,
  signStatement,
  type ControlPredicate,
  type Statement,
} from '@verbatim/statements';
import { type Signer, toHex, utf8Encode } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import {
  aLargeRecipe,
  anArtifact,
  anEnrolment,
  anObservation,
  aRelease,
  aRevocation,
  forgePayload,
  testSigner,
  testVkey,
} from '@verbatim/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesBelow } from '../_check-log.ts';
import { ORIGIN, REGISTRAR, startLog, type TestLog, type TestScene } from '../_log.ts';
import { REFUSAL_STATUS, type RefusalCode } from './refusal.ts';

let log: TestLog;
let scene: TestScene;
const acme = testSigner('acme-1');
const beta = testSigner('beta-1');
const revoked = testSigner('revoked-1');
const stranger = testSigner('stranger');
const publisher = testSigner('publisher');
const members = ['m1', 'm2', 'm3'].map((name) => testSigner(name));
const revokedPublisher = testSigner('revoked-publisher');
/** `internal` cannot be provoked; the others are tried in control.test.ts, in logs of their own. */
const expectedCodes = new Set<RefusalCode>(['internal', 'frozen', 'claim-not-admitted', 'too-many-attempts', 'successor-named']);

beforeAll(async () => {
  log = await startLog();
  scene = await log.scene([acme, beta, revoked]);
  await log.log(aRevocation(revoked), log.admin);
  await log.log(anEnrolment(publisher, { role: 'publisher', scope: ['pkg:npm/single'] }), log.admin);
  for (const member of members)
    await log.log(anEnrolment(member, { role: 'publisher', group: 'team', threshold: 2, scope: ['pkg:npm/esbuild'] }), log.admin);
  await log.log(anEnrolment(revokedPublisher, { role: 'publisher', scope: ['pkg:npm/esbuild'] }), log.admin);
  await log.log(aRevocation(revokedPublisher, { role: 'publisher' }), log.admin);
  await log.log(observation({}), acme);
});

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
});

/** By acme, about the scene's release, in this log. */
function observation(overrides: Parameters<typeof anObservation>[1], rebuilder = acme): Statement {
  return anObservation({ origin: ORIGIN, release: scene.release, index: scene.index, leafHash: scene.leafHash, rebuilder }, overrides);
}

function release(overrides: Parameters<typeof aRelease>[0] = {}): Statement {
  return aRelease({ purl: 'pkg:npm/esbuild@9.9.9', ...overrides });
}

/** Everything that is stored: rows of every table, and the files. */
async function everything(): Promise<unknown> {
  const db = new Database(join(log.config.data_dir, 'log.db'), { readonly: true });
  try {
    const tables = db.prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    const rows = tables.map(({ name }) => [name, db.prepare(`SELECT * FROM ${name}`).all()]);
    return { rows, files: await filesBelow(join(log.config.data_dir, 'public')) };
  } finally {
    db.close();
  }
}

const otherDigest = 'ab'.repeat(32);
const spare = testSigner('spare');
const nextLogKey = testSigner(ORIGIN, 'next');

function freeze(origin = ORIGIN): ControlPredicate {
  return { action: 'freeze', origin, reason: 'test' };
}

function rotation(key: 'log' | 'root' | 'admin', to: Signer): Extract<ControlPredicate, { action: 'rotate' }> {
  const old = { log: log.keys.logVkey, root: log.keys.rootVkey, admin: log.keys.adminVkey }[key];
  return { action: 'rotate', origin: ORIGIN, key, old, vkey: vkeyOf(to) };
}

function successor(origin: string): ControlPredicate {
  const url = 'https://log.example/next/';
  return { action: 'successor', origin: ORIGIN, vkey: testVkey(origin), rootVkey: testVkey('next-root'), size: 3, root: otherDigest, url };
}

const cases: readonly [name: string, status: number, code: RefusalCode, entry: () => Uint8Array][] = [
  ['bytes that are no JSON', 400, 'malformed', () => utf8Encode('not json')],
  [
    'an envelope with a space too many',
    400,
    'malformed',
    () => Buffer.concat([signStatement(observation({ attempt: 2 }), [acme]), utf8Encode('\n')]),
  ],
  [
    'a payload that contradicts itself',
    400,
    'malformed',
    () => forged({ ...observation({ attempt: 2 }), subject: [{ name: 'other', digest: { sha256: otherDigest } }] }),
  ],
  [
    'an observation signed by another key than it names',
    400,
    'malformed',
    () => forgePayload(encodeCanonicalJson(observation({ attempt: 2 })), [beta]),
  ],
  ['an entry above 16 KiB', 413, 'too-large', () => utf8Encode(`{"payload":"${'A'.repeat(17_000)}"}`)],
  ['an unknown rebuilder', 403, 'unknown-key', () => signStatement(observation({}, stranger), [stranger])],
  ['a signature that does not verify', 401, 'bad-signature', () => withWrongSignature(signStatement(observation({ attempt: 2 }), [acme]))],
  ['a revoked rebuilder', 403, 'revoked-key', () => signStatement(observation({}, revoked), [revoked])],
  ['an observation by a registrar', 403, 'wrong-role', () => signStatement(observation({}, REGISTRAR), [REGISTRAR])],
  ['a release by a rebuilder', 403, 'wrong-role', () => signStatement(release(), [acme])],
  ['a publisher claim by a registrar', 403, 'wrong-role', () => signStatement(release({ claim: { kind: 'publisher' } }), [REGISTRAR])],
  [
    'an observation for another log',
    422,
    'other-origin',
    () => signStatement(observation({ log: 'other.example/log', attempt: 2 }), [acme]),
  ],
  [
    'an observation of an entry that does not exist',
    404,
    'unknown-release',
    () => signStatement(observation({ release: { index: 9999, leafHash: otherDigest }, attempt: 2 }), [acme]),
  ],
  [
    'an observation of an entry that is no release',
    422,
    'not-a-release',
    () => signStatement(observation({ release: { index: 0, leafHash: otherDigest }, attempt: 2 }), [acme]),
  ],
  [
    'an observation with another leaf hash',
    422,
    'release-leaf-mismatch',
    () => signStatement(observation({ release: { index: scene.index, leafHash: otherDigest }, attempt: 2 }), [acme]),
  ],
  [
    'an observation of an artifact that the release does not list',
    422,
    'artifact-not-listed',
    () =>
      signStatement(
        observation({
          artifact: 'windows/esbuild.exe',
          result: 'skipped',
          reason: 'no-worker',
          claimed: null,
          received: null,
          observed: null,
        }),
        [acme],
      ),
  ],
  [
    'an observation that claims another digest',
    422,
    'claimed-digest-mismatch',
    () =>
      signStatement(
        observation({ attempt: 2, claimed: { sha256: otherDigest }, received: { sha256: otherDigest }, observed: { sha256: otherDigest } }),
        [acme],
      ),
  ],
  [
    'a result "built" for an artifact that was published',
    422,
    'claimed-digest-mismatch',
    () =>
      signStatement(observation({ attempt: 2, result: 'built', claimed: null, received: null, observed: { sha256: otherDigest } }), [acme]),
  ],
  [
    'an observation by another recipe',
    422,
    'recipe-mismatch',
    () => signStatement(observation({ attempt: 2, recipe: { sha256: otherDigest } }), [acme]),
  ],
  ['attempt 3 without attempt 2', 422, 'attempt-gap', () => signStatement(observation({ attempt: 3 }), [acme])],
  ['attempt 2 of a rebuilder that made no first one', 422, 'attempt-gap', () => signStatement(observation({ attempt: 2 }, beta), [beta])],
  [
    'another statement for an attempt that is logged',
    409,
    'attempt-exists',
    () => signStatement(observation({ result: 'differ', observed: { sha256: otherDigest } }), [acme]),
  ],
  ['a release by somebody who is not enrolled', 403, 'unknown-key', () => signStatement(release(), [stranger])],
  [
    'a release outside a publisher’s scope',
    403,
    'out-of-scope',
    () => signStatement(release({ claim: { kind: 'publisher' } }), [publisher]),
  ],
  [
    'a release whose name only begins like the scope',
    403,
    'out-of-scope',
    () => signStatement(release({ purl: 'pkg:npm/single-x@1.0.0', claim: { kind: 'publisher' } }), [publisher]),
  ],
  [
    'a release of another ecosystem by a registrar',
    403,
    'out-of-scope',
    () => signStatement(release({ purl: 'pkg:golang/github.com/evanw/esbuild@v0.25.0' }), [REGISTRAR]),
  ],
  [
    'a release by a revoked publisher',
    403,
    'revoked-key',
    () => signStatement(release({ claim: { kind: 'publisher' } }), [revokedPublisher]),
  ],
  [
    'one approval where the group needs two',
    403,
    'threshold-not-met',
    () => signStatement(release({ claim: { kind: 'publisher' } }), [members[0]!]),
  ],
  [
    'two approvals of which one is by another group',
    403,
    'threshold-not-met',
    () => signStatement(release({ purl: 'pkg:npm/esbuild@9.9.9', claim: { kind: 'publisher' } }), [members[0]!, publisher]),
  ],
  [
    'a coordinate in another ecosystem',
    422,
    'ecosystem-mismatch',
    () => signStatement(release({ artifacts: [anArtifact({ coordinate: 'pkg:pypi/esbuild@0.25.0' })] }), [REGISTRAR]),
  ],
  ['a release whose recipe is not stored', 422, 'recipe-not-stored', () => signStatement(release({ recipe: aLargeRecipe() }), [REGISTRAR])],
  [
    'a second registration of the same part',
    409,
    'release-part-exists',
    () =>
      signStatement(
        aRelease({
          toolchain: [
            { name: 'go', version: 'go1.23.5' },
            { name: 'node', version: '22' },
          ],
        }),
        [REGISTRAR],
      ),
  ],
  [
    'a part that says another number of parts',
    409,
    'release-parts-disagree',
    () => signStatement(aRelease({ part: { index: 2, of: 2 } }), [REGISTRAR]),
  ],
  ['an enrolment by a rebuilder', 403, 'not-the-admin', () => signStatement(anEnrolment(stranger), [acme])],
  ['an enrolment signed by its own key', 403, 'not-the-admin', () => signStatement(anEnrolment(stranger), [stranger])],
  [
    'a second enrolment of a key',
    409,
    'already-enrolled',
    () => signStatement(anEnrolment(acme, { operator: 'somebody else' }), [log.admin]),
  ],
  [
    'an enrolment of a revoked key',
    409,
    'already-enrolled',
    () => signStatement(anEnrolment(revoked, { operator: 'somebody else' }), [log.admin]),
  ],
  [
    'the same public key under another name',
    409,
    'already-enrolled',
    () => signStatement(anEnrolment({ ...acme, name: 'acme-again' }), [log.admin]),
  ],
  [
    'the same public key under another name, in another role',
    422,
    'key-in-use',
    () => signStatement(anEnrolment({ ...acme, name: 'acme-registrar' }, { role: 'registrar' }), [log.admin]),
  ],
  ['the log’s own key as a rebuilder', 422, 'key-in-use', () => signStatement(anEnrolment({ ...log.admin, name: 'sneaky' }), [log.admin])],
  [
    'a member with another threshold than its group',
    422,
    'group-mismatch',
    () => signStatement(anEnrolment(stranger, { role: 'publisher', group: 'team', threshold: 1, scope: ['pkg:npm/esbuild'] }), [log.admin]),
  ],
  ['a revocation of a key that was never enrolled', 422, 'not-enrolled', () => signStatement(aRevocation(stranger), [log.admin])],
  [
    'a revocation in a role that the key has not',
    422,
    'not-enrolled',
    () => signStatement(aRevocation(acme, { role: 'publisher' }), [log.admin]),
  ],
  ['a second revocation', 409, 'already-revoked', () => signStatement(aRevocation(revoked, { reason: 'once more' }), [log.admin])],
  [
    'a revocation as of an entry that does not exist',
    422,
    'index-in-the-future',
    () => signStatement(aRevocation(beta, { compromisedSince: 5000 }), [log.admin]),
  ],
  ['a control statement by the admin', 403, 'not-the-root', () => signStatement(makeControl(freeze()), [log.admin])],
  ['a control statement for another log', 422, 'other-origin', () => signStatement(makeControl(freeze('other.example')), [log.root])],
  [
    'a second genesis',
    422,
    'written-by-the-log',
    () =>
      signStatement(makeControl({ action: 'genesis', origin: ORIGIN, root: log.keys.rootVkey, admin: vkeyOf(spare), predecessor: null }), [
        log.root,
      ]),
  ],
  [
    'an index root by somebody else',
    422,
    'written-by-the-log',
    () => signStatement(makeControl({ action: 'index-root', origin: ORIGIN, size: 1, root: otherDigest }), [log.root]),
  ],
  [
    'an index root by the log’s own key',
    422,
    'written-by-the-log',
    () =>
      signStatement(makeControl({ action: 'index-root', origin: ORIGIN, size: 1, root: otherDigest }), [
        loadSigner(join(log.dir, 'keys/log.key')),
      ]),
  ],
  [
    'a rotation of a key that is not current',
    409,
    'key-not-current',
    () => signStatement(makeControl({ ...rotation('admin', spare), old: vkeyOf(acme) }), [log.root, spare]),
  ],
  ['a rotation to a key that is enrolled', 422, 'key-in-use', () => signStatement(makeControl(rotation('admin', acme)), [log.root, acme])],
  [
    'a rotation to the key of another office',
    422,
    'key-in-use',
    () => signStatement(makeControl(rotation('root', log.admin)), [log.root, log.admin]),
  ],
  [
    'a rotation to a log key that the log does not hold',
    422,
    'key-not-held',
    () => signStatement(makeControl(rotation('log', nextLogKey)), [log.root, nextLogKey]),
  ],
  [
    'a successor that goes on from another state',
    422,
    'successor-elsewhere',
    () => signStatement(makeControl(successor('log.example/next')), [log.root]),
  ],
];

/** A well-formed envelope around a payload that the decoder refuses. */
function forged(statement: unknown): Uint8Array {
  return forgePayload(encodeCanonicalJson(statement), [acme]);
}

function withWrongSignature(entry: Uint8Array): Uint8Array {
  const envelope = decodeEnvelope(entry);
  const [signature] = envelope.signatures;
  const sig = signature!.sig.slice();
  sig[0]! ^= 1;
  return encodeEnvelope({ ...envelope, signatures: [{ ...signature!, sig }] });
}

describe('admission refuses, says why, and stores nothing:', () => {
  test.each(cases)('%s', async (_, status, code, entry) => {
    const before = await everything();
    const answer = await log.post(entry());
    expect(answer.body).toMatchObject({ code, status });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body.detail.length).toBeGreaterThan(20);
    expect(await everything()).toEqual(before);
    expectedCodes.add(code);
  });

  test('a release whose stored recipe is for something else', async () => {
    const recipe = aLargeRecipe({ toolchain: { version: 'go1.22.0', h1: {} } });
    const bytes = encodeCanonicalJson(recipe);
    const put = await putBlob(bytes);
    expect(put.status).toBe(201);
    const honest = release({ recipe: aLargeRecipe() }) as ReturnType<typeof aRelease>;
    const lying = { ...honest, predicate: { ...honest.predicate, recipe: { sha256: recipeDigest(recipe), size: bytes.length } } };
    const before = await everything();
    const answer = await log.post(signStatement(lying, [REGISTRAR]));
    expect(answer.body).toMatchObject({ code: 'wrong-recipe', status: 422 });
    expect(await everything()).toEqual(before);
    expectedCodes.add('wrong-recipe');
  });

  test('and every refusal that there is has been tried here', () => {
    expect([...expectedCodes].toSorted()).toEqual(Object.keys(REFUSAL_STATUS).toSorted());
  });
});

describe('admission takes', () => {
  test('the next attempt, whatever it says', async () => {
    await log.log(observation({ attempt: 2, result: 'differ', observed: { sha256: otherDigest } }), acme);
    await log.log(observation({ attempt: 3, result: 'timeout', reason: 'wall-clock', observed: null }), acme);
  });

  test('two keys of one operator', async () => {
    const [one, two] = [testSigner('twin-1'), testSigner('twin-2')];
    await log.log(anEnrolment(one, { operator: 'Twins Ltd' }), log.admin);
    await log.log(anEnrolment(two, { operator: 'Twins Ltd' }), log.admin);
    await log.log(observation({}, one), one);
    await log.log(observation({}, two), two);
  });

  test('one key in two roles', async () => {
    await log.log(anEnrolment(beta, { role: 'registrar' }), log.admin);
    await log.log(release({ purl: 'pkg:npm/by-beta@1.0.0' }), beta);
  });

  test('a release with enough approvals, and another claimant’s statement about the same part', async () => {
    await log.log(aRelease({ claim: { kind: 'publisher' } }), ...members.slice(1));
  });

  test('a release of several parts, one by one', async () => {
    const purl = 'pkg:npm/large@1.0.0';
    await log.log(release({ purl, part: { index: 2, of: 2 } }), REGISTRAR);
    await log.log(
      release({ purl, part: { index: 1, of: 2 }, artifacts: [anArtifact({ name: 'linux-arm64/bin/esbuild', target: 'linux/arm64' })] }),
      REGISTRAR,
    );
  });

  test('a release whose recipe is a blob, and "built" for an artifact without a published digest', async () => {
    const unpublished = [{ name: 'debug/esbuild', target: 'linux/amd64' }];
    const outputs = [
      { artifact: 'linux-x64/bin/esbuild', goos: 'linux', goarch: 'amd64', env: {} },
      { artifact: 'debug/esbuild', goos: 'linux', goarch: 'amd64', env: {} },
    ];
    const recipe = aLargeRecipe({ outputs });
    expect((await putBlob(encodeCanonicalJson(recipe))).status).toBe(201);
    const statement = release({ purl: 'pkg:npm/blob@1.0.0', recipe, unpublished }) as ReturnType<typeof aRelease>;
    const { index, leafHash } = await log.log(statement, REGISTRAR);
    await log.log(anObservation({ origin: ORIGIN, release: statement, index, leafHash, rebuilder: acme, artifact: 'debug/esbuild' }), acme);
  });

  test('a key’s last statements before its revocation, and their repetition after it', async () => {
    const signer = testSigner('leaver');
    await log.log(anEnrolment(signer), log.admin);
    const entry = signStatement(observation({}, signer), [signer]);
    const first = await log.post(entry);
    await log.log(aRevocation(signer, { compromisedSince: first.body.index }), log.admin);
    expect(await log.post(entry)).toMatchObject({ status: 200, body: { index: first.body.index, duplicate: true } });
    expect(await log.post(signStatement(observation({ attempt: 2 }, signer), [signer]))).toMatchObject({
      status: 403,
      body: { code: 'revoked-key' },
    });
  });

  test('of a key that was retired, that it was compromised: its matches no longer count from an earlier entry on', async () => {
    const signer = testSigner('retired');
    await log.log(anEnrolment(signer), log.admin);
    const { index } = await log.log(observation({}, signer), signer);
    const retired = await log.log(aRevocation(signer), log.admin);
    const compromised = await log.log(aRevocation(signer, { compromisedSince: index }), log.admin);
    const control = toHex(lookupKey('control', ORIGIN));
    expect((await log.json(`/index?lookup=${control}`)).body.lookups[0].entries).toEqual(
      expect.arrayContaining([retired.index, compromised.index]),
    );
    expect(await log.post(signStatement(anEnrolment(signer, { operator: 'another' }), [log.admin]))).toMatchObject({
      body: { code: 'already-enrolled' },
    });
  });
});

async function putBlob(bytes: Uint8Array): Promise<Response> {
  const { createHash } = await import('node:crypto');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const signature = Buffer.from(REGISTRAR.sign(utf8Encode(`verbatim-blob/v1\n${ORIGIN}\n${sha256}\n${bytes.length}\n`))).toString('base64');
  return log.fetch(`/blobs/${sha256}`, {
    method: 'PUT',
    headers: { 'x-verbatim-signature': `${keyidOf(REGISTRAR.name, REGISTRAR.publicKey)} ${signature}` },
    body: new Uint8Array(bytes),
  });
}
