import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { durable, type Durable } from '@verbatim/service-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../_log.ts';
import { WriterThread } from './writer-thread.ts';

let root: string;
let thread: WriterThread;

beforeAll(async () => {
  root = await temporaryFolder();
  thread = new WriterThread();
});

afterAll(async () => {
  await thread[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
let next = 0;
const freshPath = (): string => join(root, `folder-${next++}`, 'deep', 'file');

/** The thread must do what service-kit's writer does: the same tests for both. */
describe.each<[string, () => Durable]>([
  ['the writer thread', () => thread],
  ['service-kit’s durable', () => durable],
])('%s', (_, writer) => {
  test('writes immutable files, folders included, read-only, and leaves nothing else behind', async () => {
    const [one, two] = [freshPath(), freshPath()];
    await writer().writeImmutableAll([
      { path: one, bytes: bytes('one') },
      { path: two, bytes: bytes('two') },
    ]);
    expect(await readFile(one, 'utf8')).toBe('one');
    expect((await stat(two)).mode & 0o777).toBe(0o444);
    expect(await readdir(dirname(one))).toEqual(['file']);
  });

  test('takes the same bytes again and refuses others, which change nothing', async () => {
    const path = freshPath();
    await writer().writeImmutableAll([{ path, bytes: bytes('same') }]);
    await writer().writeImmutableAll([{ path, bytes: bytes('same') }]);
    await expect(writer().writeImmutableAll([{ path, bytes: bytes('other') }])).rejects.toMatchObject({ code: 'conflict', path });
    expect(await readFile(path, 'utf8')).toBe('same');
    expect(await readdir(dirname(path))).toEqual(['file']);
  });

  test('writes into a folder again that somebody removed', async () => {
    const path = freshPath();
    await writer().writeImmutableAll([{ path, bytes: bytes('x') }]);
    await rm(dirname(path), { recursive: true });
    await writer().writeImmutableAll([{ path, bytes: bytes('y') }]);
    expect(await readFile(path, 'utf8')).toBe('y');
  });

  test('replaces a file with the mode that was asked for', async () => {
    const path = freshPath();
    await mkdir(dirname(path), { recursive: true });
    await writer().writeFile(path, bytes('one'));
    await writer().writeFile(path, bytes('two'), { mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dirname(path))).toEqual(['file']);
  });

  test('writes megabytes and nothing alike', async () => {
    const [large, empty] = [freshPath(), freshPath()];
    const content = new Uint8Array(5_000_000).fill(7);
    await writer().writeImmutableAll([
      { path: large, bytes: content },
      { path: empty, bytes: new Uint8Array() },
    ]);
    expect(Buffer.compare(await readFile(large), content)).toBe(0);
    expect((await stat(empty)).size).toBe(0);
  });

  test('says that nothing was written when a folder cannot be made', async () => {
    const path = freshPath();
    await mkdir(dirname(dirname(path)), { recursive: true });
    await writeFile(dirname(path), 'a file in the way');
    await expect(writer().writeImmutableAll([{ path, bytes: bytes('x') }])).rejects.toMatchObject({ code: 'not-written' });
  });

  test('does not know the outcome when a file cannot be put in place', async () => {
    const path = freshPath();
    await mkdir(path, { recursive: true });
    await expect(writer().writeFile(path, bytes('x'))).rejects.toMatchObject({ code: 'unknown-outcome' });
    expect(await readdir(dirname(path))).toEqual(['file']);
  });

  test('does not follow a link that stands where a file should be', async () => {
    const path = freshPath();
    await mkdir(dirname(path), { recursive: true });
    await writeFile(join(root, 'elsewhere'), 'untouched');
    await symlink(join(root, 'elsewhere'), path);
    await expect(writer().writeImmutableAll([{ path, bytes: bytes('x') }])).rejects.toMatchObject({ code: 'conflict' });
    await writer().writeFile(path, bytes('y'));
    expect(await readFile(join(root, 'elsewhere'), 'utf8')).toBe('untouched');
  });
});

test('when the thread ends, what was under way and what comes later has an unknown outcome', async () => {
  const short = new WriterThread();
  const pending = short.writeImmutableAll([{ path: freshPath(), bytes: new Uint8Array(20_000_000) }]);
  pending.catch(() => {});
  await short[Symbol.asyncDispose]();
  const outcome = await Promise.allSettled([pending]);
  expect(outcome[0]!.status === 'fulfilled' || (outcome[0]!.reason as { code: string }).code === 'unknown-outcome').toBe(true);
  await expect(short.writeFile(freshPath(), bytes('x'))).rejects.toMatchObject({ code: 'unknown-outcome' });
});

test('many writes at once all arrive', async () => {
  const paths = Array.from({ length: 50 }, freshPath);
  await Promise.all(paths.map((path) => thread.writeImmutableAll([{ path, bytes: bytes(path) }])));
  for (const path of paths) expect(await readFile(path, 'utf8')).toBe(path);
});
