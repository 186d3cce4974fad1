/**
 * Disks that stop taking anything, under a running log, witness and mirror: a file system of its own that goes read-only, as ext4 does after an error of the disk, and
 * one that is full.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LogSubject } from './_log-subject.ts';
import { MirrorSubject } from './_mirror-subject.ts';
import { WitnessSubject } from './_witness-subject.ts';

/** The guard turns submissions away below 8 MiB. */
const DISK_BYTES = 48 * 1024 * 1024;
const GUARD = '[limits]\nmin_free_bytes = 8388608\n';

let folder: string;
let image: string;
let mount: string;
let subject: LogSubject;

const run = (command: string, ...args: readonly string[]): string => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verbatim-disk-'));
  [image, mount] = [join(folder, 'image'), join(folder, 'mount')];
  await mkdir(mount);
  await writeFile(image, '');
  run('truncate', `--size=${DISK_BYTES}`, image);
  run('mkfs.ext4', '-q', image);
  try {
    run('mount', '-o', 'loop', image, mount);
  } catch (cause) {
    throw new Error('this test needs a file system of its own: run it as root where loop devices can be mounted', { cause });
  }
  subject = await LogSubject.start({ dataDir: join(mount, 'data'), tables: GUARD });
});

afterAll(async () => {
  await subject?.[Symbol.asyncDispose]();
  run('umount', '-l', mount);
  await rm(folder, { recursive: true, force: true });
});

test('a disk that fills up: entries are turned away before it is full, reading goes on, and with room again so does the log', async () => {
  const { log } = subject;
  await subject.load('entries');
  const ballast = join(mount, 'ballast');
  await writeFile(ballast, Buffer.alloc(32 * 1024 * 1024, 1));
  // The guard looks every two seconds.
  await expect.poll(() => subject.submit(), { timeout: 60_000 }).toMatchObject({ status: 503, body: { code: 'storage-low' } });
  expect((await fetch(`${log.url}/checkpoint`)).status).toBe(200);
  expect((await fetch(`${log.url}/readyz`)).status).toBe(503);
  await rm(ballast);
  await expect.poll(() => subject.submit(), { timeout: 60_000 }).toMatchObject({ status: 200 });
  await subject.check();
});

test('a disk that goes read-only: nothing more is acknowledged, the log stops, says why, and goes on once it can write', async () => {
  const { log } = subject;
  await subject.load('entries');
  const before = subject.acknowledged;
  // What ext4 does by itself when the disk fails: the journal is aborted, and nothing is written any more.
  run('mount', '-o', 'remount,abort', mount);
  await subject.load('entries');
  expect(await log.ended).toMatch(/ended with 1/);
  expect(subject.acknowledged).toBe(before);
  expect(await log.restart().catch(() => 'did not start')).toBe('did not start');
  expect((await log.said()).slice(-2000)).toMatch(/stopped: .*read-only/);
  run('umount', mount);
  run('mount', '-o', 'loop', image, mount);
  await log.restart();
  await subject.check();
  expect(await subject.submit()).toMatchObject({ status: 200 });
  await subject.check();
  // The disk is needed for others.
  await log.stop();
});

test.each([
  ['witness', () => WitnessSubject.start(join(mount, 'witness'))],
  ['mirror', () => MirrorSubject.start(join(mount, 'mirror'))],
])(
  'a %s whose disk fills up, and then goes read-only, cosigns nothing that it has not kept, and goes on once it can write',
  async (_, start) => {
    await using cosigner = await start();
    const [load] = cosigner.loads as [string];
    const ballast = join(mount, 'ballast');
    await expect(writeFile(ballast, Buffer.alloc(DISK_BYTES, 1))).rejects.toMatchObject({ code: 'ENOSPC' });
    await cosigner.load(load);
    await rm(ballast);
    await cosigner.recover();
    run('mount', '-o', 'remount,abort', mount);
    const before = cosigner.acknowledged;
    await cosigner.load(load);
    expect(cosigner.acknowledged).toBe(before);
    await cosigner.kill();
    run('umount', mount);
    run('mount', '-o', 'loop', image, mount);
    await cosigner.recover();
  },
);
