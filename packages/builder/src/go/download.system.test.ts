import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { downloadModules } from './download.ts';

/** A module cache with one module, and what a program in the place of the go command says of it. */
async function downloaded(changes: (place: { root: string; modCache: string }) => Record<string, string>) {
  const root = await temporaryFolder();
  const [home, modCache, goroot] = ['home', 'modules', 'go'].map((name) => join(root, name)) as [string, string, string];
  const version = join(modCache, 'cache', 'download', 'm', '@v');
  for (const folder of [home, version, join(modCache, 'm@v1.0.0'), join(goroot, 'bin')]) mkdirSync(folder, { recursive: true });
  for (const name of ['v1.0.0.info', 'v1.0.0.mod', 'v1.0.0.zip']) writeFileSync(join(version, name), '{}');
  writeFileSync(join(root, 'node.key'), 'PRIVATE KEY');
  const [Info, GoMod, Zip] = ['info', 'mod', 'zip'].map((kind) => join(version, `v1.0.0.${kind}`));
  const report = { Path: 'm', Version: 'v1.0.0', Sum: 'h1:a', GoModSum: 'h1:b', Info, GoMod, Zip, Dir: join(modCache, 'm@v1.0.0') };
  const answer = JSON.stringify({ ...report, Origin: { Hash: 'abc' }, ...changes({ root, modCache }) });
  const go = join(goroot, 'bin', 'go');
  writeFileSync(go, `#!/bin/sh\ncat <<'END'\n${answer}\nEND\n`);
  chmodSync(go, 0o755);
  const client = { program: go, root: goroot, network: {}, notices: [] };
  const folders = { home, modCache, goPath: join(root, 'gopath') };
  return downloadModules({ client, folders, store: null, cwd: home, modules: ['m@v1.0.0'], timeout: 60_000 });
}

test('a module’s files are those in the module cache', async () => {
  expect(await downloaded(() => ({}))).toMatchObject([{ path: 'm', origin: { revision: 'abc', time: null } }]);
});

test.each<[string, Parameters<typeof downloaded>[0]]>([
  ['another file of the machine’s', ({ root }) => ({ Info: join(root, 'node.key') })],
  ['a way out of the module cache', ({ modCache }) => ({ Zip: `${modCache}/cache/download/../../../node.key` })],
  ['another file of the cache', ({ modCache }) => ({ Zip: join(modCache, 'zip') })],
  ['a folder beside the module cache', ({ root }) => ({ Dir: join(root, 'home') })],
  [
    'a link',
    ({ root, modCache }) => {
      const link = join(modCache, 'cache', 'download', 'm', '@v', 'v1.0.1.zip');
      symlinkSync(join(root, 'node.key'), link);
      return { Zip: link };
    },
  ],
])('a go command that was taken over and names %s is not followed there', async (_, changes) => {
  await expect(downloaded(changes)).rejects.toThrow(/expected a plain (?:file|folder) below/);
});
