import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { onlyFile } from './client.ts';

test('what a client downloaded is the one plain file that it wrote', async () => {
  const target = await temporaryFolder();
  expect(await onlyFile(target, 'npm pack')).toMatchObject({ detail: 'expected npm pack to write one file, found none' });
  writeFileSync(join(target, 'a.tgz'), 'published');
  expect(await onlyFile(target, 'npm pack')).toBe(join(target, 'a.tgz'));
  writeFileSync(join(target, 'b.tgz'), 'published');
  expect(await onlyFile(target, 'npm pack')).toMatchObject({ detail: 'expected npm pack to write one file, found 2' });
});

test.each<[what: string, make: (path: string, key: string) => void]>([
  ['a link to a file of the node', (path, key) => symlinkSync(key, path)],
  ['a folder', (path) => mkdirSync(path)],
])('%s is nothing that was downloaded', async (_, make) => {
  const [target, elsewhere] = [await temporaryFolder(), await temporaryFolder()];
  const key = join(elsewhere, 'node.key');
  writeFileSync(key, 'PRIVATE+KEY');
  make(join(target, 'a.tgz'), key);
  expect(await onlyFile(target, 'npm pack')).toMatchObject({ reason: 'receive-failed', detail: 'expected npm pack to write a plain file' });
});
