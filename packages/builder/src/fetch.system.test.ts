import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GoRecipe, Recipe } from '@verbatim/statements';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recipeWith } from './_recipe.ts';
import { temporaryFolder } from './_temporary.ts';
import { build } from './build.ts';
import { evict } from './cache/evict.ts';
import { digestFile } from './digest.ts';
import { fetchInputs, type Fetched, type FetchOutcome, type FetchRequest } from './fetch.ts';
import { exportInputs, importInputs } from './inputs-archive.ts';
import { digestOutput } from './output.ts';
import { planBuild } from './plan.ts';
import { hostPlatform } from './platform.ts';
import { removeTree } from './remove-tree.ts';
import { detectSandbox } from './sandbox/detect.ts';
import { limitsOf } from './sandbox/limits.ts';

const KEY = `go1.23.5.${hostPlatform().replace('/', '-')}`;
const TOOLCHAIN = 'h1:Te4KCqBgVdpgo5znvhXhoZzvAIVRvPW1aM/m2o80MIM=';
const SYS = 'golang.org/x/sys@v0.0.0-20220715151400-c0bba94af5f8';

let cacheDir: string;
let log: string[];

async function fetching(changes: Partial<FetchRequest> = {}, recipe: Recipe = recipeWith()): Promise<FetchOutcome> {
  log = [];
  const workDir = changes.workDir ?? (await temporaryFolder());
  return fetchInputs({ recipe, forbidden: [], cacheDir, workDir, log: (line) => log.push(line), ...changes });
}

/** As `fetching`, of what must be there. */
async function fetched(...request: Parameters<typeof fetching>): Promise<Fetched> {
  const outcome = await fetching(...request);
  if (outcome.kind !== 'fetched') throw new Error(`expected inputs, found ${JSON.stringify(outcome)}`);
  return outcome;
}

beforeAll(async () => {
  cacheDir = mkdtempSync(join(tmpdir(), 'verbatim-cache-'));
  const workDir = mkdtempSync(join(tmpdir(), 'verbatim-first-'));
  // The toolchain comes over the network once, for all tests of this file.
  await using _first = await fetched({ workDir });
  expect(log).toContain(`fetching toolchain ${KEY}`);
  await removeTree(workDir);
});
afterAll(() => removeTree(cacheDir));

test('source, modules and toolchain of a real release are fetched and pinned', async () => {
  const workDir = await temporaryFolder();
  await using inputs = await fetched({ workDir });
  expect(readFileSync(join(inputs.folders['source']!, 'go.mod'), 'utf8')).toContain('module github.com/evanw/esbuild');
  expect(readdirSync(join(inputs.folders['source']!, '.git'))).toEqual([]);
  expect(inputs.dependencies.map(({ name, version }) => `${name}@${version}`)).toEqual([SYS]);
  expect(existsSync(join(inputs.folders['modules']!, SYS))).toBe(true);
  if (hostPlatform() === 'linux/amd64') expect(inputs.toolchains[0]!.digest).toBe(TOOLCHAIN);
  expect(log).not.toContain(`fetching toolchain ${KEY}`);
  // Exactly the modules of this build: the main module is not in the module cache, and no zip is.
  expect(readdirSync(join(inputs.folders['modules']!, 'github.com', 'evanw'))).toEqual([]);
  expect((readdirSync(inputs.folders['modules']!, { recursive: true }) as string[]).filter((name) => name.endsWith('.zip'))).toEqual([]);
  const { dir } = inputs.toolchains[0]!;
  expect(execFileSync(join(dir, 'bin', 'go'), ['version'], { env: { GOTOOLCHAIN: 'local', HOME: '/' }, encoding: 'utf8' })).toContain(
    'go1.23.5',
  );
  expect(statSync(join(dir, 'src', 'go.mod')).isFile()).toBe(true);
  await inputs[Symbol.asyncDispose]();
  expect(readdirSync(workDir)).toEqual([]);
});

describe('what must not be an input', () => {
  test('a file of the source', async () => {
    await using inputs = await fetched();
    const { sha256 } = await digestFile(join(inputs.folders['source']!, 'README.md'));
    expect(await fetching({ forbidden: [sha256] })).toMatchObject({
      reason: 'artifact-among-inputs',
      transient: false,
      detail: expect.stringContaining(sha256),
    });
  });

  test('a file of a dependency, a file of the toolchain, a container', async () => {
    await using inputs = await fetched();
    const files = [join(inputs.folders['modules']!, SYS, 'README.md'), join(inputs.toolchains[0]!.dir, 'bin', 'gofmt')];
    const zip = join(cacheDir, 'modules', 'golang.org', 'x', 'sys', '@v', `${SYS.split('@')[1]}.zip`);
    for (const input of [...files, zip]) {
      const { sha256 } = await digestFile(input);
      // A container is seen when it is downloaded.
      if (input === zip) rmSync(zip);
      const workDir = await temporaryFolder();
      expect(await fetching({ forbidden: ['0'.repeat(64), sha256], workDir })).toMatchObject({ reason: 'artifact-among-inputs' });
      expect(readdirSync(workDir)).toEqual([]);
    }
  });
});

describe('what is not what the recipe says', () => {
  test('another h1 of the source', async () => {
    const recipe = recipeWith({ source: { ...recipeWith().source, h1: TOOLCHAIN } as GoRecipe['source'] });
    expect(await fetching({}, recipe)).toMatchObject({ reason: 'checksum-mismatch', transient: false });
  });

  test('another h1 of the toolchain, which stays in the cache for others', async () => {
    const recipe = recipeWith({
      toolchain: { version: 'go1.23.5', h1: { [hostPlatform()]: 'h1:jRR9D1pfdb669VzdN4w0jwsDfrKE098nKMaDMKvMPyU=' } },
    });
    expect(await fetching({}, recipe)).toMatchObject({ reason: 'checksum-mismatch', transient: false });
    expect(log).not.toContain(`fetching toolchain ${KEY}`);
  });

  test('a version that does not exist', async () => {
    const source = { ...recipeWith().source, version: 'v0.25.99999' } as GoRecipe['source'];
    expect(await fetching({}, recipeWith({ source }))).toMatchObject({ reason: 'module-unavailable', transient: false });
    const toolchain = { version: 'go1.23.9999', h1: {} };
    expect(await fetching({}, recipeWith({ toolchain }))).toMatchObject({ reason: 'toolchain-unavailable', transient: false });
  });
});

test('a toolchain that the recipe does not pin comes from the checksum database, and that is said', async () => {
  await using inputs = await fetched({}, recipeWith({ toolchain: { version: 'go1.23.5', h1: {} } }));
  expect(inputs.notes).toEqual([expect.stringContaining('checksum database alone')]);
});

describe('a poisoned cache', () => {
  const go = (): string => join(cacheDir, 'toolchains', KEY, 'golang.org', `toolchain@v0.0.1-${KEY}`);

  test('toolchain with a changed tool is fetched again', async () => {
    chmodSync(join(go(), 'bin', 'gofmt'), 0o755);
    writeFileSync(join(go(), 'bin', 'gofmt'), 'evil');
    await using _inputs = await fetched();
    expect(log.join('\n')).toContain('is not what it should be');
    expect(readFileSync(join(go(), 'bin', 'gofmt')).length).toBeGreaterThan(1_000_000);
  });

  test('whose recorded hash was changed along with the tool is fetched again too', async () => {
    const record = join(cacheDir, 'toolchains', KEY, 'cache', 'download', 'golang.org', 'toolchain', '@v', `v0.0.1-${KEY}.ziphash`);
    chmodSync(record, 0o644);
    writeFileSync(record, 'h1:jRR9D1pfdb669VzdN4w0jwsDfrKE098nKMaDMKvMPyU=');
    await using _inputs = await fetched();
    expect(log.join('\n')).toContain('is not what it should be');
  });

  test('of modules is not believed: the module is fetched again', async () => {
    const zip = join(cacheDir, 'modules', 'golang.org', 'x', 'sys', '@v', `${SYS.split('@')[1]}.zip`);
    const esbuild = join(cacheDir, 'modules', 'github.com', 'evanw', 'esbuild', '@v', 'v0.25.0.zip');
    const [good, other] = [readFileSync(zip), readFileSync(esbuild)];
    rmSync(zip);
    writeFileSync(zip, Buffer.concat([good.subarray(0, -1), Buffer.of(good.at(-1)! ^ 1)]));
    await using _first = await fetched();
    expect(readFileSync(zip).equals(good)).toBe(true);
    // Another module's zip under this name.
    rmSync(zip);
    writeFileSync(zip, other);
    await using _second = await fetched();
    expect(readFileSync(zip).equals(good)).toBe(true);
  });
});

test('several builds use one toolchain at a time, and it is not evicted under them', async () => {
  const [first, second] = await Promise.all([fetched(), fetched()]);
  expect(first.folders['toolchain']!).toBe(second.folders['toolchain']!);
  await first[Symbol.asyncDispose]();
  await evict(cacheDir, 1);
  expect(existsSync(join(second.folders['toolchain']!, 'bin', 'go'))).toBe(true);
  expect(existsSync(join(cacheDir, 'modules', 'github.com', 'evanw', 'esbuild', '@v', 'v0.25.0.zip'))).toBe(false);
  await second[Symbol.asyncDispose]();
  await using _again = await fetched();
});

test('the user’s own settings change neither what is fetched nor how', async () => {
  const home = await temporaryFolder();
  const settings = ['GOFLAGS=-mod=vendor -tags=evil', 'GOTOOLCHAIN=go1.24.1', 'GONOSUMDB=*', 'GOPRIVATE=private.example', 'GOINSECURE=*'];
  execFileSync('go', ['env', '-w', ...settings], { env: { PATH: process.env['PATH'], HOME: home, GOTOOLCHAIN: 'local' } });
  const environment = {
    ...process.env,
    HOME: home,
    GOSUMDB: 'off',
    GOAMD64: 'v4',
    GOROOT: '/nowhere',
    GOMODCACHE: '/nowhere',
    GOPATH: '/nowhere',
  };
  await using inputs = await fetched({ environment });
  expect(inputs.dependencies.map(({ name }) => name)).toEqual(['golang.org/x/sys']);
  expect(inputs.notes.join('\n')).toMatch(/GOSUMDB is not followed[^]*GONOSUMDB/);
});

describe('a main module that the publisher wrote', () => {
  const source = {
    kind: 'go-module' as const,
    module: 'golang.org/x/example/hello',
    version: 'v0.0.0-20250915201037-7f05d217867b',
    h1: 'h1:+gZE2jOdiscYByu0606Uw8Ldir2Cecd39Vq/3IEasRA=',
  };
  const goMod = `module hello\n\ngo 1.21\n\nrequire ${source.module} ${source.version}\n`;
  const goSum = `${source.module} ${source.version} ${source.h1}\n${source.module} ${source.version}/go.mod h1:UhUKOXx5fMcLZxwL20DUrWWBBoRYG9Jvc8FiwZhRHCI=\n`;
  const recipe = (changes: Partial<NonNullable<GoRecipe['mainModule']>> = {}): Recipe => ({
    ...recipeWith({ vcs: null, flags: ['-trimpath', '-buildvcs=false'] }),
    source,
    package: '.',
    mainModule: { goMod, goSum, files: { 'main.go': 'hello.go' }, ...changes },
    outputs: [{ artifact: 'hello', goos: 'linux', goarch: hostPlatform().slice('linux/'.length), env: {} }],
  });

  test('takes its own files from the source, requires it as a module, and is built', async () => {
    await using inputs = await fetched({}, recipe());
    expect(readdirSync(inputs.folders['source']!).sort()).toEqual(['go.mod', 'go.sum', 'main.go']);
    expect(inputs.dependencies).toEqual([{ name: source.module, version: source.version, digest: source.h1 }]);
    const root = await temporaryFolder();
    const plan = planBuild(recipe(), 'hello', { platform: hostPlatform(), cpus: 2 });
    const [workDir, outDir] = [join(root, 'w'), join(root, 'o')];
    const outcome = await build({ plan, fetched: inputs, sandbox: await detectSandbox(), limits: limitsOf({ cpus: 2 }), workDir, outDir });
    expect(outcome).toMatchObject({ kind: 'built' });
    const info = execFileSync('go', ['version', '-m', join(outDir, 'artifact')], { encoding: 'utf8' });
    expect(info).toContain(`path\thello\n\tmod\thello\t(devel)\t\n\tdep\t${source.module}\t${source.version}\t${source.h1}\n`);
  });

  test('that requires something else, or wants a file that is not there, or another checksum, is refused', async () => {
    const refused = async (changes: Parameters<typeof recipe>[0]) => (await fetching({}, recipe(changes))) as { reason: string };
    expect(await refused({ goMod: 'module hello\n\ngo 1.21\n', goSum })).toMatchObject({ reason: 'not-a-module' });
    expect(await refused({ files: { 'main.go': 'cmd/main.go' } })).toMatchObject({ reason: 'not-a-module' });
    const wrong = goSum.replace(source.h1, 'h1:jRR9D1pfdb669VzdN4w0jwsDfrKE098nKMaDMKvMPyU=');
    expect(await refused({ goSum: wrong })).toMatchObject({ reason: 'checksum-mismatch' });
  });
});

test('without a network, what is in the cache is enough', async () => {
  await using _warm = await fetched();
  await using _inputs = await fetched({ environment: { ...process.env, GOPROXY: 'off' } });
});

test('inputs over their limit, and an abort, end the fetch with nothing left behind', async () => {
  const workDir = await temporaryFolder();
  const reason = new Error('stopped');
  await expect(fetching({ workDir, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const small = await fetching({ workDir, limits: { inputBytes: 1000 } });
  expect(small).toMatchObject({ kind: 'unavailable', reason: 'inputs-too-large' });
  expect(readdirSync(workDir)).toEqual([]);
});

describe('a program from a git repository', () => {
  const env = {
    PATH: process.env['PATH']!,
    HOME: '/nowhere',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@a',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@a',
  };
  const date = '2025-02-08T03:01:26Z';

  let compileCache: string;
  beforeAll(() => {
    compileCache = join(mkdtempSync(join(tmpdir(), 'verbatim-compiled-')), 'cache');
  });
  afterAll(() => removeTree(join(compileCache, '..')));

  async function repository() {
    const work = join(await temporaryFolder(), 'work');
    mkdirSync(join(work, 'cmd'), { recursive: true });
    writeFileSync(join(work, 'go.mod'), 'module example.com/tool\n\ngo 1.20\n');
    writeFileSync(join(work, 'cmd', 'main.go'), 'package main\n\nfunc main() { println("hello") }\n');
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: work, env: { ...env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }, encoding: 'utf8' }).trim();
    git('init', '-q', '-b', 'main', '.');
    git('add', '-A');
    git('commit', '-qm', 'one');
    return { work, commit: git('rev-parse', 'HEAD') };
  }

  test('is rebuilt in the sandbox, with the stamp, to the same bytes as by the publisher with a real repository', async () => {
    const { work, commit } = await repository();
    const recipe: GoRecipe = {
      ...recipeWith(),
      // A local address, which no log admits.
      source: { kind: 'git', url: pathToFileURL(work).href, commit },
      package: './cmd',
      vcs: { revision: commit, time: date, modified: false, tag: null, provenance: 'confirmed' },
      outputs: [{ artifact: 'tool', goos: 'linux', goarch: 'amd64', env: {} }],
    };
    await using inputs = await fetched({ gitProtocols: ['file'] }, recipe);
    expect(inputs.origin).toEqual({ revision: commit, ref: null });

    const root = await temporaryFolder();
    const publisher = {
      PATH: `${join(inputs.toolchains[0]!.dir, 'bin')}:${process.env['PATH']}`,
      HOME: root,
      GOCACHE: join(root, 'publisher-cache'),
      GOFLAGS: '',
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '0',
      GOOS: 'linux',
      GOARCH: 'amd64',
    };
    execFileSync('go', ['build', '-o', join(root, 'published'), '-ldflags=-s -w', '-trimpath', '-buildvcs=true', './cmd'], {
      cwd: work,
      env: publisher,
    });

    process.env['GOFLAGS'] = '-ldflags=-X=main.evil=1';
    const sandbox = await detectSandbox();
    const plan = planBuild(recipe, recipe.outputs[0]!.artifact, { platform: hostPlatform(), cpus: 2 });
    const outcome = await build({
      plan,
      fetched: inputs,
      sandbox,
      limits: limitsOf({ cpus: 2 }),
      workDir: join(root, 'w'),
      outDir: join(root, 'o'),
      compileCache,
    });
    delete process.env['GOFLAGS'];
    expect(outcome).toMatchObject({ kind: 'built' });
    const { sha256 } = await digestOutput(join(root, 'o', 'artifact'), { maxBytes: 1e8 });
    expect(sha256).toBe((await digestFile(join(root, 'published'))).sha256);
    expect(execFileSync('go', ['version', '-m', join(root, 'o', 'artifact')], { encoding: 'utf8' })).toContain(`vcs.revision=${commit}`);
  });

  test('a failing compile is a failed build, with the compiler’s words', async () => {
    const { work } = await repository();
    writeFileSync(join(work, 'cmd', 'main.go'), 'package main\n\nfunc main() { undefined() }\n');
    const git = (...args: string[]) => execFileSync('git', args, { cwd: work, env, encoding: 'utf8' }).trim();
    git('commit', '-qam', 'two');
    const source = { kind: 'git' as const, url: pathToFileURL(work).href, commit: git('rev-parse', 'HEAD') };
    const recipe: Recipe = { ...recipeWith({ vcs: null, flags: ['-trimpath', '-buildvcs=false'] }), source, package: './cmd' };
    await using inputs = await fetched({ gitProtocols: ['file'] }, recipe);
    const root = await temporaryFolder();
    const plan = planBuild(recipe, recipe.outputs[0]!.artifact, { platform: hostPlatform(), cpus: 2 });
    const outcome = await build({
      plan,
      fetched: inputs,
      sandbox: await detectSandbox(),
      limits: limitsOf(),
      workDir: join(root, 'w'),
      outDir: join(root, 'o'),
      compileCache,
    });
    expect(outcome).toMatchObject({ kind: 'build-failed', reason: 'exit-code', exitCode: 1 });
    expect(readFileSync(join(root, 'o', 'build.log'), 'utf8')).toContain('undefined: undefined');
  });
});

test('a release is fetched from exported inputs by a machine that asks nobody, and its sums are still checked', async () => {
  const folder = await temporaryFolder();
  const [medium, away] = [join(folder, 'medium'), join(folder, 'cache')];
  // Whoever asked would hear nothing.
  const environment = { HOME: '/nowhere', HTTPS_PROXY: 'http://127.0.0.1:1', GOPROXY: 'https://127.0.0.1:1' };
  {
    await using inputs = await fetched();
    expect(await exportInputs({ recipe: recipeWith(), fetched: inputs, cacheDir, to: medium })).toBeGreaterThan(1000);
  }
  expect(await fetching({ cacheDir: away, offline: true, environment })).toMatchObject({ kind: 'unavailable' });
  await importInputs({ from: medium, cacheDir: away });
  {
    await using inputs = await fetched({ cacheDir: away, offline: true, environment });
    expect(inputs.dependencies.map(({ name, version }) => `${name}@${version}`)).toEqual([SYS]);
  }
  const zip = readdirSync(join(away, 'modules'), { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('v0.25.0.zip'))!;
  writeFileSync(join(away, 'modules', zip), 'poisoned');
  expect(await fetching({ cacheDir: away, offline: true, environment })).toMatchObject({ kind: 'unavailable' });
});

test('times of the cache’s entries are those of their last use', async () => {
  const lease = join(cacheDir, 'locks', `${KEY}.use`);
  utimesSync(lease, 1, 1);
  await using _inputs = await fetched();
  expect(statSync(lease).mtimeMs).toBeGreaterThan(Date.now() - 600_000);
});
