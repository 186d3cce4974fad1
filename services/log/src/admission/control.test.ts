import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ControlAction, type ControlPredicate, makeControl, signStatement } from '@verbatim/statements';
import { openCheckpoint, parseNote, parseVkey, type Signer, toHex } from '@verbatim/tlog';
import { generateSeed, signerFromSeed, verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { createKeyFile, loadSigner } from '@verbatim/service-kit';
import { anEnrolment, anObservation, aRelease, testSigner, testVkey } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { type Answer, ORIGIN, REGISTRAR, startLog, type TestLog } from '../_log.ts';
import type { CheckpointStore } from '../store/checkpoints.ts';

const acme = testSigner('acme-1');
const fresh = (name: string): Signer => signerFromSeed(name, generateSeed());

function control(log: TestLog, predicate: ControlPredicate, ...signers: readonly Signer[]): Promise<Answer> {
  return log.post(signStatement(makeControl(predicate), signers));
}

const freeze = (reason = 'The log ends.'): ControlPredicate => ({ action: 'freeze', origin: ORIGIN, reason });
const rotation = (key: ControlAction<'rotate'>['key'], old: Signer, next: Signer): ControlPredicate => ({
  action: 'rotate',
  origin: ORIGIN,
  key,
  old: vkeyOf(old),
  vkey: vkeyOf(next),
});

/** A successor that goes on from the log as it is published. */
async function successor(log: TestLog): Promise<ControlAction<'successor'>> {
  const note = await readFile(join(log.config.data_dir, 'public/checkpoint'));
  const { size, root } = openCheckpoint(note, log.logKey, verifyEd25519).checkpoint;
  const [vkey, rootVkey] = [testVkey('log.example/next'), testVkey('next-root')];
  return { action: 'successor', origin: ORIGIN, vkey, rootVkey, size: Number(size), root: toHex(root), url: 'https://log.example/next/' };
}

describe('a frozen log', () => {
  test('takes nothing but rotation and successor, also after a restart, and says which entry froze it', async () => {
    await using log = await startLog();
    const scene = await log.scene([acme]);
    const last = anObservation({ origin: ORIGIN, ...scene, rebuilder: acme });
    await log.log(last, acme);
    const { body } = await control(log, freeze(), log.root);
    const refused = { status: 403, body: { code: 'frozen', index: body.index } };
    const entries = [
      signStatement(anObservation({ origin: ORIGIN, ...scene, rebuilder: acme }, { attempt: 2 }), [acme]),
      signStatement(aRelease({ purl: 'pkg:npm/esbuild@9.9.9' }), [REGISTRAR]),
      signStatement(anEnrolment(testSigner('late')), [log.admin]),
      signStatement(makeControl(freeze('once more')), [log.root]),
    ];
    for (const entry of entries) expect(await log.post(entry)).toMatchObject(refused);
    expect(await log.json(`/blobs/${'ab'.repeat(32)}`, { method: 'PUT', body: 'a recipe' })).toMatchObject(refused);
    // What was acknowledged is found again.
    expect(await log.post(signStatement(last, [acme]))).toMatchObject({ status: 200, body: { duplicate: true } });
    const dir = await log.stop();
    await using again = await startLog({ dir });
    for (const entry of entries) expect(await again.post(entry)).toMatchObject(refused);
    expect(await control(again, freeze(), again.root)).toMatchObject({ status: 200, body: { duplicate: true } });
    const admin = fresh('admin');
    expect((await control(again, rotation('admin', again.admin, admin), again.root, admin)).status).toBe(200);
    expect((await control(again, await successor(again), again.root)).status).toBe(200);
  });

  test('is what a log with a successor is, and there is only one', async () => {
    await using log = await startLog();
    const said = await successor(log);
    const { status, body } = await control(log, said, log.root);
    expect(status).toBe(200);
    // It stands where the other log goes on.
    expect(body.index).toBe(said.size);
    expect(await log.post(signStatement(anEnrolment(acme), [log.admin]))).toMatchObject({ status: 403, body: { code: 'frozen' } });
    const other = { ...said, url: 'https://other.example/' };
    expect(await control(log, other, log.root)).toMatchObject({ status: 409, body: { code: 'successor-named', index: body.index } });
    expect(await control(log, said, log.root)).toMatchObject({ status: 200, body: { duplicate: true, index: body.index } });
  });

  test('has no successor that goes on from a size or root that is not its own', async () => {
    await using log = await startLog();
    const said = await successor(log);
    for (const wrong of [{ size: said.size - 1 }, { size: said.size + 1 }, { root: 'ab'.repeat(32) }]) {
      expect(await control(log, { ...said, ...wrong }, log.root)).toMatchObject({ status: 422, body: { code: 'successor-elsewhere' } });
    }
    await log.log(anEnrolment(acme), log.admin);
    expect(await control(log, said, log.root)).toMatchObject({ status: 422, body: { code: 'successor-elsewhere' } });
  });
});

describe('a rotation', () => {
  test('of the admin key holds from the next entry on, and the old key never comes back', async () => {
    await using log = await startLog();
    const admin = fresh('admin');
    const entries = [
      signStatement(anEnrolment(acme), [log.admin]),
      signStatement(makeControl(rotation('admin', log.admin, admin)), [log.root, admin]),
      signStatement(anEnrolment(testSigner('beta-1')), [log.admin]),
      signStatement(anEnrolment(testSigner('gamma-1')), [admin]),
    ];
    const { results } = (await log.batch([...entries.slice(0, 3)])).body;
    expect(results.map(({ status }: { status: number }) => status)).toEqual([200, 200, 403]);
    expect((await log.post(entries[3]!)).status).toBe(200);
    const dir = await log.stop();
    await using again = await startLog({ dir });
    expect(await again.post(signStatement(anEnrolment(testSigner('delta-1')), [again.admin]))).toMatchObject({
      body: { code: 'not-the-admin' },
    });
    // The repeat of what the retired key had signed finds its entry.
    expect(await again.post(entries[0]!)).toMatchObject({ status: 200, body: { duplicate: true } });
    for (const retired of [again.admin, admin]) {
      expect(await again.post(signStatement(anEnrolment(retired), [admin]))).toMatchObject({ status: 422, body: { code: 'key-in-use' } });
    }
    expect(await control(again, rotation('admin', admin, again.admin), again.root, again.admin)).toMatchObject({
      status: 422,
      body: { code: 'key-in-use' },
    });
  });

  test('of the root key is signed by the old one, and then the new one speaks', async () => {
    await using log = await startLog();
    const [root, thief] = [fresh('root'), fresh('thief')];
    expect(await control(log, rotation('root', thief, root), thief, root)).toMatchObject({ status: 403, body: { code: 'not-the-root' } });
    expect((await control(log, rotation('root', log.root, root), log.root, root)).status).toBe(200);
    expect(await control(log, rotation('root', log.root, thief), log.root, thief)).toMatchObject({ body: { code: 'not-the-root' } });
    expect(await control(log, freeze(), log.root)).toMatchObject({ status: 403, body: { code: 'not-the-root' } });
    expect((await control(log, freeze(), root)).status).toBe(200);
  });

  test('without a signature that the new key made is refused', async () => {
    await using log = await startLog();
    const admin = fresh('admin');
    const forged = { ...admin, sign: (message: Uint8Array) => acme.sign(message) };
    expect(await control(log, rotation('admin', log.admin, admin), log.root, forged)).toMatchObject({
      status: 401,
      body: { code: 'bad-signature' },
    });
  });

  test('of the log key makes both keys sign, until the new one has the old one’s place', async () => {
    await using log = await startLog();
    await createKeyFile(join(log.dir, 'keys/next.key'), ORIGIN);
    const next = loadSigner(join(log.dir, 'keys/next.key'));
    const old = loadSigner(join(log.dir, 'keys/log.key'));
    const rotate = rotation('log', old, next);
    expect(await control(log, rotate, log.root, next)).toMatchObject({ status: 422, body: { code: 'key-not-held' } });
    const dir = await log.stop();

    const toml = 'next_key_file = "keys/next.key"';
    await using both = await startLog({ dir, toml });
    expect(await signers(both, old, next)).toEqual([vkeyOf(old)]);
    expect((await control(both, rotate, both.root, next)).status).toBe(200);
    expect(await signers(both, old, next)).toEqual([vkeyOf(next), vkeyOf(old)]);
    await both.stop();
    // A key that the log has left does not serve it.
    await expect(startLog({ dir })).rejects.toMatchObject({ code: 'wrong-identity' });

    await using restarted = await startLog({ dir, toml });
    await restarted.log(anEnrolment(acme), restarted.admin);
    expect(await signers(restarted, old, next)).toEqual([vkeyOf(next), vkeyOf(old)]);
    await restarted.stop();

    await using swapped = await startLog({ dir, logKeyFile: 'keys/next.key' });
    await swapped.log(anEnrolment(testSigner('beta-1')), swapped.admin);
    expect(await signers(swapped, old, next)).toEqual([vkeyOf(next)]);
    await expect(swapped.log(anEnrolment(old), swapped.admin)).rejects.toThrow('key-in-use');
  });
});

test('a rotation that was sequenced when the process ended holds after the restart, and so does a freeze', async () => {
  await using log = await startLog();
  await createKeyFile(join(log.dir, 'keys/next.key'), ORIGIN);
  const [old, next] = ['log', 'next'].map((name) => loadSigner(join(log.dir, `keys/${name}.key`))) as [Signer, Signer];
  const dir = await log.stop();
  const toml = 'next_key_file = "keys/next.key"';
  const wrapCheckpoints = (store: CheckpointStore): CheckpointStore =>
    Object.assign(store, {
      swapSigned: () => {
        throw new Error('the disk is gone');
      },
    });
  await using failing = await startLog({ dir, toml, engine: { wrapCheckpoints } });
  const entries = [
    signStatement(makeControl(rotation('log', old, next)), [failing.root, next]),
    signStatement(makeControl(freeze()), [failing.root]),
  ];
  expect((await failing.batch(entries)).status).toBe(503);
  expect(failing.fatal).toHaveLength(1);
  await failing.stop();

  await using again = await startLog({ dir, toml });
  for (const entry of entries) expect(await again.post(entry)).toMatchObject({ status: 200, body: { duplicate: true } });
  expect(await signers(again, old, next)).toEqual([vkeyOf(next), vkeyOf(old)]);
  expect(await again.post(signStatement(anEnrolment(acme), [again.admin]))).toMatchObject({ status: 403, body: { code: 'frozen' } });
});

/** Of these keys, the ones whose signatures on the published checkpoint verify, in the order of the lines. */
async function signers(log: TestLog, ...keys: readonly Signer[]): Promise<string[]> {
  const note = new Uint8Array(await (await log.fetch('/checkpoint')).arrayBuffer());
  const vkeys = keys.map((key) => parseVkey(vkeyOf(key)));
  return parseNote(note).signatures.flatMap(({ keyId }) => {
    const key = vkeys.find((vkey) => vkey.keyId === keyId);
    if (key === undefined) return [];
    openCheckpoint(note, key, verifyEd25519);
    return [key.text];
  });
}

describe('the policy of admission', () => {
  const policy = (said: Partial<ControlAction<'admission'>>): ControlPredicate => ({
    action: 'admission',
    origin: ORIGIN,
    claims: ['publisher', 'registrar'],
    attempts: 1000,
    approvals: 1,
    ...said,
  });

  test('limits attempts, from its own entry on', async () => {
    await using log = await startLog();
    const scene = await log.scene([acme]);
    const attempt = (n: number): Uint8Array =>
      signStatement(anObservation({ origin: ORIGIN, ...scene, rebuilder: acme }, { attempt: n, result: 'timeout' }), [acme]);
    for (const n of [1, 2, 3]) expect((await log.post(attempt(n))).status).toBe(200);
    const { body } = await control(log, policy({ attempts: 2 }), log.root);
    const refused = { status: 422, body: { code: 'too-many-attempts', index: body.index } };
    expect(await log.post(attempt(4))).toMatchObject(refused);
    const dir = await log.stop();
    await using again = await startLog({ dir });
    expect(await again.post(attempt(4))).toMatchObject(refused);
    expect((await control(again, policy({ attempts: 4 }), again.root)).status).toBe(200);
    expect((await again.post(attempt(4))).status).toBe(200);
  });

  test('says whose releases are registered', async () => {
    await using log = await startLog();
    await log.scene([]);
    const publisher = testSigner('publisher');
    await log.log(anEnrolment(publisher, { role: 'publisher' }), log.admin);
    const byRegistrar = signStatement(aRelease({ purl: 'pkg:npm/esbuild@1.0.0' }), [REGISTRAR]);
    const byPublisher = signStatement(aRelease({ purl: 'pkg:npm/esbuild@1.0.0', claim: { kind: 'publisher' } }), [publisher]);
    await control(log, policy({ claims: [] }), log.root);
    for (const entry of [byRegistrar, byPublisher])
      expect(await log.post(entry)).toMatchObject({ status: 403, body: { code: 'claim-not-admitted' } });
    await control(log, policy({ claims: ['publisher'] }), log.root);
    expect(await log.post(byRegistrar)).toMatchObject({ status: 403, body: { code: 'claim-not-admitted' } });
    expect((await log.post(byPublisher)).status).toBe(200);
  });

  test('demands approvals of publishers’ releases, beyond what a group demands', async () => {
    await using log = await startLog();
    const [alone, one, two] = ['alone', 'm1', 'm2'].map((name) => testSigner(name)) as [Signer, Signer, Signer];
    await log.log(anEnrolment(alone, { role: 'publisher', scope: ['pkg:npm/single'] }), log.admin);
    for (const member of [one, two]) await log.log(anEnrolment(member, { role: 'publisher', group: 'team' }), log.admin);
    const { body } = await control(log, policy({ approvals: 2 }), log.root);
    const refused = { status: 403, body: { code: 'threshold-not-met', index: body.index } };
    const single = aRelease({ purl: 'pkg:npm/single@1.0.0', claim: { kind: 'publisher' } });
    expect(await log.post(signStatement(single, [alone]))).toMatchObject(refused);
    const release = aRelease({ claim: { kind: 'publisher' } });
    expect(await log.post(signStatement(release, [one]))).toMatchObject(refused);
    expect((await log.post(signStatement(release, [one, two]))).status).toBe(200);
  });
});
