/** Pull mode: a log that is served as tiles, and a mirror that follows it. */
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { fsck, LogReader, openSource } from '@verbatim/client';
import { createDurable } from '@verbatim/service-kit';
import { parseVkey } from '@verbatim/tlog';
import { generateSeed } from '@verbatim/tlog/node';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { originHash } from './log-copy.ts';
import { prepareMirror, startTestMirror, type MirrorClient } from './_mirror.ts';
import { serveTestLog, TestLog } from './_log.ts';

const seed = generateSeed();
const log = new TestLog({ seed });
const fork = new TestLog({ seed, history: 'b', forkAt: 300 });

async function eventually<T>(look: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await look();
    } catch (error) {
      if (tries === 1000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const reaches = (mirror: MirrorClient, size: number, ...vkeys: readonly string[]): Promise<void> =>
  eventually(async () => expect(await mirror.size(log.origin, log.vkey, ...vkeys)).toBe(size));

test('it copies what is there, then what comes, over bundles and in them', async () => {
  const shown = { log, size: 0 };
  const url = await serveTestLog(() => shown);
  const prepared = await prepareMirror([{ vkey: log.vkey, url }]);
  const mirror = await startTestMirror(prepared);
  for (const size of [0, 1, 256, 300, 301, 1100]) {
    shown.size = size;
    await reaches(mirror, size, ...prepared.vkeys);
  }
  // A client reads from the mirror as from the log, and a checker finds it whole.
  const source = await openSource(mirror.prefix(log.origin));
  const { checkpoint } = await new LogReader({ source, logKey: parseVkey(log.vkey) }).latest();
  expect(checkpoint.size).toBe(1100n);
  expect(await fsck(source, checkpoint)).toMatchObject({ entries: 1100n, findings: [] });
  await source.close();
});

test('followed and fed at once: whichever comes first', async () => {
  const shown = { log, size: 400 };
  const prepared = await prepareMirror([{ vkey: log.vkey, url: await serveTestLog(() => shown) }]);
  const mirror = await startTestMirror(prepared);
  await reaches(mirror, 400);
  shown.size = 1000;
  await mirror.addCheckpoint(log.request(400, 1000));
  await mirror.addEntries(log.upload(400, 1000));
  await reaches(mirror, 1000, ...prepared.vkeys);
});

test('a log out of reach, or one that serves other bytes, is waited for; nothing wrong is stored', async () => {
  const shown = { log, size: 300 };
  const bundle = log.files.get('tile/entries/001.p/44')!;
  log.files.set('tile/entries/001.p/44', bundle.with(9, bundle[9]! ^ 1));
  const prepared = await prepareMirror([{ vkey: log.vkey, url: await serveTestLog(() => shown) }]);
  const mirror = await startTestMirror(prepared);
  await eventually(async () => {
    const metrics = await (await fetch(`${mirror.metricsUrl}/metrics`)).text();
    expect(metrics).toContain('mirror_follow_failures_total');
    expect(metrics).toMatch(new RegExp(`mirror_next_entry\\{origin="${log.origin}"\\} 256`));
  });
  expect(await mirror.size(log.origin)).toBeNull();
  log.files.set('tile/entries/001.p/44', bundle);
  await reaches(mirror, 300);
});

test('a disk that is full for a while: unfit until something is recorded again', async () => {
  const shown = { log, size: 300 };
  const prepared = await prepareMirror([{ vkey: log.vkey, url: await serveTestLog(() => shown) }]);
  let full = true;
  const open: typeof fs.open = async (path, flags, mode) => {
    if (full && flags === 'wx') throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    return fs.open(path, flags, mode);
  };
  const mirror = await startTestMirror(prepared, { durable: createDurable({ ...fs, open }) });
  const ready = async (): Promise<number> => (await fetch(`${mirror.url}/readyz`)).status;
  await eventually(async () => expect(await ready()).toBe(503));
  full = false;
  await reaches(mirror, 300, ...prepared.vkeys);
  await eventually(async () => expect(await ready()).toBe(200));
});

test.each([
  ['the same size with another root', 500],
  ['a larger tree that does not continue it', 700],
  ['a smaller tree that is no part of it', 400],
])(
  'a log that shows another history, %s: the mirror stays where it was, until its operator says so, and keeps both signed checkpoints',
  async (_, size) => {
    const shown = { log, size: 500 };
    const prepared = await prepareMirror([{ vkey: log.vkey, url: await serveTestLog(() => shown) }]);
    let mirror = await startTestMirror(prepared);
    await reaches(mirror, 500);
    Object.assign(shown, { log: fork, size });
    const database = new Database(join(prepared.folder, 'data', 'mirror.sqlite'), { readonly: true });
    const kept = await eventually(async () => {
      const rows = database.prepare('SELECT size, known, conflicting FROM split_view').all() as { size: number; conflicting: Buffer }[];
      expect(rows).toHaveLength(1);
      return rows[0]!;
    });
    database.close();
    expect(kept.size).toBe(size);
    expect(new Uint8Array(kept.conflicting)).toEqual(fork.checkpoint(size));
    expect(await mirror.size(log.origin)).toBe(500);
    const unready = async (): Promise<string> => {
      const answer = await fetch(`${mirror.url}/readyz`);
      return answer.status === 503 ? answer.text() : '';
    };
    const alarm = join(prepared.folder, 'data', `stopped-${originHash(log.origin)}.json`);
    await eventually(async () => expect(await unready()).toContain(`${log.origin} is not followed any more`));
    await mirror[Symbol.asyncDispose]();
    // Whatever it shows by then; until somebody has looked.
    Object.assign(shown, { log, size: 800 });
    mirror = await startTestMirror(prepared);
    await eventually(async () => expect(await unready()).toContain(alarm));
    expect(await mirror.size(log.origin)).toBe(500);
    await mirror[Symbol.asyncDispose]();
    await fs.rm(alarm);
    mirror = await startTestMirror(prepared);
    await reaches(mirror, 800);
    expect(await unready()).toBe('');
  },
);

test('an honest smaller checkpoint, from a cache that lags, is no evidence', async () => {
  const shown = { log, size: 500 };
  const prepared = await prepareMirror([{ vkey: log.vkey, url: await serveTestLog(() => shown) }]);
  const mirror = await startTestMirror(prepared);
  await reaches(mirror, 500);
  shown.size = 400;
  await new Promise((resolve) => setTimeout(resolve, 400));
  shown.size = 600;
  await reaches(mirror, 600);
  const metrics = await (await fetch(`${mirror.metricsUrl}/metrics`)).text();
  expect(metrics).toContain(`mirror_split_views_total{origin="${log.origin}"} 0`);
});
