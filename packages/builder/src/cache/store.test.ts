import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import type { DownloadedModule } from '../go/download.ts';
import { escapePath, forgetModule, keepModule, storeAddress } from './store.ts';

async function downloaded(path: string) {
  const root = await temporaryFolder();
  const [cacheDir, modCache] = [join(root, 'cache dir'), join(root, 'mod')];
  const folder = join(modCache, 'cache', 'download', escapePath(path), '@v');
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => {
    writeFileSync(join(folder, name), name);
    return join(folder, name);
  };
  const module: DownloadedModule = {
    path,
    version: 'v1.0.0',
    sum: 'h1:x',
    goModSum: 'h1:y',
    zip: file('v1.0.0.zip'),
    goMod: file('v1.0.0.mod'),
    info: file('v1.0.0.info'),
    dir: '/x',
    origin: null,
  };
  return { cacheDir, modCache, module };
}

test('a module is kept in the layout of a module proxy', async () => {
  const { cacheDir, modCache, module } = await downloaded('github.com/Azure/x');
  expect(await keepModule(cacheDir, modCache, module)).toBe(true);
  const kept = join(cacheDir, 'modules', 'github.com', '!azure', 'x', '@v');
  expect(readFileSync(join(kept, 'v1.0.0.zip'), 'utf8')).toBe('v1.0.0.zip');
  expect(storeAddress(cacheDir)).toMatch(/^file:\/\/\/.*cache%20dir\/modules$/);
});

test('keeping it again marks it as used', async () => {
  const { cacheDir, modCache, module } = await downloaded('a.example/m');
  await keepModule(cacheDir, modCache, module);
  const zip = join(cacheDir, 'modules', 'a.example', 'm', '@v', 'v1.0.0.zip');
  utimesSync(zip, 1, 1);
  expect(await keepModule(cacheDir, modCache, module)).toBe(false);
  expect(statSync(zip).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
});

test('a module that turned out wrong is forgotten', async () => {
  const { cacheDir, modCache, module } = await downloaded('a.example/M');
  await keepModule(cacheDir, modCache, module);
  await forgetModule(cacheDir, 'a.example/M');
  expect(existsSync(join(cacheDir, 'modules', 'a.example', '!m', '@v'))).toBe(false);
});
