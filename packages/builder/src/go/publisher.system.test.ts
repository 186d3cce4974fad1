/** What publishers do beyond `go build` with -trimpath, in the real sandbox, with the Go of this machine. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GoRecipe, PatchedTool } from '@verbatim/statements';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recipeWith } from '../_recipe.ts';
import { temporaryFolder } from '../_temporary.ts';
import { build } from '../build.ts';
import { planBuild } from '../plan.ts';
import { hostPlatform } from '../platform.ts';
import { removeTree } from '../remove-tree.ts';
import { detectSandbox } from '../sandbox/detect.ts';
import { limitsOf } from '../sandbox/limits.ts';
import { applyEdits, writePatched } from './patched.ts';

const GOROOT = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
const LINKER = 'src/cmd/link/internal/ld/main.go';
const host = hostPlatform();
const PROGRAM = 'package main\n\nfunc main() { panic("hello") }\n';

function recipe(changes: Partial<GoRecipe>): GoRecipe {
  const [goos, goarch] = host.split('/') as [string, string];
  const outputs = [{ artifact: 'hello', goos, goarch, env: {} }];
  return recipeWith({ vcs: null, flags: ['-trimpath', '-buildvcs=false'], package: '.', outputs, ...changes }) as GoRecipe;
}

/** What compilers made before, in the sandbox and outside: for the speed of these tests. */
let compiled: string;
beforeAll(() => {
  compiled = mkdtempSync(join(tmpdir(), 'verbatim-compiled-'));
});
afterAll(() => removeTree(compiled));

interface Program {
  readonly root: string;
  /** Folder of the main module. */
  readonly source: string;
}

async function program(): Promise<Program> {
  const root = await temporaryFolder();
  const source = join(root, 'source');
  for (const folder of [source, join(root, 'modules')]) mkdirSync(folder);
  writeFileSync(join(source, 'go.mod'), 'module example.com/hello\n\ngo 1.21\n');
  writeFileSync(join(source, 'main.go'), PROGRAM);
  return { root, source };
}

/** Path of the binary. */
async function built({ root, source }: Program, made: GoRecipe, more: Record<string, string> = {}): Promise<string> {
  const outDir = join(root, 'out');
  const outcome = await build({
    plan: planBuild(made, 'hello', { platform: host, cpus: 2 }),
    fetched: { folders: { source, toolchain: GOROOT, modules: join(root, 'modules'), ...more } },
    sandbox: await detectSandbox(),
    limits: limitsOf({ cpus: 2 }),
    workDir: join(root, 'work'),
    outDir,
    compileCache: join(compiled, 'sandbox'),
  });
  if (outcome.kind !== 'built') throw new Error(readFileSync(join(outDir, 'build.log'), 'utf8'));
  return outcome.outputPath;
}

const buildInfo = (file: string): string => {
  try {
    return execFileSync('go', ['version', '-m', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return 'none';
  }
};

const linkerPatch = (changes: Partial<PatchedTool['files'][number]> = {}): PatchedTool[] => {
  const sha256 = createHash('sha256')
    .update(readFileSync(join(GOROOT, LINKER)))
    .digest('hex');
  const edits = [{ find: 'ctxt.buildinfo', replace: '//ctxt.buildinfo' }];
  return [{ tool: 'link', files: [{ file: LINKER, sha256, edits, ...changes }] }];
};

test('esbuild’s patched linker leaves the build info out; inputs are where the publisher had them', async () => {
  const hello = await program();
  const paths = {
    source: '/Users/runner/work/hello/hello',
    goroot: '/Users/runner/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.99.darwin-arm64',
    modules: '/Users/runner/go/pkg/mod',
  };
  mkdirSync(join(hello.root, 'modules/golang.org/toolchain@v0.0.1-go1.99.darwin-arm64'), { recursive: true });
  const plain = recipe({ flags: ['-buildvcs=false'], paths });
  const file = await built(hello, plain);
  expect(buildInfo(file)).toContain('path\texample.com/hello');
  const text = readFileSync(file, 'latin1');
  for (const path of [`${paths.source}/main.go`, `${paths.goroot}/src/runtime/proc.go`]) expect(text).toContain(path);

  const patched = linkerPatch();
  const patches = join(hello.root, 'patches');
  expect(await writePatched(patched, GOROOT, patches)).toBeNull();
  const silent = await built(hello, { ...plain, toolchain: { ...plain.toolchain, patched } }, { patches });
  expect(buildInfo(silent)).toBe('none');
  expect(readFileSync(silent, 'latin1')).toContain(`${paths.source}/main.go`);
});

test('a patch of another file than the toolchain has is refused, and one whose text is not there exactly once', async () => {
  const folder = join(await temporaryFolder(), 'patches');
  const refused = async (changes: Parameters<typeof linkerPatch>[0]) => writePatched(linkerPatch(changes), GOROOT, folder);
  expect(await refused({ sha256: 'a'.repeat(64) })).toMatchObject({ reason: 'patch-mismatch', transient: false });
  expect(await refused({ file: 'src/cmd/link/none.go' })).toMatchObject({ reason: 'patch-mismatch' });
  expect(await refused({ edits: [{ find: 'no such text', replace: 'x' }] })).toMatchObject({ detail: expect.stringContaining('0 times') });
  expect(applyEdits('a b a', [{ find: 'a', replace: 'c' }])).toEqual({ problem: 'expected "a" exactly once, found 2 times' });
  expect(applyEdits('$& b', [{ find: 'b', replace: '$&' }])).toBe('$& $&');
});

test.each([
  ['after a tag', ['v1.4.0-rc.1', 'v1.3.9'], 'v1.4.0-rc.1.0.'],
  ['before any tag', [], 'v0.0.0-'],
])('a revision %s is stamped with the pseudo-version that a real repository gives', async (_, tags, prefix) => {
  const hello = await program();
  const date = '2026-03-04T05:06:07Z';
  const env = { PATH: process.env['PATH']!, HOME: hello.root, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@a', ...args], { cwd: hello.source, env, encoding: 'utf8' }).trim();
  git('init', '-q', '-b', 'main', '.');
  git('add', '-A');
  git('commit', '-qm', 'one');
  for (const tag of tags) git('tag', tag);
  git('commit', '-qm', 'two', '--allow-empty');
  const revision = git('rev-parse', 'HEAD');
  const goEnv = { ...env, GOFLAGS: '', GOTOOLCHAIN: 'local', GOENV: 'off', GOCACHE: join(compiled, 'publisher'), GOROOT, CGO_ENABLED: '0' };
  const published = join(hello.root, 'published');
  execFileSync(join(GOROOT, 'bin/go'), ['build', '-trimpath', '-buildvcs=true', '-ldflags=-s -w', '-o', published, '.'], {
    cwd: hello.source,
    env: goEnv,
  });

  execFileSync('rm', ['-rf', join(hello.source, '.git')]);
  mkdirSync(join(hello.source, '.git'));
  const vcs = { revision, time: date, modified: false, tag: null, provenance: 'adopted', ancestorTags: tags } as const;
  const file = await built(hello, recipe({ flags: ['-trimpath', '-buildvcs=true'], vcs }));
  expect(buildInfo(file)).toContain(`mod\texample.com/hello\t${prefix}20260304050607-${revision.slice(0, 12)}`);
  expect(readFileSync(file).equals(readFileSync(published))).toBe(true);
});
