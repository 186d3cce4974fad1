import { expect, test } from 'vitest';
import { recipeWith } from '../_recipe.ts';
import { planBuild } from '../plan.ts';
import { DEFAULT_LAYOUT } from './plan.ts';

const host = { platform: 'linux/amd64', cpus: 3 };
const [x64, arm64] = recipeWith().outputs.map(({ artifact }) => artifact);

test('the command line is the recipe’s, word for word', () => {
  const plan = planBuild(recipeWith({ tags: ['a', 'b'] }), x64!, host);
  expect(plan.argv).toEqual([
    '/build/go/bin/go',
    'build',
    '-o',
    '/build/out/artifact',
    '-trimpath',
    '-buildvcs=true',
    '-tags=a,b',
    '-ldflags=-s -w',
    './cmd/esbuild',
  ]);
});

test('every variable that changes bits is set, for the target’s architecture and for no other', () => {
  const { env } = planBuild(recipeWith(), arm64!, host);
  expect(env).toMatchObject({
    GOOS: 'linux',
    GOARCH: 'arm64',
    GOARM64: 'v8.0',
    CGO_ENABLED: '0',
    GOEXPERIMENT: '',
    GOWORK: 'off',
    GOENV: 'off',
  });
  expect(env).toMatchObject({ GOTOOLCHAIN: 'local', GOFLAGS: '-p=3', GOPROXY: 'off', GOROOT: '/build/go' });
  expect(env['GOAMD64']).toBeUndefined();
  expect(planBuild(recipeWith({ outputs: [{ artifact: 'x86', goos: 'linux', goarch: '386', env: {} }] }), 'x86', host).env).toMatchObject({
    GO386: 'sse2',
  });
});

test('the recipe’s variables win over the defaults, the output’s stand beside them', () => {
  const outputs = [{ artifact: 'v3', goos: 'linux', goarch: 'amd64', env: { GOAMD64: 'v3' } }];
  const plan = planBuild(recipeWith({ env: { CGO_ENABLED: '0', GOEXPERIMENT: 'rangefunc' }, outputs }), 'v3', host);
  expect(plan.env).toMatchObject({ GOAMD64: 'v3', GOEXPERIMENT: 'rangefunc' });
});

test('the number of cores is all that the machine says in a plan, and the environment of this process nothing', () => {
  const before = planBuild(recipeWith(), x64!, host);
  process.env['GOFLAGS'] = '-ldflags=-X=main.x=evil';
  process.env['GOAMD64'] = 'v4';
  try {
    expect(planBuild(recipeWith(), x64!, host)).toEqual(before);
  } finally {
    delete process.env['GOFLAGS'];
    delete process.env['GOAMD64'];
  }
  const other = planBuild(recipeWith(), x64!, { ...host, cpus: 64 });
  expect({ ...other, env: { ...other.env, GOFLAGS: '-p=3' } }).toEqual(before);
});

test('inputs are read-only; cache and out are all that a build may write to', () => {
  const plan = planBuild(recipeWith(), x64!, host);
  expect(plan.mounts.filter(({ kind }) => kind === 'scratch').map(({ path }) => path)).toEqual([DEFAULT_LAYOUT.cache, DEFAULT_LAYOUT.out]);
  expect(plan.mounts.filter(({ kind }) => kind === 'input').map(({ path }) => path)).toEqual([
    '/build/modules',
    '/build/go',
    '/build/source',
  ]);
});

test('git is answered for only where the recipe has a stamp, and sh is shown only then', () => {
  const stamped = planBuild(recipeWith(), x64!, host);
  expect(stamped.files.map(({ path }) => path)).toEqual(['/build/home/.config/go/telemetry/mode', '/build/bin/git']);
  expect(stamped.programs).toEqual(['sh']);
  const plain = planBuild(recipeWith({ vcs: null, flags: ['-trimpath', '-buildvcs=false'] }), x64!, host);
  expect(plain.files.map(({ path }) => path)).toEqual(['/build/home/.config/go/telemetry/mode']);
  expect(plain.programs).toEqual([]);
});

test('cgo is refused: its C toolchain would be an unpinned input', () => {
  expect(() => planBuild(recipeWith({ env: { CGO_ENABLED: '1' } }), x64!, host)).toThrow(/CGO_ENABLED=0/);
});

test('a patched linker is built first, from the toolchain’s source with the changes laid over it, and stands in for the toolchain’s own', () => {
  const edits = [{ find: 'ctxt.buildinfo', replace: '//ctxt.buildinfo' }];
  const files = [{ file: 'src/cmd/link/internal/ld/main.go', sha256: 'a'.repeat(64), edits }];
  const { toolchain } = recipeWith();
  const plan = planBuild(recipeWith({ toolchain: { ...toolchain, patched: [{ tool: 'link', files }] } }), arm64!, host);
  const text = (path: string): string => plan.files.find((file) => file.path === path)!.text;
  expect(plan.argv).toEqual(['/bin/sh', '/build/bin/build']);
  expect(plan.programs).toEqual(['sh']);
  expect(JSON.parse(text('/build/patches.json'))).toEqual({
    Replace: { '/build/go/src/cmd/link/internal/ld/main.go': '/build/patches/0' },
  });
  expect(text('/build/bin/toolexec')).toContain('*/link) shift; exec /build/tools/link "$@" ;;');
  const [link, build] = text('/build/bin/build').split('\n').slice(2);
  // The tool is for the host, whatever the target.
  expect(link).toBe(
    `(cd '/build/go/src' && GOMODCACHE='/tmp/none' GOOS='linux' GOARCH='amd64' '/build/go/bin/go' 'build' '-overlay' '/build/patches.json' '-trimpath' '-o' '/build/tools/link' 'cmd/link')`,
  );
  expect(build).toContain(`'-toolexec=/build/bin/toolexec' '-ldflags=-s -w' './cmd/esbuild'`);
});

test('inputs are where the publisher had them', () => {
  const modules = '/Users/runner/go/pkg/mod';
  const paths = { source: '/Users/runner/work/x/x', goroot: `${modules}/golang.org/toolchain@v0.0.1-go1.26.4.darwin-arm64`, modules };
  const plan = planBuild(recipeWith({ flags: ['-buildvcs=true'], paths }), x64!, host);
  expect(plan).toMatchObject({ cwd: paths.source, env: { GOROOT: paths.goroot, GOMODCACHE: modules } });
  // The toolchain is mounted after the folder that it lies in.
  expect(plan.mounts.filter(({ kind }) => kind === 'input').map(({ path }) => path)).toEqual([modules, paths.goroot, paths.source]);
});
