/** What a mirror knows after it was stopped, and what it makes of a damaged or full disk. */
import * as fs from 'node:fs/promises';
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDurable, loadConfig } from '@verbatim/service-kit';
import { parseMirrorInfo } from '@verbatim/tlog';
import { expect, test } from 'vitest';
import { mirrorConfig } from './config.ts';
import { initMirror } from './init.ts';
import { originHash } from './log-copy.ts';
import { mirrorToml, prepareMirror, startTestMirror, type TestFolder } from './_mirror.ts';
import { TestLog } from './_log.ts';

const log = new TestLog();
const copyFolder = ({ folder }: TestFolder): string => join(folder, 'data', 'logs', originHash(log.origin));

test('a restart in the middle of an upload, in the middle of a bundle: it goes on where it was, by the old ticket', async () => {
  const prepared = await prepareMirror([log]);
  let ticket: Uint8Array;
  {
    await using mirror = await startTestMirror(prepared);
    await mirror.addCheckpoint(log.request(0, 300));
    expect((await mirror.addEntries(log.upload(0, 300))).status).toBe(200);
    await mirror.addCheckpoint(log.request(300, 1000));
    const stopped = await mirror.addEntries(log.upload(300, 1000, { count: 2 }));
    ({ ticket } = parseMirrorInfo(stopped.body));
    await mirror.addCheckpoint(log.request(1000, 1100));
  }
  await using mirror = await startTestMirror(prepared);
  expect(await mirror.size(log.origin, ...prepared.vkeys)).toBe(300);
  expect((await mirror.info(log.header(1100, 1100))).next).toBe(768n);
  expect((await mirror.addEntries(log.upload(768, 1000, { ticket }))).status).toBe(200);
  expect((await mirror.addEntries(log.upload(1000, 1100))).status).toBe(200);
});

test('a restart at every size: the tree goes on from there', async () => {
  const prepared = await prepareMirror([log]);
  let size = 0;
  for (const next of [1, 255, 256, 300, 512, 1024, 1200]) {
    await using mirror = await startTestMirror(prepared);
    await mirror.addCheckpoint(log.request(size, next));
    expect((await mirror.addEntries(log.upload(size, next))).status).toBe(200);
    size = next;
  }
});

test('files of entries that the database does not count yet are written again, as the same', async () => {
  const prepared = await prepareMirror([log]);
  {
    await using mirror = await startTestMirror(prepared);
    await mirror.addCheckpoint(log.request(0, 600));
    await mirror.addEntries(log.upload(0, 600));
  }
  // As if the process had ended between the files and the row of the last package.
  const ahead = await prepareMirror([log]);
  await fs.cp(copyFolder(prepared), copyFolder(ahead), { recursive: true });
  await using mirror = await startTestMirror(ahead);
  await mirror.addCheckpoint(log.request(0, 600));
  expect((await mirror.addEntries(log.upload(0, 600))).status).toBe(200);
});

test.each(['tile/0/002.p/88', 'tile/1/000.p/2'])('%s with other bytes keeps the mirror from starting', async (path) => {
  const prepared = await prepareMirror([log]);
  {
    await using mirror = await startTestMirror(prepared);
    await mirror.addCheckpoint(log.request(0, 600));
    await mirror.addEntries(log.upload(0, 600));
  }
  const file = join(copyFolder(prepared), path);
  const bytes = await fs.readFile(file);
  bytes[5]! ^= 1;
  chmodSync(file, 0o644);
  await fs.writeFile(file, bytes);
  await expect(startTestMirror(prepared)).rejects.toMatchObject({ code: 'damaged-copy' });
});

test('a missing edge keeps the mirror from starting', async () => {
  const prepared = await prepareMirror([log]);
  {
    await using mirror = await startTestMirror(prepared);
    await mirror.addCheckpoint(log.request(0, 300));
    await mirror.addEntries(log.upload(0, 300));
  }
  rmSync(join(copyFolder(prepared), 'tile/entries/001.p'), { recursive: true });
  await expect(startTestMirror(prepared)).rejects.toMatchObject({ code: 'damaged-copy' });
});

test('a full disk: 503, nothing is cosigned or counted; when there is room again, it goes on', async () => {
  const prepared = await prepareMirror([log]);
  let full = false;
  const open: typeof fs.open = async (path, flags, mode) => {
    if (full && flags === 'wx') throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    return fs.open(path, flags, mode);
  };
  await using mirror = await startTestMirror(prepared, { durable: createDurable({ ...fs, open }) });
  await mirror.addCheckpoint(log.request(0, 1000));
  expect((await mirror.addEntries(log.upload(0, 1000, { count: 2 }))).status).toBe(202);
  full = true;
  const refused = await mirror.addEntries(log.upload(512, 1000));
  expect([refused.status, JSON.parse(refused.body)]).toEqual([503, expect.objectContaining({ code: 'storage-unavailable' })]);
  expect((await fetch(`${mirror.url}/readyz`)).status).toBe(503);
  expect((await mirror.info(log.header(1000, 1000))).next).toBe(512n);
  expect(await mirror.size(log.origin)).toBeNull();
  full = false;
  expect((await mirror.addEntries(log.upload(512, 1000))).status).toBe(200);
  expect((await fetch(`${mirror.url}/readyz`)).status).toBe(200);
});

test('every file that an upload writes can fail to be written: the next upload completes it', async () => {
  for (let fail = 0; fail < 12; fail++) {
    const prepared = await prepareMirror([log]);
    let calls = 0;
    const open: typeof fs.open = async (path, flags, mode) => {
      if (flags === 'wx' && String(path).includes('tile') && calls++ === fail) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return fs.open(path, flags, mode);
    };
    await using mirror = await startTestMirror(prepared, { durable: createDurable({ ...fs, open }) });
    await mirror.addCheckpoint(log.request(0, 700));
    const first = await mirror.addEntries(log.upload(0, 700));
    expect([200, 503], `write ${fail}`).toContain(first.status);
    const { next } = first.status === 200 ? { next: 700n } : await mirror.info(log.header(700, 700));
    expect((await mirror.addEntries(log.upload(Number(next), 700))).status).toBe(200);
    expect(await mirror.size(log.origin, ...prepared.vkeys)).toBe(700);
  }
});

test('a log that was taken out of the configuration can still be read, and takes no more uploads', async () => {
  const prepared = await prepareMirror([log]);
  {
    await using mirror = await startTestMirror(prepared);
    await mirror.addCheckpoint(log.request(0, 300));
    await mirror.addEntries(log.upload(0, 300));
  }
  writeFileSync(prepared.config, mirrorToml([]));
  await using mirror = await startTestMirror(prepared);
  expect(await mirror.size(log.origin, log.vkey, ...prepared.vkeys)).toBe(300);
  expect((await mirror.read(log.origin, 'tile/entries/000')).status).toBe(200);
  expect((await mirror.addEntries(log.header(300, 300))).status).toBe(404);
});

test('init makes keys and a database once; a key whose database is gone is refused', async () => {
  const prepared = await prepareMirror([log], 'ml_dsa_key_file = "mirror-pq.key"\n');
  expect(prepared.vkeys.map((vkey) => vkey.split('+')[0])).toEqual(['example.org/mirror', 'example.org/mirror']);
  const files = readdirSync(prepared.folder, { recursive: true }).sort();
  expect(await initMirror(loadConfig(mirrorConfig, prepared.config))).toEqual(prepared.vkeys);
  expect(readdirSync(prepared.folder, { recursive: true }).sort()).toEqual(files);
  rmSync(join(prepared.folder, 'data'), { recursive: true });
  await expect(initMirror(loadConfig(mirrorConfig, prepared.config))).rejects.toMatchObject({ code: 'state-lost' });
});
