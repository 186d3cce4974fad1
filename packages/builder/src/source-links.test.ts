import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { linkLeadingOut } from './source-links.ts';

async function sourceWith(links: Readonly<Record<string, string>>): Promise<string> {
  const root = join(await temporaryFolder(), 'source');
  mkdirSync(join(root, 'a', 'b', 'c'), { recursive: true });
  writeFileSync(join(root, 'file'), '');
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
  return root;
}

test.each([
  ['to a file beside it', { link: 'file' }],
  ['to a folder, and through it', { link: 'a/b', 'a/other': '../link/c/../../../file' }],
  ['to nothing within the source', { 'a/link': '../no/such/thing' }],
  ['to itself, or in a circle', { one: 'two', two: 'one', self: 'self' }],
  ['below a file', { link: 'file/x' }],
])('a link %s stays in the source', async (_, links) => {
  expect(linkLeadingOut(await sourceWith(links as Record<string, string>))).toBeNull();
});

test.each([
  ['by an absolute path', { 'go.mod': '/etc/passwd' }, 'go.mod'],
  ['by an absolute path to nothing', { 'go.sum': '/no/such/file' }, 'go.sum'],
  ['by too many parents', { 'a/link': '../../x' }, 'a/link'],
  ['by parents in the middle', { 'a/link': '../../source/file' }, 'a/link'],
  ['through another link that shortens the way', { 'a/b/c/top': '../../..', 'a/b/c/out': 'top/../secret' }, 'a/b/c/out'],
  ['to nothing, through another link', { 'a/up': '..', 'a/link': 'up/../new' }, 'a/link'],
])('a link that leads out %s is found', async (_, links, found) => {
  expect(linkLeadingOut(await sourceWith(links as unknown as Record<string, string>))).toBe(found);
});
