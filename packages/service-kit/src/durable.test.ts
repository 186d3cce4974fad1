import * as fs from 'node:fs/promises';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DurableError, createDurable, durable, type DurableIo } from './durable.ts';
import { runScript, temporaryFolder } from './_temporary.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** The real file system, each call reported to `onCall` with its name and path, which may make it fail. */
function watchedIo(onCall: (name: string, path: string, run: () => Promise<unknown>) => Promise<unknown>): DurableIo {
  const watch = <T extends object>(target: T, prefix: string, pathOf: (args: unknown[]) => string): T =>
    new Proxy(target, {
      get(from, key) {
        const member = from[key as keyof T];
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) =>
          onCall(`${prefix}${String(key)}`, pathOf(args), async () => {
            const result: unknown = await (member as (...args: unknown[]) => unknown).apply(from, args);
            return key === 'open' ? watch(result as fs.FileHandle, 'handle.', () => String(args[0])) : result;
          });
      },
    });
  return watch(fs, '', (args) => String(args[0]));
}

async function failure(run: Promise<unknown>): Promise<DurableError> {
  const error: unknown = await run.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof DurableError) return error;
  throw new Error(`expected a DurableError, found ${String(error)}`);
}

test('a written file has its bytes and its mode, whatever the umask, and replaces the old one', async () => {
  const path = join(temporaryFolder(), 'checkpoint');
  const umask = process.umask(0o077);
  try {
    await durable.writeFile(path, bytes('one'));
    expect([read(path), modeOf(path)]).toEqual(['one', 0o644]);
  } finally {
    process.umask(umask);
  }
  await durable.writeFile(path, bytes('two'), { mode: 0o600 });
  expect([read(path), modeOf(path)]).toEqual(['two', 0o600]);
});

test('nothing is left beside the file', async () => {
  const folder = temporaryFolder();
  await durable.writeFile(join(folder, 'a'), bytes('1'));
  await durable.writeImmutable(join(folder, 'b'), bytes('2'));
  await failure(durable.createFile(join(folder, 'b'), bytes('3')));
  await failure(durable.writeImmutable(join(folder, 'b'), bytes('3')));
  expect(readdirSync(folder)).toEqual(['a', 'b']);
});

test('a created file does not replace anything', async () => {
  const path = join(temporaryFolder(), 'key');
  await durable.createFile(path, bytes('one'), { mode: 0o600 });
  expect((await failure(durable.createFile(path, bytes('one')))).code).toBe('conflict');
  expect([read(path), modeOf(path)]).toEqual(['one', 0o600]);
});

test('an immutable file may be written again with the same bytes, never with others', async () => {
  const path = join(temporaryFolder(), '000');
  await durable.writeImmutable(path, bytes('tile'));
  const { ino } = statSync(path);
  await durable.writeImmutable(path, bytes('tile'));
  expect([statSync(path).ino, modeOf(path)]).toEqual([ino, 0o444]);
  for (const other of ['til', 'tile2', 'Tile', '']) {
    const error = await failure(durable.writeImmutable(path, bytes(other)));
    expect([error.code, error.path]).toEqual(['conflict', path]);
  }
  expect(read(path)).toBe('tile');
});

test('two writers of one immutable path: one content wins, and the loser is told', async () => {
  for (let round = 0; round < 20; round++) {
    const path = join(temporaryFolder(), '000');
    const results = await Promise.allSettled(['a', 'b', 'a', 'b'].map((text) => durable.writeImmutable(path, bytes(text.repeat(9000)))));
    const winner = read(path)!.startsWith('a') ? 0 : 1;
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([0, 1, 0, 1].map((which) => which === winner));
  }
});

test('a folder, a missing folder or a dangling link at the path are refused and nothing changes', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'd'));
  expect((await failure(durable.writeFile(join(folder, 'none', 'x'), bytes('1')))).code).toBe('not-written');
  expect((await failure(durable.writeImmutable(join(folder, 'd'), bytes('1')))).code).toBe('not-written');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  expect((await failure(durable.createFile(join(folder, 'link'), bytes('1')))).code).toBe('conflict');
  expect(readdirSync(folder)).toEqual(['d', 'link']);
});

test('a batch creates folders and syncs each only once', async () => {
  const folder = temporaryFolder();
  const calls: string[] = [];
  const watched = createDurable(watchedIo((name, path, run) => (calls.push(`${name} ${path}`), run())));
  const paths = Array.from({ length: 40 }, (_, i) => join(folder, `x00${i % 2}`, `${i}`));
  await watched.writeImmutableAll(paths.map((path) => ({ path, bytes: bytes(path) })));
  expect(paths.map(read)).toEqual(paths);
  expect(calls.filter((call) => call === `handle.sync ${join(folder, 'x000')}`)).toHaveLength(1);
  await watched.writeImmutableAll(paths.map((path) => ({ path, bytes: bytes(path) })));
  expect((await failure(watched.writeImmutableAll([{ path: paths[0]!, bytes: bytes('other') }]))).code).toBe('conflict');
});

test('the order is: file synced, put in place, folder synced', async () => {
  const folder = temporaryFolder();
  for (const [write, place] of [
    ['writeFile', 'rename'],
    ['createFile', 'link'],
    ['writeImmutable', 'link'],
  ] as const) {
    const calls: [string, string][] = [];
    const watched = createDurable(watchedIo((name, path, run) => (calls.push([name, path]), run())));
    await watched[write](join(folder, write), bytes('x'));
    const at = (name: string, match: (path: string) => boolean): number => calls.findIndex((call) => call[0] === name && match(call[1]));
    const synced = at('handle.sync', (path) => path.endsWith('.tmp'));
    const placed = at(place, () => true);
    const folderSynced = at('handle.sync', (path) => path === folder);
    expect(at('handle.writeFile', () => true)).toBeLessThan(synced);
    expect(synced).toBeLessThan(placed);
    expect(placed).toBeLessThan(folderSynced);
    expect(folderSynced).toBe(calls.findLastIndex(([name]) => name === 'handle.sync'));
  }
});

type Write = 'writeFile' | 'createFile' | 'writeImmutable' | 'writeImmutableAll';

function attempt(on: typeof durable, write: Write, path: string): Promise<void> {
  return write === 'writeImmutableAll' ? on.writeImmutableAll([{ path, bytes: bytes('new') }]) : on[write](path, bytes('new'));
}

/** The real file system, but call number `failing` reports EIO: before it does anything, or after it has done it. */
function faultyIo(failing: number, carriedOut: boolean): { io: DurableIo; calls: () => number } {
  let calls = 0;
  const io = watchedIo(async (name, _, run) => {
    if (calls++ !== failing) return run();
    // close(2) frees the descriptor even when it fails.
    if (carriedOut || name === 'handle.close') {
      const result = await run();
      if (name === 'open') await (result as fs.FileHandle).close();
    }
    throw Object.assign(new Error(`EIO: ${name}`), { code: 'EIO' });
  });
  return { io, calls: () => calls };
}

/** What may be found after each outcome. */
function possible(error: unknown, before: string | null): (string | null)[] {
  // Only tidying up may fail silently.
  if (error === null) return ['new'];
  if (!(error instanceof DurableError) || error.code === 'conflict') throw new Error(`unexpected: ${String(error)}`);
  return error.code === 'not-written' ? [before] : [before, 'new'];
}

const writes: Write[] = ['writeFile', 'createFile', 'writeImmutable', 'writeImmutableAll'];

test.each(writes)('%s survives the failure of any of its calls, lost or carried out, and can be repeated', async (write) => {
  for (const carriedOut of [false, true]) {
    let tried = 0;
    for (let failing = 0; ; failing++) {
      const path = join(temporaryFolder(), 'file');
      if (write === 'writeFile') writeFileSync(path, 'old');
      const before = read(path);
      const { io, calls } = faultyIo(failing, carriedOut);
      const error: unknown = await attempt(createDurable(io), write, path).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(possible(error, before)).toContain(read(path));
      // Past the last call: nothing failed.
      if (calls() <= failing) break;
      tried++;
      if (write !== 'createFile' || read(path) === before) await attempt(durable, write, path);
      expect(read(path)).toBe('new');
    }
    expect(tried).toBeGreaterThan(7);
  }
});

test('killed at any moment, the file is old or new, never a part', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'state');
  for (let round = 0; round < 6; round++) {
    const child = runScript(`import { durable } from './index.ts';
      console.log('go');
      for (let i = 0; ; i++) await durable.writeFile(${JSON.stringify(path)}, new TextEncoder().encode(String(i % 10).repeat(200_000)));`);
    await child.line();
    await new Promise((resolve) => setTimeout(resolve, 30 + 17 * round));
    child.process.kill('SIGKILL');
    await child.exited;
    const found = read(path);
    expect(found === null || found === found[0]!.repeat(200_000)).toBe(true);
  }
});

test('a file that is too large for the disk leaves the old one and says not-written', async () => {
  const path = join(temporaryFolder(), 'state');
  writeFileSync(path, 'old');
  // The file size limit is what an unprivileged test can fill up; the kernel answers EFBIG instead of ENOSPC.
  const child = runScript(
    `import { durable } from './index.ts';
     await durable.writeFile(${JSON.stringify(path)}, new Uint8Array(1_000_000)).catch((error) => console.log(error.code, error.cause.code));`,
    { fileBlocks: 200 },
  );
  expect(await child.line()).toBe('not-written EFBIG');
  expect((await child.exited).code).toBe(0);
  expect(readdirSync(join(path, '..'))).toEqual(['state']);
  expect(read(path)).toBe('old');
});

test('makeFolder is mkdir -p', async () => {
  const path = join(temporaryFolder(), 'a/b/c');
  await durable.makeFolder(path, { mode: 0o700 });
  await durable.makeFolder(path);
  expect([statSync(path).isDirectory(), modeOf(path)]).toEqual([true, 0o700]);
  writeFileSync(join(path, 'file'), '');
  expect((await failure(durable.makeFolder(join(path, 'file', 'x')))).code).toBe('not-written');
});
