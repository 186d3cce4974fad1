import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSigner } from '@verbatim/service-kit';
import { signStatement } from '@verbatim/statements';
import { bytesEqual, parseVkey, type Signer } from '@verbatim/tlog';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { afterEach, expect, test } from 'vitest';
import { checkWholeLog, fromFolder } from './_check-log.ts';
import { eventually, temporaryFolder, writeConfig } from './_log.ts';
import { ended, type LogProcess, runMain, serveProcess } from './_process.ts';

let cleanup: (() => unknown)[] = [];

afterEach(async () => {
  for (const each of cleanup.toReversed()) await each();
  cleanup = [];
});

interface World {
  readonly dir: string;
  readonly config: string;
  readonly admin: Signer;
  readonly logVkey: string;
}

async function newLog(dir: string, toml = ''): Promise<World> {
  await writeConfig(dir, toml);
  const config = join(dir, 'log.toml');
  const { code, stdout, stderr } = await runMain('init', '--config', config);
  if (code !== 0) throw new Error(stderr);
  const { logVkey } = JSON.parse(stdout) as { logVkey: string };
  return { dir, config, admin: loadSigner(join(dir, 'keys/admin.key')), logVkey };
}

async function serving(world: World): Promise<LogProcess> {
  const running = await serveProcess(world.config);
  cleanup.push(() => running.child.kill('SIGKILL'));
  return running;
}

/** Submits until the server is gone. Records what was acknowledged. */
async function submitUntilGone(url: string, entries: Iterator<[string, Uint8Array]>, acknowledged: Map<string, number>): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let next = entries.next(); next.done !== true; next = entries.next()) {
      const [name, entry] = next.value;
      try {
        const response = await fetch(`${url}/entries`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: new Uint8Array(entry),
        });
        const body = (await response.json()) as { index: number };
        if (response.status !== 200) return;
        acknowledged.set(name, body.index);
      } catch {
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** Endless enrolments, signed on the way. */
function* enrolments(admin: Signer, prefix: string): Generator<[string, Uint8Array], void> {
  for (let i = 0; ; i++) {
    const name = `${prefix}-${i}`;
    yield [name, signStatement(anEnrolment(testSigner(name)), [admin])];
  }
}

/** What was acknowledged is in the published tree under its index; every file of the tree verifies. */
async function expectAllThere({ dir, admin, logVkey }: World, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const entries = await checkWholeLog(fromFolder(join(dir, 'data/public')), parseVkey(logVkey));
  for (const [name, index] of acknowledged) {
    const entry = signStatement(anEnrolment(testSigner(name)), [admin]);
    if (entries[index] === undefined || !bytesEqual(entries[index], entry))
      throw new Error(`${name} was acknowledged at index ${index} and is not there`);
  }
}

test('kill -9 at any moment: what was acknowledged is there under its index, and every tile verifies', async () => {
  const dir = await temporaryFolder();
  cleanup.push(() => rm(dir, { recursive: true, force: true }));
  const world = await newLog(dir);
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < 8; round++) {
    const running = await serving(world);
    await expectAllThere(world, acknowledged);
    const submitting = submitUntilGone(running.url, enrolments(world.admin, `round-${round}`), acknowledged);
    const enough = acknowledged.size + 6;
    await eventually(() => expect(acknowledged.size).toBeGreaterThanOrEqual(enough), 60_000);
    // Anywhere in the batches that follow.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
    running.child.kill('SIGKILL');
    await ended(running);
    await submitting;
    // As a static server would show it, before anything is repaired.
    await expectAllThere(world, acknowledged);
  }
  const running = await serving(world);
  await expectAllThere(world, acknowledged);
  expect(new Set(acknowledged.values()).size).toBe(acknowledged.size);
  expect(acknowledged.size).toBeGreaterThan(40);
  running.child.kill('SIGTERM');
  expect(await ended(running)).toEqual({ code: 0, signal: null });
});

test('SIGTERM finishes what is in flight: every submission gets its answer', async () => {
  const dir = await temporaryFolder();
  cleanup.push(() => rm(dir, { recursive: true, force: true }));
  const world = await newLog(dir);
  const running = await serving(world);
  const posts = Array.from({ length: 20 }, async (_, i) => {
    const entry = signStatement(anEnrolment(testSigner(`last-${i}`)), [world.admin]);
    const response = await fetch(`${running.url}/entries`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Uint8Array(entry),
    });
    return response.status;
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
  running.child.kill('SIGTERM');
  const statuses = await Promise.allSettled(posts);
  for (const each of statuses) if (each.status === 'fulfilled') expect(each.value).toBe(200);
  expect(await ended(running)).toEqual({ code: 0, signal: null });
});

test('a full disk: nothing is acknowledged that is not there, and a restart with room repairs the log', async () => {
  const dir = await temporaryFolder();
  cleanup.push(() => rm(dir, { recursive: true, force: true }));
  const mount = join(dir, 'small-disk');
  await mkdir(mount);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount], { stdio: 'pipe' });
  } catch (error) {
    throw new Error(`this test needs a small file system: run it as root where "mount -t tmpfs" is allowed (${String(error)})`, {
      cause: error,
    });
  }
  cleanup.push(() => execFileSync('umount', ['-l', mount], { stdio: 'pipe' }));
  // Without the guard, so that writes really meet the end of the disk.
  const world = await newLog(mount, '[limits]\nmin_free_bytes = 0\n');
  const acknowledged = new Map<string, number>();
  const entries = enrolments(world.admin, 'full');
  let failures = 0;
  for (let round = 0; round < 4 && failures < 2; round++) {
    let running: LogProcess;
    try {
      running = await serving(world);
    } catch (error) {
      // Already too full to start: that is an answer too, as long as it says so.
      expect(String(error)).toMatch(/disk|full|space/i);
      failures++;
      continue;
    }
    await submitUntilGone(running.url, entries, acknowledged);
    const { code, signal } = await ended(running);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(running.errors()).toMatch(/stopped/);
    failures++;
    await expectAllThere(world, acknowledged);
  }
  expect(failures).toBeGreaterThan(0);
  expect(acknowledged.size).toBeGreaterThan(10);
  execFileSync('mount', ['-o', 'remount,size=64m', mount]);
  const running = await serving(world);
  await expectAllThere(world, acknowledged);
  const more = new Map<string, number>();
  const some = enrolments(world.admin, 'room');
  await submitUntilGone(running.url, { next: () => (more.size < 20 ? some.next() : { done: true, value: undefined }) }, more);
  expect(more.size).toBeGreaterThanOrEqual(20);
  await expectAllThere(world, new Map([...acknowledged, ...more]));
  running.child.kill('SIGTERM');
  expect((await ended(running)).code).toBe(0);
});

test('a disk that is nearly full: submissions get 503 and reading goes on', async () => {
  const dir = await temporaryFolder();
  cleanup.push(() => rm(dir, { recursive: true, force: true }));
  // More than any machine has free.
  const world = await newLog(dir, '[limits]\nmin_free_bytes = 9007199254740991\n');
  const running = await serving(world);
  const entry = signStatement(anEnrolment(testSigner('a')), [world.admin]);
  const response = await fetch(`${running.url}/entries`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new Uint8Array(entry),
  });
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('60');
  expect(await response.json()).toMatchObject({ code: 'storage-low' });
  const blob = await fetch(`${running.url}/blobs/${'0'.repeat(64)}`, { method: 'PUT', body: 'x' });
  expect(await blob.json()).toMatchObject({ status: 503, code: 'storage-low' });
  expect((await fetch(`${running.url}/checkpoint`)).status).toBe(200);
  expect((await fetch(`${running.url}/readyz`)).status).toBe(503);
});

test('a second process on the same database is refused, and the first goes on', async () => {
  const dir = await temporaryFolder();
  cleanup.push(() => rm(dir, { recursive: true, force: true }));
  const world = await newLog(dir);
  const running = await serving(world);
  await expect(serveProcess(world.config)).rejects.toThrow(/exit 1[^]*expected to be its only user/);
  expect(await runMain('init', '--config', world.config)).toMatchObject({ code: 2, stdout: '' });
  expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
});

test('serve refuses without a database, and init refuses with one', async () => {
  const dir = await temporaryFolder();
  cleanup.push(() => rm(dir, { recursive: true, force: true }));
  await writeConfig(dir);
  const config = join(dir, 'log.toml');
  await expect(serveProcess(config)).rejects.toThrow(/exit 1/);
  expect((await runMain('init', '--config', config)).code).toBe(0);
  const keys = await Promise.all((await readdir(join(dir, 'keys'))).map((name) => readFile(join(dir, 'keys', name), 'utf8')));
  const again = await runMain('init', '--config', config);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('this log has begun');
  expect(await Promise.all((await readdir(join(dir, 'keys'))).map((name) => readFile(join(dir, 'keys', name), 'utf8')))).toEqual(keys);
});

test('serve needs neither the admin key nor the root key', async () => {
  const dir = await temporaryFolder();
  cleanup.push(() => rm(dir, { recursive: true, force: true }));
  const world = await newLog(dir);
  for (const name of ['admin.key', 'admin.key.pub', 'root.key', 'root.key.pub']) await rm(join(dir, 'keys', name));
  const running = await serving(world);
  const entry = signStatement(anEnrolment(testSigner('a')), [world.admin]);
  const response = await fetch(`${running.url}/entries`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new Uint8Array(entry),
  });
  expect(response.status).toBe(200);
});

test.each([
  [[]],
  [['serve']],
  [['dance', '--config', 'x']],
  [['serve', 'twice', '--config', 'x']],
  [['init', '--config', '/nonexistent/log.toml']],
])('the command line %j is an error', async (parts) => {
  const { code, stdout, stderr } = await runMain(...parts);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).not.toBe('');
});
