import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { digestTree, hash1 } from './digest.ts';

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');

test('files come in byte order of their paths, as Go sorts them', async () => {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'a'));
  for (const path of ['a/b', 'a.b', 'Z', '\u{1f600}', '\ufb01']) writeFileSync(join(folder, path), path);
  expect(await digestTree(folder)).toEqual(['Z', 'a.b', 'a/b', '\ufb01', '\u{1f600}'].map((path) => ({ path, sha256: hex(path) })));
});

test('h1 is the hash of the files’ hashes, as golang.org/x/mod/sumdb/dirhash has it', () => {
  const digest = hex('module golang.org/x/text\n');
  // This line without a prefix is what go.sum files have for golang.org/x/text v0.3.0/go.mod.
  expect(`h1:${createHash('sha256').update(`${digest}  go.mod\n`).digest('base64')}`).toBe(
    'h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=',
  );
  const expected = createHash('sha256').update(`${digest}  m@v1/go.mod\n`).digest('base64');
  expect(hash1([{ path: 'go.mod', sha256: digest }], 'm@v1')).toBe(`h1:${expected}`);
});

test('a link is refused, or passed over where that is asked for', async () => {
  const folder = await temporaryFolder();
  symlinkSync('/etc/passwd', join(folder, 'link'));
  await expect(digestTree(folder)).rejects.toMatchObject({ code: 'bad-output' });
  expect(await digestTree(folder, { links: 'skip' })).toEqual([]);
});

test('big files are read in pieces', async () => {
  const folder = await temporaryFolder();
  const bytes = Buffer.alloc(9_000_001, 3);
  writeFileSync(join(folder, 'big'), bytes);
  expect((await digestTree(folder))[0]!.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
});
