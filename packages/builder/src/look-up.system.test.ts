/** Look-ups through the real clients, for whoever writes a recipe. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { lookUpCrate } from './cargo/look-up.ts';
import { lookUpGoModSums, lookUpModule } from './go/look-up.ts';
import { lookUpToolchainFile } from './go/look-up-toolchain.ts';
import { removeTree } from './remove-tree.ts';

const cacheDir = mkdtempSync(join(tmpdir(), 'verbatim-look-up-'));
afterAll(() => removeTree(cacheDir));

describe('crates', () => {
  test('have the checksum of the index, and their lockfile', async () => {
    expect(await lookUpCrate({ name: 'netr', version: '0.1.4', cacheDir })).toEqual({
      kind: 'crate',
      sha256: '1fe1c2b0d31f3cad4ad43dda4b338f38c9c0c2c9b4c8c2ce61107b648ed9a17f',
      lock: [],
    });
  });

  test.each([
    ['a version that there is not', 'netr', '99.0.0'],
    ['a version that was yanked', 'funty', '1.2.0'],
    ['an option', '--config', '1.0.0'],
    ['a range', 'netr', '*'],
  ])('%s is unavailable', async (_, name, version) => {
    expect(await lookUpCrate({ name, version, cacheDir })).toMatchObject({
      kind: 'unavailable',
      reason: 'crate-unavailable',
      transient: false,
    });
  });
});

describe('Go modules', () => {
  test('have the hashes of the checksum database, and files to read within their folder', async () => {
    const sums = await lookUpGoModSums({ modules: [{ path: 'rsc.io/quote', version: 'v1.5.2' }], cacheDir });
    expect(sums).toEqual(new Map([['rsc.io/quote@v1.5.2', 'h1:LzX7hefJvL54yjefDEDHNONDjII0t9xZLPXsUe+TKr0=']]));
    const found = await lookUpModule({ module: 'rsc.io/quote', query: 'v1.5.2', cacheDir });
    if (found.kind !== 'module') throw new Error(found.detail);
    await using module = found;
    expect(module.h1).toBe('h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=');
    expect(module.files).toContain('quote.go');
    expect(await module.read('go.mod')).toContain('module "rsc.io/quote"');
    expect(await module.read('nothing/here')).toBeNull();
  });

  test.each([
    ['a version that there is not', 'rsc.io/quote', 'v99.0.0'],
    ['a path upwards', 'rsc.io/../quote', 'v1.5.2'],
    ['an option', '-modfile=x.y', 'v1.5.2'],
    ['a branch', 'rsc.io/quote', 'master'],
  ])('%s is unavailable', async (_, module, query) => {
    expect(await lookUpModule({ module, query, cacheDir })).toMatchObject({ kind: 'unavailable', reason: 'module-unavailable' });
    expect(await lookUpGoModSums({ modules: [{ path: module, version: query }], cacheDir })).toMatchObject({ kind: 'unavailable' });
  });

  test('a toolchain that there is not has no files', async () => {
    const found = await lookUpToolchainFile({ version: 'go1.99.9', file: 'VERSION', cacheDir });
    expect(found).toMatchObject({ kind: 'unavailable', reason: 'toolchain-unavailable' });
  });
});
