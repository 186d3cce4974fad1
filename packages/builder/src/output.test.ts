import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { digestOutput, outputBelow, takeOutput } from './output.ts';

const MAX = 3_000_000;

test('a plain file is copied to a file of ours and digested', async () => {
  const folder = await temporaryFolder();
  const bytes = Buffer.alloc(2_500_001, 7);
  writeFileSync(join(folder, 'out'), bytes, { mode: 0o777 });
  await takeOutput(join(folder, 'out'), join(folder, 'taken'), MAX);
  writeFileSync(join(folder, 'out'), 'changed later');
  expect(readFileSync(join(folder, 'taken')).equals(bytes)).toBe(true);
  expect(statSync(join(folder, 'taken')).mode & 0o777).toBe(0o600);
  expect(await digestOutput(join(folder, 'taken'), { maxBytes: MAX })).toEqual({
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sha512: createHash('sha512').update(bytes).digest('hex'),
    size: bytes.length,
  });
});

test.each([
  ['nothing', () => {}, /found none/],
  ['a folder', (path: string) => mkdirSync(path), /expected a plain file/],
  ['a symbolic link', (path: string) => symlinkSync('/etc/passwd', path), /symbolic link/],
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path]), /expected a plain file/],
  ['a device', (path: string) => symlinkSync('/dev/zero', path), /symbolic link/],
  ['a sparse file over the limit', (path: string) => (writeFileSync(path, ''), truncateSync(path, 1e12)), /at most 3000000 bytes/],
  [
    'a file with a second name',
    (path: string) => {
      writeFileSync(`${path}.other`, 'x');
      linkSync(`${path}.other`, path);
    },
    /one name, found 2/,
  ],
])('%s is no output', async (_, make, message) => {
  const folder = await temporaryFolder();
  const path = join(folder, 'out');
  make(path);
  await expect(takeOutput(path, join(folder, 'taken'), MAX)).rejects.toThrow(message);
  await expect(digestOutput(path, { maxBytes: MAX })).rejects.toMatchObject({ code: 'bad-output' });
});

test('a socket is no output', async () => {
  const path = join(await temporaryFolder(), 'out');
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  await expect(digestOutput(path, { maxBytes: MAX })).rejects.toThrow(/socket/);
  server.close();
});

test('what is already there is never overwritten', async () => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'out'), 'new');
  writeFileSync(join(folder, 'taken'), 'old');
  await expect(takeOutput(join(folder, 'out'), join(folder, 'taken'), MAX)).rejects.toMatchObject({ code: 'EEXIST' });
});

test('an output is not looked for behind a link', async () => {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'build', 'release'), { recursive: true });
  mkdirSync(join(folder, 'elsewhere'));
  symlinkSync('../elsewhere', join(folder, 'build', 'link'));
  expect(await outputBelow(join(folder, 'build'), 'artifact')).toBe(join(folder, 'build', 'artifact'));
  expect(await outputBelow(join(folder, 'build'), 'release/artifact')).toBe(join(folder, 'build', 'release', 'artifact'));
  expect(await outputBelow(join(folder, 'build'), 'nowhere/artifact')).toBe(join(folder, 'build', 'nowhere', 'artifact'));
  for (const name of ['link/artifact', 'link/../link/artifact']) {
    await expect(outputBelow(join(folder, 'build'), name)).rejects.toMatchObject({ code: 'bad-output' });
  }
});
