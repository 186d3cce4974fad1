import { createHash } from 'node:crypto';
import { utf8Decode, utf8Encode } from '@verbatim/tlog';
import { aGoRecipe, aGoVcs, testH1 } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { changed, outcome } from './_refusals.ts';
import type { GoRecipe } from './recipe-go.ts';
import { decodeRecipe, encodeRecipe, recipeDigest, type Recipe } from './recipe.ts';
import { MAX_RECIPE_BYTES } from './vocabulary.ts';

const recipe = aGoRecipe();
const encode = (value: unknown): string => outcome(() => encodeRecipe(value as Recipe));
const outputs = (count: number): GoRecipe['outputs'] =>
  Array.from({ length: count }, (_, index) => ({ artifact: `a${index}`, goos: 'linux', goarch: 'amd64', env: {} }));
const PATCHED = {
  tool: 'link',
  files: [
    { file: 'src/cmd/link/internal/ld/main.go', sha256: 'a'.repeat(64), edits: [{ find: 'ctxt.buildinfo', replace: '//ctxt.buildinfo' }] },
  ],
};
const MAIN = { goMod: 'module caddy\n', goSum: 'x v1.0.0 h1:x\n', files: { 'main.go': 'cmd/caddy/main.go' } };
const PATHS = { source: '/Users/runner/work/x/x', goroot: '/Users/runner/go1.26.4', modules: '/Users/runner/go/pkg/mod' };

describe('a recipe', () => {
  test('is canonical JSON that decodes to what was encoded', () => {
    const bytes = encodeRecipe(recipe);
    expect(decodeRecipe(bytes)).toEqual(recipe);
    expect(utf8Decode(bytes).startsWith('{"env":{"CGO_ENABLED":"0"},"flags":["-trimpath","-buildvcs=true"],"kind":"go"')).toBe(true);
    expect(recipeDigest(recipe)).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test.each<[string, unknown]>([
    ['no toolchain checksums', changed(recipe, 'toolchain.h1', {})],
    ['a git source', changed(recipe, 'source', { kind: 'git', url: 'https://git.example/x', commit: 'a'.repeat(40) })],
    ['no stamp', { ...recipe, flags: ['-trimpath', '-buildvcs=false'], vcs: null }],
    ['a tag in the stamp', { ...recipe, vcs: { ...aGoVcs, tag: 'v0.25.0' } }],
    ['no linker flags', { ...recipe, ldflags: null }],
    ['tags', { ...recipe, tags: ['netgo', 'osusergo'] }],
    ['a file for a package', { ...recipe, package: './main.go' }],
    ['the root package', { ...recipe, package: '.' }],
    ['a target with a variable', changed(recipe, 'outputs[0].env', { GOAMD64: 'v1' })],
    ['sixteen outputs', { ...recipe, outputs: outputs(16) }],
    ['a release candidate', changed(recipe, 'toolchain.version', 'go1.27rc2')],
    ['tags before the revision', changed(recipe, 'vcs.ancestorTags', ['v0.24.2'])],
    ['a patched linker', changed(recipe, 'toolchain.patched', [PATCHED])],
    ['a main module of its own', { ...recipe, mainModule: MAIN }],
    ['the publisher’s paths', { ...recipe, flags: ['-buildvcs=true'], paths: PATHS }],
    [
      'a toolchain among the modules',
      {
        ...recipe,
        flags: ['-buildvcs=true'],
        paths: { ...PATHS, goroot: `${PATHS.modules}/golang.org/toolchain@v0.0.1-go1.26.4.darwin-arm64` },
      },
    ],
  ])('may have %s', (_, value) => {
    expect(encode(value)).toBe('accepted');
  });

  test.each<[string, string, unknown, string]>([
    ['another kind', 'kind', 'make', 'bad-schema kind'],
    ['another version', 'version', 2, 'bad-schema version'],
    ['a command', 'command', 'sh', 'bad-schema'],
    ['another kind of source', 'source.kind', 'tarball', 'bad-schema source.kind'],
    ['a module path that climbs', 'source.module', 'github.com/../x', 'bad-schema source.module'],
    ['a module path without a dot', 'source.module', 'fmt', 'bad-schema source.module'],
    ['a module path that is a flag', 'source.module', '-x.example/y', 'bad-schema source.module'],
    ['too long a module path', 'source.module', `a.example/${'x'.repeat(250)}`, 'bad-schema source.module'],
    ['a module version that moves', 'source.version', 'latest', 'bad-schema source.version'],
    ['a module version that is a branch', 'source.version', 'main', 'bad-schema source.version'],
    ['a module version with a leading zero', 'source.version', 'v01.0.0', 'bad-schema source.version'],
    ['a source without its checksum', 'source.h1', undefined, 'bad-schema source.h1'],
    ['a toolchain that is no release', 'toolchain.version', 'local', 'bad-schema toolchain.version'],
    ['a toolchain version that is a path', 'toolchain.version', 'go1.23.5/../x', 'bad-schema toolchain.version'],
    ['a toolchain checksum for no platform', 'toolchain.h1', { linux: testH1('x') }, 'bad-schema toolchain.h1: key'],
    [
      'seventeen toolchain checksums',
      'toolchain.h1',
      Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`linux/a${i}`, testH1('x')])),
      'bad-schema toolchain.h1',
    ],
    ['every package', 'package', './...', 'bad-schema package'],
    ['a package outside', 'package', './../x', 'bad-schema package'],
    ['another module’s package', 'package', 'example.com/x', 'bad-schema package'],
    ['a package with a version', 'package', './x@v1.0.0', 'bad-schema package'],
    ['a package that is a flag', 'package', '-o', 'bad-schema package'],
    ['too long a package', 'package', `./${'x'.repeat(255)}`, 'bad-schema package'],
    ['a flag that runs a program', 'flags', ['-buildvcs=true', '-toolexec=/tmp/x'], 'bad-schema flags[1]'],
    ['a flag twice', 'flags', ['-buildvcs=true', '-buildvcs=false'], 'bad-schema flags'],
    ['no word about stamping', 'flags', ['-trimpath'], 'inconsistent flags'],
    ['too many flags', 'flags', Array.from({ length: 17 }, () => '-trimpath'), 'bad-schema flags'],
    ['a stamp that is not wanted', 'flags', ['-buildvcs=false'], 'inconsistent vcs'],
    ['a stamp that is missing', 'vcs', null, 'inconsistent vcs'],
    ['a stamp of nowhere', 'vcs.provenance', 'guessed', 'bad-schema vcs.provenance'],
    ['a stamp with a branch', 'vcs.tag', 'main', 'bad-schema vcs.tag'],
    ['a linker of its own', 'ldflags', '-extld=/tmp/x', 'bad-schema ldflags'],
    ['linker flags over several lines', 'ldflags', '-s\n-w', 'bad-schema ldflags'],
    ['too long linker flags', 'ldflags', `-X main.a=${'b'.repeat(4090)}`, 'bad-schema ldflags'],
    ['a tag that is a list', 'tags', ['a,b'], 'bad-schema tags[0]'],
    ['a tag twice', 'tags', ['a', 'a'], 'bad-schema tags'],
    ['too long a tag', 'tags', ['a'.repeat(65)], 'bad-schema tags[0]'],
    ['too many tags', 'tags', Array.from({ length: 33 }, (_, i) => `t${i}`), 'bad-schema tags'],
    ['a proxy', 'env', { CGO_ENABLED: '0', GOPROXY: 'x' }, 'bad-schema env'],
    ['no word about cgo', 'env', {}, 'inconsistent env'],
    ['a variable in two places', 'outputs[0].env', { CGO_ENABLED: '1' }, 'inconsistent outputs[0].env'],
    ['no outputs', 'outputs', [], 'bad-schema outputs'],
    ['seventeen outputs', 'outputs', outputs(17), 'bad-schema outputs'],
    ['an output twice', 'outputs', [...outputs(1), ...outputs(1)], 'bad-schema outputs'],
    ['an output outside', 'outputs[0].artifact', '../x', 'bad-schema outputs[0].artifact'],
    ['a target that is a path', 'outputs[0].goos', '../x', 'bad-schema outputs[0].goos'],
    ['a target that is missing', 'outputs[0].goarch', undefined, 'bad-schema outputs[0].goarch'],
  ])('has not %s', (_, path, value, expected) => {
    expect(encode(changed(recipe, path, value))).toBe(expected);
  });

  test.each<[string, string, unknown, string]>([
    ['tags before a tagged revision', 'vcs', { ...aGoVcs, tag: 'v0.25.0', ancestorTags: ['v0.24.2'] }, 'inconsistent vcs.ancestorTags'],
    ['a patch of another program', 'toolchain.patched', [{ ...PATCHED, tool: 'go' }], 'bad-schema toolchain.patched[0].tool'],
    ['a program patched twice', 'toolchain.patched', [PATCHED, PATCHED], 'bad-schema toolchain.patched'],
    [
      'a patch outside the toolchain’s source',
      'toolchain.patched[0].files[0].file',
      'src/../VERSION',
      'bad-schema toolchain.patched[0].files[0].file',
    ],
    [
      'a patch that finds nothing',
      'toolchain.patched[0].files[0].edits[0].find',
      '',
      'bad-schema toolchain.patched[0].files[0].edits[0].find',
    ],
    ['a main module with another’s go.sum', 'mainModule.files', { 'go.sum': 'go.sum' }, 'inconsistent mainModule.files'],
    ['a main module that climbs', 'mainModule.files', { '../main.go': 'main.go' }, 'bad-schema mainModule.files: key'],
    ['paths that do not matter', 'flags', ['-trimpath', '-buildvcs=true'], 'inconsistent paths'],
    ['the system’s folders', 'paths.source', '/etc/passwd', 'bad-schema paths.source'],
    ['the system’s programs', 'paths.goroot', '/usr/bin/go', 'bad-schema paths.goroot'],
    ['a path that climbs', 'paths.source', '/home/../etc', 'bad-schema paths.source'],
    ['the root of everything', 'paths.source', '/home', 'bad-schema paths.source'],
    ['one folder below another', 'paths.source', `${PATHS.modules}/x`, 'inconsistent paths'],
    ['a toolchain that hides modules', 'paths.goroot', `${PATHS.modules}/cache`, 'inconsistent paths'],
  ])('of a publisher with its own ways has not %s', (_, path, value, expected) => {
    const own = {
      ...recipe,
      flags: ['-buildvcs=true'],
      toolchain: { ...recipe.toolchain, patched: [PATCHED] },
      mainModule: MAIN,
      paths: PATHS,
    };
    expect(encode(own)).toBe('accepted');
    expect(encode(changed(own, path, value))).toBe(expected);
  });

  test('with a main module has a Go module as source', () => {
    const git = { kind: 'git', url: 'https://git.example/x', commit: 'a'.repeat(40) };
    expect(encode({ ...recipe, source: git, mainModule: MAIN })).toBe('inconsistent mainModule');
  });

  test('is refused in another spelling', () => {
    const text = utf8Decode(encodeRecipe(recipe));
    const decode = (spelling: string): string => outcome(() => decodeRecipe(utf8Encode(spelling)));
    expect(decode(text)).toBe('accepted');
    expect(decode(`${text} `)).toBe('not-canonical');
    expect(decode(text.replace('"version":1', '"version":1.0'))).toBe('not-canonical');
    expect(decode(text.replace('"kind":"go"', '"kind":"go","kind":"go"'))).toBe('not-canonical');
  });

  test('has at most 256 KiB, whatever they hold', () => {
    expect(outcome(() => decodeRecipe(new Uint8Array(MAX_RECIPE_BYTES + 1)))).toBe('too-large');
    expect(outcome(() => decodeRecipe(utf8Encode('['.repeat(MAX_RECIPE_BYTES))))).toBe('not-json');
    const nested = `{"kind":"go","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(['bad-schema', 'not-json']).toContain(outcome(() => decodeRecipe(utf8Encode(nested))));
  });

  test('fits at its largest', () => {
    const env = {
      GOAMD64: 'v4',
      GOARM: '7,softfloat',
      GOARM64: `v9.5${',crypto'.repeat(8)}`,
      GOEXPERIMENT: 'x'.repeat(64),
      GOWASM: 'x'.repeat(64),
    };
    const platform = { goos: 'a'.repeat(15), goarch: 'b'.repeat(16) };
    const largest = Array.from({ length: 16 }, (_, index) => ({ artifact: `${index} ${'\u4e00'.repeat(509)}`, ...platform, env }));
    const large = {
      ...recipe,
      ldflags: `-X "a.b=${'\u4e00'.repeat(4080)}"`,
      tags: Array.from({ length: 32 }, (_, index) => String(index).padStart(64, '0')),
      outputs: largest,
    };
    expect(encodeRecipe(large).length).toBeLessThan(MAX_RECIPE_BYTES / 4);
  });
});
