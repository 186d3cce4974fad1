import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyFile, createLogger, loadConfig, loadSigner } from '@verbatim/service-kit';
import {
  type ControlAction,
  decodeEntry,
  encodeCanonicalJson,
  keyidOf,
  makeControl,
  recipeDigest,
  signStatement,
} from '@verbatim/statements';
import { openCheckpoint, parseVkey, toHex, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { aLargeRecipe, anEnrolment, anObservation, aRelease, testSigner } from '@verbatim/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkWholeLog, fromUrl } from './_check-log.ts';
import { ORIGIN, REGISTRAR, startLog, temporaryFolder, type TestLog, type TestScene } from './_log.ts';
import { restoreFromTiles } from './backup/from-tiles.ts';
import { type LogConfig, logConfig } from './config.ts';
import { serveLog } from './serve.ts';
import { blobPath } from './service/blob-folder.ts';
import { succeedLog } from './succeed.ts';

const NEXT = 'log.example.org/next';
const acme = testSigner('acme-1');
const recipe = aLargeRecipe();
let old: TestLog;
let scene: TestScene;
let folder: string;
let config: LogConfig;

/** An old log with a release whose recipe is a blob and an observation, and the configuration and keys of the log that shall go on. */
beforeEach(async () => {
  old = await startLog();
  await old.log(anEnrolment(REGISTRAR, { role: 'registrar' }), old.admin);
  await old.log(anEnrolment(acme), old.admin);
  await putRecipe();
  const release = aRelease({ recipe });
  scene = { release, rebuilders: [acme], ...(await old.log(release, REGISTRAR)) };
  await old.log(anObservation({ origin: ORIGIN, ...scene, rebuilder: acme }), acme);
  folder = await temporaryFolder();
  const toml = `origin = "${NEXT}"\ndata_dir = "data"\nkey_file = "log.key"\nroot_key_file = "root.key"\nadmin_key_file = "admin.key"\n`;
  await writeFile(join(folder, 'log.toml'), `${toml}[listen]\nport = 0\n[metrics_listen]\nport = 0\n`);
  config = loadConfig(logConfig, join(folder, 'log.toml'));
  await createKeyFile(config.key_file, NEXT);
  await createKeyFile(config.root_key_file!, `${NEXT}/root`);
});

afterEach(async () => {
  await old[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function putRecipe(): Promise<void> {
  const bytes = encodeCanonicalJson(recipe);
  const sha256 = recipeDigest(recipe);
  const signature = Buffer.from(REGISTRAR.sign(utf8Encode(`verbatim-blob/v1\n${ORIGIN}\n${sha256}\n${bytes.length}\n`))).toString('base64');
  const headers = { 'x-verbatim-signature': `${keyidOf(REGISTRAR.name, REGISTRAR.publicKey)} ${signature}` };
  const put = await old.fetch(`/blobs/${sha256}`, { method: 'PUT', headers, body: new Uint8Array(bytes) });
  expect(put.status).toBe(201);
}

const vkeyIn = async (file: string): Promise<string> => (await readFile(`${file}.pub`, 'utf8')).trim();

/** Freezes the old log and has it name the successor, as the root key's owner would. */
async function handOver(overrides: Partial<ControlAction<'successor'>> = {}): Promise<ControlAction<'successor'>> {
  await old.log(makeControl({ action: 'freeze', origin: ORIGIN, reason: 'We move.' }), old.root);
  const note = new Uint8Array(await (await old.fetch('/checkpoint')).arrayBuffer());
  const { size, root } = openCheckpoint(note, old.logKey, verifyEd25519).checkpoint;
  const keys = { vkey: await vkeyIn(config.key_file), rootVkey: await vkeyIn(config.root_key_file!) };
  const said = {
    action: 'successor',
    origin: ORIGIN,
    ...keys,
    size: Number(size),
    root: toHex(root),
    url: 'https://next.example/',
  } as const;
  await old.log(makeControl({ ...said, ...overrides }), old.root);
  return { ...said, ...overrides };
}

const serve = () =>
  serveLog(config, {
    logger: createLogger({ name: 'log', level: 'silent' }),
    fatal: (error) => {
      throw error;
    },
  });

describe('a successor', () => {
  test('has the old entries byte for byte, its own genesis, and the word of the old root key; both logs are sound', async () => {
    const { size, root } = await handOver();
    const from = join(old.dir, 'data');
    // The old log goes on serving.
    const keys = await succeedLog(config, from, Date.now());
    await using next = await serve();
    const [before, after] = [
      await checkWholeLog(fromUrl(old.url), old.logKey),
      await checkWholeLog(fromUrl(next.url!), parseVkey(keys.logVkey)),
    ];
    expect(after.slice(0, size)).toEqual(before.slice(0, size));
    const said = after.slice(size).map((entry) => decodeEntry(entry).statement.predicate);
    expect(said).toEqual([
      { action: 'genesis', origin: NEXT, root: keys.rootVkey, admin: keys.adminVkey, predecessor: { origin: ORIGIN, size, root } },
      expect.objectContaining({ action: 'successor', origin: ORIGIN, vkey: keys.logVkey }),
      expect.objectContaining({ action: 'index-root', origin: NEXT, size: size + 2 }),
    ]);
    expect(after[size + 1]).toEqual(before[size]);
    // They begin with another log: a restoration that replays one does not begin.
    const lost = { ...config, data_dir: join(folder, 'again') };
    await expect(restoreFromTiles(lost, next.url!, { now: Date.now() })).rejects.toThrow(
      /genesis of .*next.*from which this log went on.*restore --from/,
    );
  });

  test('goes on: the roster and the releases are there, its admin key rules, and no old key does', async () => {
    await handOver();
    await succeedLog(config, join(old.dir, 'data'), Date.now());
    await using next = await serve();
    const post = async (entry: Uint8Array): Promise<{ status: number; body: { code?: string } }> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${next.url}/entries`, { method: 'POST', headers, body: new Uint8Array(entry) });
      return { status: response.status, body: (await response.json()) as { code?: string } };
    };
    const about = { ...scene, rebuilder: acme };
    const refused = (code: string) => expect.objectContaining({ body: expect.objectContaining({ code }) });
    // The first attempt is logged: in the old log, and so in this one.
    expect(await post(signStatement(anObservation({ ...about, origin: NEXT }), [acme]))).toEqual(refused('attempt-exists'));
    expect(await post(signStatement(anObservation({ ...about, origin: ORIGIN }, { attempt: 2 }), [acme]))).toEqual(refused('other-origin'));
    expect((await post(signStatement(anObservation({ ...about, origin: NEXT }, { attempt: 2 }), [acme]))).status).toBe(200);
    expect(await post(signStatement(scene.release, [REGISTRAR]))).toMatchObject({
      status: 200,
      body: { index: scene.index, duplicate: true },
    });
    const admin = loadSigner(config.admin_key_file!);
    expect((await post(signStatement(anEnrolment(testSigner('beta-1')), [admin]))).status).toBe(200);
    expect(await post(signStatement(anEnrolment(testSigner('gamma-1')), [old.admin]))).toEqual(refused('not-the-admin'));
    expect(await post(signStatement(anEnrolment(old.admin), [admin]))).toEqual(refused('key-in-use'));
    expect(await post(signStatement(anEnrolment(old.root), [admin]))).toEqual(refused('key-in-use'));
    const freeze = makeControl({ action: 'freeze', origin: NEXT, reason: 'test' });
    expect(await post(signStatement(freeze, [old.root]))).toEqual(refused('not-the-root'));
    const blob = await fetch(`${next.url}/blobs/${recipeDigest(recipe)}`);
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(new Uint8Array(encodeCanonicalJson(recipe)));
    expect((await post(signStatement(freeze, [loadSigner(config.root_key_file!)]))).status).toBe(200);
  });

  test('is not made of a log that has not named it, or named others, and nothing is left behind', async () => {
    const from = join(old.dir, 'data');
    const attempt = (): Promise<unknown> => succeedLog(config, from, Date.now());
    await expect(attempt()).rejects.toThrow(/has named its successor; it has not/);
    await handOver({ rootVkey: await vkeyIn(config.key_file).then(() => old.keys.adminVkey) });
    await expect(attempt()).rejects.toThrow(/expected the successor that entry \d+ of .* names/);
    await expect(succeedLog(config, folder, Date.now())).rejects.toThrow(/predecessor's database/);
    expect(existsSync(join(folder, 'data/log.db'))).toBe(false);
    expect(existsSync(config.admin_key_file!)).toBe(false);
  });

  test('is not made with a blob that is not what its name says', async () => {
    await handOver();
    const from = join(old.dir, 'data');
    const blob = blobPath(join(from, 'blobs'), recipeDigest(recipe));
    await rm(blob);
    await writeFile(blob, 'another');
    await expect(succeedLog(config, from, Date.now())).rejects.toThrow(/expected the bytes that its name says/);
    expect(existsSync(join(folder, 'data/log.db'))).toBe(false);
  });

  test('is made once, and with keys of its own', async () => {
    await handOver();
    const from = join(old.dir, 'data');
    await writeFile(config.admin_key_file!, await readFile(old.keys.adminKeyFile), { mode: 0o600 });
    await expect(succeedLog(config, from, Date.now())).rejects.toThrow(/a key of this log's own in .*; it holds the admin key of/);
    await rm(config.admin_key_file!);
    await succeedLog(config, from, Date.now());
    await expect(succeedLog(config, from, Date.now())).rejects.toThrow(/this log has begun/);
  });
});
