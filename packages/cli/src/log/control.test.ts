import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile, loadSigner } from '@verbatim/service-kit/keyfile';
import { decodeEntry, verifySignatures, keyidOf } from '@verbatim/statements';
import type { ControlAction } from '@verbatim/statements';
import { toHex } from '@verbatim/tlog';
import { verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { testVkey } from '@verbatim/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { World, verbatim } from '../_world.ts';
import { CliError, describeError } from '../errors.ts';
import type { Io } from '../io.ts';
import { signAdmission, signFreeze, signRotation } from './control.ts';

const origin = 'log.example/test';
let world: World;
let key: string;
let out: string;

beforeEach(async () => {
  world = new World();
  key = join(world.path, 'root.key');
  out = join(world.path, 'entry.json');
  await createKeyFile(key, 'root');
});
afterEach(() => world[Symbol.dispose]());

const sign = (action: string, ...args: string[]) => verbatim(['log', action, '--key', key, '--out', out, ...args]);

/** What the written entry says, and by whom it is signed; every signature is verified. */
function written<A extends 'freeze' | 'rotate' | 'successor' | 'admission'>(...files: string[]): { said: ControlAction<A>; keys: number } {
  const { envelope, statement } = decodeEntry(new Uint8Array(readFileSync(out)));
  const keys = [key, ...files]
    .map((file) => loadSigner(file))
    .map(({ name, publicKey }) => ({ keyid: keyidOf(name, publicKey), publicKey }));
  expect(verifySignatures(envelope, keys, verifyEd25519)).toHaveLength(keys.length);
  return { said: statement.predicate as ControlAction<A>, keys: envelope.signatures.length };
}

describe('signing offline', () => {
  test('a freeze, once: an existing file is not overwritten', async () => {
    const { code, stdout, stderr } = await sign('freeze', '--origin', origin, '--reason', 'We move.');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${origin} is frozen: We move.\n` });
    expect(stderr).toBe(`wrote ${out}; nothing has happened yet: verbatim log submit ${out}\n`);
    expect(written()).toEqual({ said: { action: 'freeze', origin, reason: 'We move.' }, keys: 1 });
    const again = await sign('freeze', '--origin', origin, '--reason', 'Other words.');
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`${out} exists, and nothing is overwritten`);
    expect(written<'freeze'>().said.reason).toBe('We move.');
  });

  test('a rotation, which the new key signs too', async () => {
    const next = join(world.path, 'next.key');
    const { vkey } = await createKeyFile(next, origin);
    const old = world.scene.log.vkey;
    const { code, stdout } = await sign('rotate', '--origin', origin, '--of', 'log', '--old', old, '--new-key', next, '--json');
    expect(code).toBe(0);
    const said = { action: 'rotate', origin, key: 'log', old, vkey };
    expect(JSON.parse(stdout)).toMatchObject({ file: out, predicate: said });
    expect(written(next)).toEqual({ said, keys: 2 });
  });

  test('a successor that goes on from a checkpoint which the log signed', async () => {
    const { log } = world.scene;
    // Larger than an entry may be, as with ML-DSA-44 cosignatures of six witnesses.
    const cosignatures = Array.from({ length: 6 }, (_, i) => `\u2014 w${i} ${Buffer.alloc(2432, i + 1).toString('base64')}\n`);
    const checkpoint = world.file('checkpoint', Buffer.concat([log.checkpoint(), Buffer.from(cosignatures.join(''))]));
    const args = ['--checkpoint', checkpoint, '--successor-vkey', testVkey('next.example'), '--successor-root-vkey', testVkey('next-root')];
    const url = ['--url', 'https://next.example/'];
    expect((await sign('successor', ...args, ...url, '--vkey', log.vkey)).code).toBe(0);
    const { said } = written<'successor'>();
    expect(said).toMatchObject({ origin, size: Number(log.size), root: toHex(log.root()), vkey: testVkey('next.example') });
    out = join(world.path, 'other.json');
    const forged = await sign('successor', ...args, ...url, '--vkey', vkeyOf(loadSigner(key)));
    expect(forged.code).toBe(2);
    expect(forged.stderr).toContain('expected a checkpoint that');
    const mistyped = await sign('successor', ...args, ...url, '--vkey', 'x');
    expect(mistyped).toMatchObject({ code: 2, stderr: expect.stringContaining('as a vkey, found "x"') as string });
    expect((await sign('successor', ...args, '--url', 'file:///srv/log/', '--vkey', log.vkey)).stderr).toContain(
      'the http(s) address of a log',
    );
  });

  test('a policy of admission', async () => {
    const { code } = await sign('admission', '--origin', origin, '--claims', 'registrar,publisher', '--attempts', '5');
    expect(code).toBe(0);
    const claims = ['publisher', 'registrar'];
    expect(written<'admission'>().said).toEqual({ action: 'admission', origin, claims, attempts: 5, approvals: 1 });
    out = join(world.path, 'none.json');
    expect((await sign('admission', '--origin', origin, '--claims', 'none')).code).toBe(0);
    expect(written<'admission'>().said.claims).toEqual([]);
  });

  test('not for an office that there is not', async () => {
    const { code, stderr } = await sign('rotate', '--origin', origin, '--of', 'witness', '--old', 'x', '--new-key', key);
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are log, root, admin');
  });

  const io: Io = { out: () => undefined, err: () => undefined, env: {}, colour: false, now: () => new Date() };
  const admission = { origin, claims: 'publisher', attempts: '1', approvals: '1' };
  test.each<[string, (where: { key: string; out: string }) => Promise<void>, string]>([
    [
      'a rotation to the same key',
      (where) => signRotation({ ...where, origin, of: 'root', old: vkeyOf(loadSigner(key)), newKey: key }, io),
      'expected another key than the old one',
    ],
    [
      'a log key of another name',
      (where) => signRotation({ ...where, origin, of: 'log', old: testVkey(origin), newKey: key }, io),
      'expected a key named',
    ],
    ['an empty reason', (where) => signFreeze({ ...where, origin, reason: '' }, io), 'expected printable text'],
    ['claims of others', (where) => signAdmission({ ...where, ...admission, claims: 'anybody' }, io), '--claims: expected publisher'],
    [
      'a claim twice',
      (where) => signAdmission({ ...where, ...admission, claims: 'publisher,publisher' }, io),
      '--claims: expected publisher',
    ],
    ['no attempts', (where) => signAdmission({ ...where, ...admission, attempts: '0' }, io), 'expected a whole number from 1'],
    [
      'attempts in words',
      (where) => signAdmission({ ...where, ...admission, attempts: 'many' }, io),
      '--attempts: expected a whole number',
    ],
    ['too many approvals', (where) => signAdmission({ ...where, ...admission, approvals: '9' }, io), 'expected a whole number from 1 to 8'],
  ])('not %s', async (_, make, message) => {
    const error = await make({ key, out }).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(CliError);
    expect(describeError(error)).toContain(message);
    expect(existsSync(out)).toBe(false);
  });
});

test('log submit sends nothing that is no entry', async () => {
  const args = ['--log', 'http://127.0.0.1:9/', '--vkey', world.scene.log.vkey];
  const { code, stderr } = await verbatim(['log', 'submit', world.file('x', '{}'), ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain('is no signed entry');
});
