import { memberTree } from '@verbatim/builder';
import { decodeMembers } from '@verbatim/statements';
import type { Recipe } from '@verbatim/statements';
import { toHex, verifyInclusion } from '@verbatim/tlog';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testFolder } from './_temporary.ts';
import { membersOf } from './members.ts';

const debian = { kind: 'debian' } as Recipe;

async function deb(): Promise<string> {
  const root = testFolder();
  await mkdir(join(root, 'tree', 'DEBIAN'), { recursive: true });
  await mkdir(join(root, 'tree', 'usr', 'bin'), { recursive: true });
  const control = 'Package: hello\nVersion: 1.0\nArchitecture: amd64\nMaintainer: A <a@mail.example>\nDescription: x\n';
  await writeFile(join(root, 'tree', 'DEBIAN', 'control'), control);
  await writeFile(join(root, 'tree', 'usr', 'bin', 'hello'), 'hello', { mode: 0o755 });
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', join(root, 'tree'), join(root, 'hello.deb')]);
  return join(root, 'hello.deb');
}

test('one file of a package can be proved to be in what was built, by the signed root and the list beside it', async () => {
  const members = await membersOf(debian, await deb());
  const entries = decodeMembers(members!.list!);
  expect(entries.map(({ path }) => path)).toEqual(['usr', 'usr/bin', 'usr/bin/hello']);
  expect(entries[2]!.sha256).toBe(createHash('sha256').update('hello').digest('hex'));
  const tree = memberTree(entries);
  expect(toHex(tree.root)).toBe(members!.root);
  expect(members!.size).toBe(3);
  const { index, leaf, proof } = tree.prove('usr/bin/hello')!;
  expect(verifyInclusion(index, tree.size, leaf, proof, tree.root)).toBe(true);
});

test('what is no package has no members, and neither has an output of another kind', async () => {
  const file = join(testFolder(), 'x.deb');
  await writeFile(file, 'not a package');
  expect(await membersOf(debian, file)).toBeNull();
  expect(await membersOf({ kind: 'go' } as Recipe, await deb())).toBeNull();
});
