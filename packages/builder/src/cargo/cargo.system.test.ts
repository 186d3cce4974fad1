import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CargoRecipe } from '@verbatim/statements';
import { aCargoRecipe } from '@verbatim/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { build } from '../build.ts';
import { storedPath } from '../cache/files.ts';
import { fetchInputs, type Fetched, type FetchOutcome, type FetchRequest } from '../fetch.ts';
import { exportInputs, importInputs } from '../inputs-archive.ts';
import { digestOutput } from '../output.ts';
import { planBuild, type BuildPlan } from '../plan.ts';
import { removeTree } from '../remove-tree.ts';
import { detectSandbox } from '../sandbox/detect.ts';
import { limitsOf } from '../sandbox/limits.ts';
import { vary } from '../vary.ts';
import { varyHost } from '../vary-host.ts';
import { HOST, TRIPLE, installed, toyRecipe, toyRepository, type Toy } from './_toy.ts';
import { DEFAULT_CARGO_LAYOUT, planCargo, type CargoLayout } from './plan.ts';

const CPUS = 2;
const NETR = { kind: 'crate', name: 'netr', version: '0.1.4', sha256: '1fe1c2b0d31f3cad4ad43dda4b338f38c9c0c2c9b4c8c2ce61107b648ed9a17f' };
/** Of its src/main.rs. */
const NETR_MAIN = '1c2a3758b826b9be6ce217b7dfdbff9578be85147a7bb5261b9ef90374def2e9';
const LAYOUT: CargoLayout = {
  ...DEFAULT_CARGO_LAYOUT,
  source: '/home/runner/work/toy',
  vendor: '/somewhere/else/with/a/longer/path',
  rust: '/opt/rust',
  target: '/home/runner/target',
};

let root: string;
let cacheDir: string;
let toy: Toy;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'verbatim-cargo-'));
  cacheDir = join(root, 'cache');
  toy = toyRepository(join(root, 'toy'));
});
afterAll(() => removeTree(root));

async function fetching(recipe: CargoRecipe, changes: Partial<FetchRequest> = {}): Promise<FetchOutcome> {
  return fetchInputs({ recipe, forbidden: [], cacheDir, workDir: await temporaryFolder(), gitProtocols: ['file'], ...changes });
}

async function fetched(...request: Parameters<typeof fetching>): Promise<Fetched> {
  const outcome = await fetching(...request);
  if (outcome.kind !== 'fetched') throw new Error(`expected inputs, found ${JSON.stringify(outcome)}`);
  return outcome;
}

/** The finished file, in a folder of its own. */
async function built(plan: BuildPlan, inputs: Fetched): Promise<{ readonly path: string; readonly sha256: string }> {
  const [workDir, outDir] = [await temporaryFolder(), await temporaryFolder()];
  const sandbox = await detectSandbox();
  const outcome = await build({ plan, fetched: inputs, sandbox, limits: limitsOf({ wallSeconds: 300 }), workDir, outDir });
  if (outcome.kind !== 'built') throw new Error(`${outcome.detail}\n${readFileSync(outcome.log.path, 'utf8')}`);
  return { path: outcome.outputPath, sha256: (await digestOutput(outcome.outputPath, { maxBytes: 2 ** 30 })).sha256 };
}

/** Which of the texts the file contains. */
const has = (file: string, ...texts: readonly string[]): boolean[] => texts.map((text) => readFileSync(file, 'latin1').includes(text));

const plan = (recipe: CargoRecipe, layout = DEFAULT_CARGO_LAYOUT) =>
  planCargo(recipe, recipe.outputs[0]!, { platform: HOST, cpus: CPUS }, layout);

test('a program with a build script, a macro and dependencies is the same at other paths, and without remaps it is not', async () => {
  const recipe = await toyRecipe(toy);
  await using inputs = await fetched(recipe);
  expect(inputs.dependencies.map(({ name, version }) => `${name} ${version}`)).toEqual(['memchr 2.7.4', 'paste 1.0.15']);
  expect(inputs.toolchains.map(({ name, digest }) => [name, digest.slice(0, 7)])).toEqual([
    ['rust', 'sha256:'],
    ['cc', 'sha256:'],
  ]);
  expect(inputs.origin).toMatchObject({ revision: toy.source.commit });

  const here = await built(plan(recipe), inputs);
  const there = await built(plan(recipe, LAYOUT), inputs);
  expect(there.sha256).toBe(here.sha256);
  // Nor does anything else that can be varied change it: the clock is 400 days on.
  const varied = vary(plan(recipe), { seed: 2, host: varyHost() });
  expect(varied.kept).toEqual([]);
  expect((await built(varied.plan, inputs)).sha256).toBe(here.sha256);
  chmodSync(here.path, 0o700);
  expect(execFileSync(here.path, ['a needle'], { encoding: 'utf8' })).toBe(`${TRIPLE} 2\n`);
  expect(has(here.path, '/vendor/memchr-2.7.4/', '/build/')).toEqual([true, false]);

  const bare = { ...recipe, remaps: [] };
  const control = await built(plan(bare, LAYOUT), inputs);
  expect(control.sha256).not.toBe(here.sha256);
  expect(has(control.path, '/somewhere/else/with/a/longer/path/memchr-2.7.4/')).toEqual([true]);
});

describe('a published crate', () => {
  const recipe = async (changes: Parameters<typeof toyRecipe>[1] = {}) =>
    toyRecipe(toy, {
      source: NETR,
      lock: null,
      package: 'netr',
      outputs: [{ artifact: 'netr', target: TRIPLE, crateType: 'bin', name: 'netr' }],
      ...changes,
    });

  test('is fetched by its checksum, and rebuilt from exported inputs by a machine that asks nobody', async () => {
    const own = await recipe();
    const folder = await temporaryFolder();
    const medium = join(folder, 'medium');
    let online: string;
    {
      await using inputs = await fetched(own);
      expect(inputs.dependencies).toEqual([]);
      online = (await built(planBuild(own, 'netr', { platform: HOST, cpus: CPUS }), inputs)).sha256;
      expect(await exportInputs({ recipe: own, fetched: inputs, cacheDir, to: medium })).toBeGreaterThan(100);
    }
    const away = join(folder, 'cache');
    const environment = { HOME: '/nowhere', CARGO_HTTP_PROXY: 'http://127.0.0.1:1' };
    expect(await fetching(own, { cacheDir: away, offline: true, environment })).toMatchObject({ reason: 'crate-unavailable' });
    await importInputs({ from: medium, cacheDir: away });
    await using inputs = await fetched(own, { cacheDir: away, offline: true, environment });
    expect((await built(planBuild(own, 'netr', { platform: HOST, cpus: 1 }), inputs)).sha256).toBe(online);
  });

  test('is taken from the cache where cargo is too old to download one', async () => {
    const own = await recipe();
    await (await fetched(own))[Symbol.asyncDispose]();
    const programs = await temporaryFolder();
    writeFileSync(join(programs, 'cargo'), '#!/bin/sh\necho cargo 0.66.0\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${programs}:${process.env['PATH']!}`);
    try {
      await (await fetched(own))[Symbol.asyncDispose]();
      await expect(fetching(own, { cacheDir: await temporaryFolder() })).rejects.toMatchObject({ code: 'tool-too-old' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test.each<[string, Parameters<typeof toyRecipe>[1], string]>([
    ['another checksum than the recipe’s', { source: { ...NETR, sha256: 'f'.repeat(64) } }, 'checksum-mismatch'],
    ['a version that nobody published', { source: { ...NETR, version: '0.1.999', sha256: 'f'.repeat(64) } }, 'crate-unavailable'],
    ['a toolchain that is not the recipe’s', { toolchain: { ...aCargoRecipe().toolchain, digests: {} } }, 'toolchain-unavailable'],
  ])('with %s is refused', async (_, changes, reason) => {
    expect(await fetching(await recipe(changes))).toMatchObject({ kind: 'unavailable', reason });
  });

  test('is refused when it is, or holds, what it is compared with', async () => {
    const sh = createHash('sha256').update(readFileSync('/usr/bin/sh')).digest('hex');
    for (const forbidden of [NETR.sha256, NETR_MAIN, sh]) {
      expect(await fetching(await recipe(), { forbidden: [forbidden] })).toMatchObject({ reason: 'artifact-among-inputs' });
    }
  });
});

describe('a commit', () => {
  test.each<[string, (lock: string) => string | null, string]>([
    ['without a lockfile', () => null, 'no-lockfile'],
    ['whose lockfile has another checksum', (lock) => lock.replace(/checksum = "[0-9a-f]{4}/, 'checksum = "0000'), 'checksum-mismatch'],
    ['whose lockfile lacks a dependency', (lock) => lock.replace(/\[\[package\]\]\nname = "paste"[^[]*/, ''), 'bad-lockfile'],
    [
      'with a git dependency',
      (lock) => lock.replace(/source = "[^"]*"\nchecksum = "[^"]*"/, 'source = "git+https://git.example/x#1"'),
      'unsupported-dependency',
    ],
  ])('%s is refused', async (_, change, reason) => {
    const recipe = await toyRecipe(toy, { lock: change(toy.lock) });
    const emptyCache = await temporaryFolder();
    expect(await fetching(recipe, { cacheDir: emptyCache })).toMatchObject({ kind: 'unavailable', reason });
  });

  test('without a manifest where the recipe says is refused', async () => {
    expect(await fetching(await toyRecipe(toy, { directory: './nowhere' }))).toMatchObject({ reason: 'not-a-package' });
  });

  // The first test of this file put all of them there.
  test('has its crates from the cache; only one that is missing there is fetched again', async () => {
    const recipe = await toyRecipe(toy);
    const memchr = /name = "memchr"[^[]*checksum = "([0-9a-f]{64})"/.exec(toy.lock)![1]!;
    const lines: string[] = [];
    rmSync(join(cacheDir, storedPath(memchr)));
    await (await fetched(recipe, { log: (line) => lines.push(line) }))[Symbol.asyncDispose]();
    expect(lines.filter((line) => /memchr|paste/.test(line))).toEqual(['fetching memchr 2.7.4']);
  });
});

test('what this machine has installed is named by a digest over the files of its components', async () => {
  expect(await installed()).toMatchObject({ kind: 'rust', host: HOST, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
});
