import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { KEY_TYPE_COSIGNATURE, cosign, parseVkey, verifyCosignature } from '@verbatim/tlog';
import { formatPrivateKey, generateSeed, verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import { KeyFileError, createKeyFile, createMlDsaKeyFile, loadMlDsaSigner, loadSigner } from './keyfile.ts';
import { temporaryFolder } from './_temporary.ts';

function failure(run: () => unknown): KeyFileError {
  try {
    run();
  } catch (error) {
    if (error instanceof KeyFileError) return error;
    throw error;
  }
  throw new Error('expected a KeyFileError');
}

test('a created key is loaded, signs, and has its verifier key beside it', async () => {
  const path = join(temporaryFolder(), 'witness.key');
  const { vkey } = await createKeyFile(path, 'example.org/w1', { type: KEY_TYPE_COSIGNATURE });
  expect([statSync(path).mode & 0o777, statSync(`${path}.pub`).mode & 0o777]).toEqual([0o600, 0o644]);
  expect(readFileSync(`${path}.pub`, 'utf8')).toBe(`${vkey}\n`);
  const text = `example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`;
  const line = cosign(text, loadSigner(path), 1234n);
  expect(verifyCosignature(text, line, parseVkey(vkey), verifyEd25519)).toBe(1234n);
});

test('an existing key or verifier key is never overwritten', async () => {
  const path = join(temporaryFolder(), 'key');
  await createKeyFile(path, 'a');
  const before = readFileSync(path, 'utf8');
  await expect(createKeyFile(path, 'a')).rejects.toMatchObject({ code: 'exists' });
  expect(readFileSync(path, 'utf8')).toBe(before);
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'key.pub'), 'mine');
  await expect(createKeyFile(join(folder, 'key'), 'a')).rejects.toMatchObject({ code: 'exists' });
  expect(readdirSync(folder)).toEqual(['key.pub']);
});

test.each([0o640, 0o604, 0o660, 0o610, 0o601, 0o666])('a key with mode %o is refused', async (mode) => {
  const path = join(temporaryFolder(), 'key');
  await createKeyFile(path, 'a');
  chmodSync(path, mode);
  const error = failure(() => loadSigner(path));
  expect(error.code).toBe('exposed');
  expect(error.message).toContain(`0${mode.toString(8)}`);
  chmodSync(path, 0o400);
  expect(loadSigner(path).name).toBe('a');
});

test.each([
  ['Ed25519', createKeyFile, loadSigner],
  ['ML-DSA-44', createMlDsaKeyFile, loadMlDsaSigner],
] as const)('a public %s key is said to be one, and not to be leaked', async (_, create, load) => {
  const path = join(temporaryFolder(), 'key');
  await create(path, 'a.example/é');
  const error = failure(() => load(`${path}.pub`));
  expect(error.code).toBe('malformed');
  expect(error.message).toContain('expected a private key (PRIVATE+KEY+…), found a public one');
});

test('a symbolic link, a folder, a pipe and a missing file are refused', async () => {
  const folder = temporaryFolder();
  await createKeyFile(join(folder, 'key'), 'a');
  symlinkSync(join(folder, 'key'), join(folder, 'link'));
  expect(failure(() => loadSigner(join(folder, 'link'))).code).toBe('not-a-file');
  mkdirSync(join(folder, 'd'), { mode: 0o700 });
  expect(failure(() => loadSigner(join(folder, 'd'))).code).toBe('not-a-file');
  execFileSync('sh', ['-c', 'mkfifo -m 600 "$0"', join(folder, 'pipe')]);
  expect(failure(() => loadSigner(join(folder, 'pipe'))).code).toBe('not-a-file');
  expect(failure(() => loadSigner(join(folder, 'none'))).code).toBe('unreadable');
});

const seed = generateSeed();
const good = formatPrivateKey('a', seed);
const secret = good.slice(good.lastIndexOf('+') + 1);

test.each([
  ['empty', ''],
  ['two lines', `${good}\n${good}\n`],
  ['a space before it', ` ${good}\n`],
  ['a space after it', `${good} \n`],
  ['CRLF', `${good}\r\n`],
  ['a blank line after it', `${good}\n\n`],
  ['a byte order mark', `\uFEFF${good}\n`],
  ['another key ID', good.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
  ['another name', good.replace('+a+', '+b+')],
  ['a shortened key', good.slice(0, -4)],
  ['too long', `${good}\n${'#'.repeat(2000)}`],
  ['invalid UTF-8', Buffer.concat([Buffer.from(good), Buffer.of(0xff)])],
])('a key file that is %s is refused, and the key is not in the message', (_, content) => {
  const path = join(temporaryFolder(), 'key');
  writeFileSync(path, content, { mode: 0o600 });
  const error = failure(() => loadSigner(path));
  expect(error.code).toBe('malformed');
  expect(`${error.message} ${String(error.stack)} ${String((error.cause as Error | undefined)?.message)}`).not.toContain(
    secret.slice(0, 20),
  );
});

test('with and without a final newline, it is the same key', () => {
  const path = join(temporaryFolder(), 'key');
  for (const content of [good, `${good}\n`]) {
    writeFileSync(path, content, { mode: 0o600 });
    expect(vkeyOf(loadSigner(path))).toMatch(/^a\+/);
  }
});
