/** What the pages say of a log that is not as its readers may remember it: rotated, frozen, ended; and of who cosigns it. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyFile, loadSigner } from '@verbatim/service-kit';
import { type ControlPredicate, makeControl, signStatement } from '@verbatim/statements';
import { testVkey } from '@verbatim/testkit';
import { openCheckpoint, parseVkey, type Signer, toHex } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ORIGIN, startLog, type TestLog } from '../_log.ts';
import { TestWitness } from '../witness/_witness.ts';

const NEXT_URL = 'https://log.example/next/';

let log: TestLog;
let dir: string;
let nextVkey: string;
let witnesses: TestWitness[];
/** Of a release, of any entry, the list, and the status. */
let paths: string[];

beforeAll(async () => {
  witnesses = await Promise.all(['witness.example/w1', 'witness.example/index'].map((name) => TestWitness.start(name)));
  const prepared = await startLog();
  dir = await prepared.stop();
  ({ vkey: nextVkey } = await createKeyFile(join(dir, 'keys/next.key'), ORIGIN));
  for (const witness of witnesses) witness.logVkey = prepared.keys.logVkey;
  const [plain, index] = witnesses.map((witness, i) => witness.toml(i === 1 ? 'index_witness = true' : ''));
  // A mirror that does not answer: nothing waits for it.
  const mirror = `[[mirrors]]\nvkey = "${testVkey('mirror.example/m1', 4)}"\nurl = "http://127.0.0.1:9"\n`;
  log = await startLog({ dir, toml: `next_key_file = "keys/next.key"\nwitness_timeout_ms = 60000\n${plain}${index}${mirror}` });
  const scene = await log.scene();
  paths = ['/', '/status', `/releases/${scene.index}`, '/entries/1'];
});

afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
  for (const witness of witnesses) await witness[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

async function page(path: string): Promise<string> {
  const response = await log.fetch(path, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(200);
  // As it is read: tags and line breaks are no words.
  return (await response.text()).replaceAll(/\s+/g, ' ');
}

async function control(predicate: ControlPredicate, ...signers: readonly Signer[]): Promise<number> {
  const { status, body } = await log.post(signStatement(makeControl(predicate), signers));
  expect(status).toBe(200);
  return body.index;
}

test('an open log says so on its status page, and its other pages have no notice', async () => {
  for (const path of paths) expect(await page(path)).not.toContain('class="notices"');
  expect(await page('/status')).toMatch(/<h1> ?Status <span class="tone good"><span aria-hidden="true">✓<\/span>open<\/span>/);
});

test('who cosigned the checkpoint, and who audited its index, is told on every page, and who has not on the status page', async () => {
  for (const path of paths) expect(await page(path)).toContain('cosigned by 1 witness, its index audited by witness.example/index</a>');
  const text = await page('/status');
  for (const { vkey } of witnesses) expect(text).toContain(vkey);
  const rows = text.split('<tr role="row">').map((row) => row.replaceAll(/<[^>]*>/g, ' '));
  expect(rows.find((row) => row.includes('witness.example/w1+'))).toMatch(/ witness .*that the log only grows .* cosigned /);
  expect(rows.find((row) => row.includes('witness.example/index+'))).toMatch(/ index-witness .* cosigned /);
  expect(rows.find((row) => row.includes('mirror.example/m1+'))).toMatch(/ mirror .* not this checkpoint yet /);
});

test('a rotated key is told on every page, with the entry that says so; the status page has the old and the new one', async () => {
  const next = loadSigner(join(dir, 'keys/next.key'));
  const rotation = { action: 'rotate', origin: ORIGIN, key: 'log', old: log.keys.logVkey, vkey: nextVkey } as const;
  const at = await control(rotation, log.root, next);
  for (const path of paths) expect(await page(path)).toContain(`key was rotated: <a href="/entries/${at}">entry ${at}</a>`);
  const rows = (await page('/status')).split('<tr role="row">');
  expect(rows.find((row) => row.includes(nextVkey))).toMatch(new RegExp(`log<.*/entries/${at}`));
  expect(rows.find((row) => row.includes(log.keys.logVkey))).toMatch(/log <.*retired.*the beginning/);
  expect(await page('/entries/1')).toContain(`# log key: ${nextVkey} (since entry ${at})`);
  expect(await page(`/entries/${at}`)).toContain('The log key is another one from here on.');
});

test('a frozen log is told to be frozen on every page, since when and why, with nothing in it that is markup', async () => {
  const at = await control({ action: 'freeze', origin: ORIGIN, reason: 'We <b>move</b>.' }, log.root);
  for (const path of paths) {
    const text = await page(path);
    expect(text).toContain('This log is frozen.');
    expect(text).toContain(`<a href="/entries/${at}">entry ${at}</a>`);
    expect(text).toContain('We &lt;b&gt;move&lt;/b&gt;.');
  }
  expect(await page('/status')).toContain('frozen</span>');
});

test('a log that another one goes on from says which and where, on every page', async () => {
  const note = await readFile(join(log.config.data_dir, 'public/checkpoint'));
  const { size, root } = openCheckpoint(note, parseVkey(log.keys.logVkey), verifyEd25519).checkpoint;
  const next = { vkey: testVkey('log.example/next'), rootVkey: testVkey('next-root'), url: NEXT_URL };
  const at = await control({ action: 'successor', origin: ORIGIN, ...next, size: Number(size), root: toHex(root) }, log.root);
  for (const path of paths) {
    const text = await page(path);
    expect(text).toContain('This log has ended; <code>log.example/next</code> goes on.');
    expect(text).toContain(`<a href="${NEXT_URL}">${NEXT_URL}</a>`);
    expect(text).toContain(`<a href="/entries/${at}">entry ${at}</a>`);
    // Once is enough: it is frozen because it ended.
    expect(text).not.toContain('This log is frozen.');
  }
  expect(await page('/status')).toContain('ended</span>');
});
