import { chmodSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile, loadConfig, loadCosigner, loadSigner, openCosignerStore } from '@verbatim/service-kit';
import { parseVkey } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import { witnessConfig } from './config.ts';
import { initWitness, witnessDatabase } from './init.ts';
import { TestLog } from './_log.ts';
import { NAME, prepareWitness, witnessToml } from './_witness.ts';

const log = new TestLog();
const init = async (config: string): Promise<string> => (await initWitness(loadConfig(witnessConfig, config))).join();
const open = (config: string): void => {
  const settings = loadConfig(witnessConfig, config);
  openCosignerStore(settings, witnessDatabase(settings), loadCosigner(settings))[Symbol.dispose]();
};

test('init makes a key for cosignatures, its vkey and a database, all private', async () => {
  const { folder, config, vkey } = await prepareWitness([log.vkey]);
  expect(parseVkey(vkey)).toMatchObject({ name: NAME, type: 0x04 });
  expect(readFileSync(join(folder, 'witness.key.pub'), 'utf8')).toBe(`${vkey}\n`);
  expect([statSync(join(folder, 'witness.key')).mode & 0o777, statSync(join(folder, 'data')).mode & 0o777]).toEqual([0o600, 0o700]);
  open(config);
});

test('init again changes nothing', async () => {
  const { folder, config, vkey } = await prepareWitness([log.vkey]);
  const before = readdirSync(folder, { recursive: true }).sort();
  expect(await init(config)).toBe(vkey);
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
});

test('a key that was made before is used', async () => {
  const { folder, config } = await prepareWitness([log.vkey], { init: false });
  const { vkey } = await createKeyFile(join(folder, 'witness.key'), NAME, { type: 0x04 });
  expect(await init(config)).toBe(vkey);
});

test('a key whose database is lost is refused: it could cosign a second history', async () => {
  const { folder, config } = await prepareWitness([log.vkey]);
  rmSync(join(folder, 'data'), { recursive: true });
  expect(() => open(config)).toThrow(expect.objectContaining({ code: 'missing' }));
  await expect(init(config)).rejects.toMatchObject({ code: 'state-lost' });
  writeFileSync(config, witnessToml([log.vkey]).replace('"data"', '"elsewhere"'));
  await expect(init(config)).rejects.toMatchObject({ code: 'state-lost' });
  expect(readdirSync(folder)).not.toContain('elsewhere');
});

test('a database whose key is lost gets no new key', async () => {
  const { folder, config } = await prepareWitness([log.vkey]);
  renameSync(join(folder, 'witness.key'), join(folder, 'moved'));
  await expect(init(config)).rejects.toMatchObject({ code: 'key-lost' });
  expect(readdirSync(folder)).not.toContain('witness.key');
});

test("another key's database is refused", async () => {
  const { folder, config } = await prepareWitness([log.vkey]);
  for (const name of ['witness.key', 'witness.key.pub', 'witness.key.used']) rmSync(join(folder, name));
  await createKeyFile(join(folder, 'witness.key'), NAME, { type: 0x04 });
  expect(() => open(config)).toThrow(expect.objectContaining({ code: 'wrong-key' }));
  await expect(init(config)).rejects.toMatchObject({ code: 'wrong-key' });
});

test('a key of another name, and a key that others can read, are refused', async () => {
  const { folder, config } = await prepareWitness([log.vkey]);
  writeFileSync(config, witnessToml([log.vkey], 'example.org/other'));
  expect(() => open(config)).toThrow(expect.objectContaining({ code: 'wrong-key' }));
  writeFileSync(config, witnessToml([log.vkey]));
  chmodSync(join(folder, 'witness.key'), 0o644);
  expect(() => open(config)).toThrow(expect.objectContaining({ code: 'exposed' }));
});

test("a configured log's key is refused, under whatever name", async () => {
  const { folder, config } = await prepareWitness([log.vkey]);
  const signer = loadSigner(join(folder, 'witness.key'));
  writeFileSync(join(folder, 'witness.toml'), witnessToml([vkeyOf({ ...signer, name: 'example.org/log' })]));
  expect(() => open(config)).toThrow(expect.objectContaining({ code: 'wrong-key' }));
});

test('a second key, ML-DSA-44, may be added later; its loss, and that of the database, are noticed', async () => {
  const { folder, config, vkey } = await prepareWitness([log.vkey]);
  writeFileSync(config, `ml_dsa_key_file = "pq.key"\n${witnessToml([log.vkey])}`);
  const [first, second] = (await init(config)).split(',');
  expect(first).toBe(vkey);
  expect(parseVkey(second!)).toMatchObject({ name: NAME, type: 0x06 });
  expect([readFileSync(join(folder, 'pq.key.pub'), 'utf8'), statSync(join(folder, 'pq.key')).mode & 0o777]).toEqual([`${second}\n`, 0o600]);
  expect(await init(config)).toBe(`${first},${second}`);
  renameSync(join(folder, 'pq.key'), join(folder, 'moved'));
  await expect(init(config)).rejects.toMatchObject({ code: 'key-lost' });
  expect(() => open(config)).toThrow(expect.objectContaining({ code: 'unreadable' }));
  renameSync(join(folder, 'moved'), join(folder, 'pq.key'));
  rmSync(join(folder, 'data'), { recursive: true });
  await expect(init(config)).rejects.toMatchObject({ code: 'state-lost' });
});

test('an Ed25519 key in the place of the second one is refused', async () => {
  const { folder, config } = await prepareWitness([log.vkey]);
  await createKeyFile(join(folder, 'other.key'), NAME, { type: 0x04 });
  writeFileSync(config, `ml_dsa_key_file = "other.key"\n${witnessToml([log.vkey])}`);
  expect(() => open(config)).toThrow(expect.objectContaining({ code: 'malformed' }));
});
