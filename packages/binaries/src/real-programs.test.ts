import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GoModuleFolder, HELLO, bytesOf } from './_go-programs.ts';
import { identify, inferGoRecipes, readGoBuildId, readGoBuildInfo } from './index.ts';
import type { GoBuildInfo } from './index.ts';

const NATIVE_FORMAT = [
  ['linux/amd64', 'elf'],
  ['linux/arm64', 'elf'],
  ['linux/386', 'elf'],
  ['linux/s390x', 'elf'],
  ['linux/ppc64le', 'elf'],
  ['darwin/arm64', 'macho'],
  ['darwin/amd64', 'macho'],
  ['windows/amd64', 'pe'],
  ['windows/386', 'pe'],
] as const;

/** The real toolchain's reading, in our shape. */
function goVersion(folder: GoModuleFolder, path: string): Omit<GoBuildInfo, 'format'> {
  interface GoModuleJson {
    Path: string;
    Version?: string;
    Sum?: string;
    Replace?: GoModuleJson;
  }
  const json = JSON.parse(folder.go(['version', '-m', '-json', path])) as {
    GoVersion: string;
    Path?: string;
    Main?: Partial<GoModuleJson>;
    Deps?: GoModuleJson[];
    Settings?: { Key: string; Value: string }[];
  };
  const moduleOf = (module: GoModuleJson): NonNullable<GoBuildInfo['main']> => ({
    path: module.Path,
    version: module.Version ?? '',
    sum: module.Sum ?? '',
    ...(module.Replace === undefined ? {} : { replace: moduleOf(module.Replace) }),
  });
  return {
    goVersion: json.GoVersion,
    path: json.Path ?? '',
    main: json.Main?.Path === undefined ? null : moduleOf(json.Main as GoModuleJson),
    deps: (json.Deps ?? []).map(moduleOf),
    settings: new Map((json.Settings ?? []).map(({ Key, Value }) => [Key, Value ?? ''])),
  };
}

let hello: GoModuleFolder;
beforeAll(() => {
  hello = new GoModuleFolder(HELLO);
});
afterAll(() => hello[Symbol.dispose]());

describe('programs of the machine’s own Go toolchain', () => {
  test.each(NATIVE_FORMAT)('a program for %s reads as the go command reads it', { timeout: 120_000 }, (target, format) => {
    const path = hello.build({ target, flags: ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'] }, `${target.replace('/', '-')}.bin`);
    const bytes = bytesOf(path);
    const [os, arch] = target.split('/');
    expect(identify(bytes)).toEqual({ format, os, arch });
    expect(readGoBuildInfo(bytes)).toEqual({ ...goVersion(hello, path), format });
    expect(readGoBuildId(bytes)).toBe(hello.go(['tool', 'buildid', path]).slice(0, -1));
    const [best] = inferGoRecipes(bytes);
    expect(best?.recipe).toMatchObject({
      package: '.',
      flags: ['-trimpath', '-buildvcs=false'],
      ldflags: '-s -w',
      env: { CGO_ENABLED: '0' },
    });
    expect(best?.recipe.outputs[0]).toMatchObject({ goos: os, goarch: arch });
  });

  test(
    'a wasm module, which the go command cannot read, says the same as the native program but for its target',
    { timeout: 120_000 },
    () => {
      const flags = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];
      const native = goVersion(hello, hello.build({ flags }, 'native.bin'));
      const path = hello.build({ target: 'js/wasm', flags }, 'js.wasm');
      const bytes = bytesOf(path);
      const settings = new Map([...native.settings, ['GOOS', 'js'], ['GOARCH', 'wasm']]);
      settings.delete('GOAMD64');
      expect(readGoBuildInfo(bytes)).toEqual({ ...native, settings, format: 'wasm' });
      expect(identify(bytes)).toEqual({ format: 'wasm', os: 'js', arch: 'wasm' });
      expect(readGoBuildId(bytes)).toBe(hello.go(['tool', 'buildid', path]).slice(0, -1));
    },
  );

  test.each([
    ['linux/amd64', '-w'],
    ['linux/amd64', '-s'],
    ['darwin/arm64', '-w'],
    ['darwin/arm64', '-s'],
    ['windows/amd64', '-w'],
    ['windows/amd64', '-w -s'],
    ['linux/amd64', '-s -w -buildid='],
    ['windows/amd64', ''],
    ['darwin/arm64', ''],
  ])('for %s the spelling %j of -ldflags is among the guesses', { timeout: 120_000 }, (target, ldflags) => {
    const bytes = bytesOf(
      hello.build({ target, flags: ['-trimpath', '-buildvcs=false', ...(ldflags === '' ? [] : [`-ldflags=${ldflags}`])] }),
    );
    const guesses = inferGoRecipes(bytes).map((candidate) => candidate.recipe.ldflags ?? '');
    expect(guesses).toContain(ldflags);
    expect(guesses.length).toBeLessThanOrEqual(3);
  });

  test('flags with blanks, quotes and line ends are unquoted as Go quotes them', () => {
    const ldflags = String.raw`-X "main.a=it's é \n" -X 'main.b=say "x"'`;
    const path = hello.build({ flags: ['-buildvcs=false', '-tags=one,two', `-ldflags=${ldflags}`] });
    const info = readGoBuildInfo(bytesOf(path));
    expect(info).toEqual({ ...goVersion(hello, path), format: 'elf' });
    expect(info?.settings.get('-ldflags')).toBe(ldflags);
    const candidates = inferGoRecipes(bytesOf(path));
    expect(candidates).toHaveLength(1);
    expect(candidates[0]?.recipe).toMatchObject({ ldflags, tags: ['one', 'two'], flags: ['-buildvcs=false'] });
    expect(candidates[0]?.notes.join('\n')).toContain('without -trimpath');
  });

  test('a program that embeds a reader of build info is not read at its own magic string', { timeout: 120_000 }, () => {
    using folder = new GoModuleFolder({
      'go.mod': 'module example.org/parser\n\ngo 1.21\n',
      // The magic stands alone in a 16-aligned array, before the real one in the file.
      'main.go': `package main

var magic = [48]byte{0xff, ' ', 'G', 'o', ' ', 'b', 'u', 'i', 'l', 'd', 'i', 'n', 'f', ':', 8, 2, 32: 3, 'x', 'y', 'z'}

func main() { println(&magic[0], string(magic[:])) }
`,
    });
    for (const target of ['linux/amd64', 'windows/amd64']) {
      const path = folder.build({ target, flags: ['-buildvcs=false'] });
      const bytes = bytesOf(path);
      expect(readGoBuildInfo(bytes)).toMatchObject({ path: 'example.org/parser' });
      // Without section headers the whole file is searched, and the false one comes first or last.
      const headless = bytes.slice();
      headless.set([0, 0, 0, 0, 0, 0, 0, 0], 40);
      expect(readGoBuildInfo(headless)).toEqual({ ...goVersion(folder, path), format: target === 'linux/amd64' ? 'elf' : 'pe' });
    }
  });

  test('version control stamps are proposed as adopted, with the tag that Go made the version of', { timeout: 120_000 }, () => {
    using folder = new GoModuleFolder({ ...HELLO, 'cmd/tool/main.go': HELLO['main.go'] });
    const git = (...args: string[]) =>
      folder.run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main', ...args]);
    git('init', '-q');
    git('add', '.');
    git('commit', '-q', '-m', 'x');
    git('tag', 'v1.2.3');
    const path = folder.build({ flags: ['-trimpath', '-buildvcs=true'], main: ['./cmd/tool'] }, '../hello-tagged.bin');
    const info = readGoBuildInfo(bytesOf(path));
    expect(info).toEqual({ ...goVersion(folder, path), format: 'elf' });
    const [best] = inferGoRecipes(bytesOf(path));
    const revision = info!.settings.get('vcs.revision');
    expect(best?.recipe.source).toEqual({ kind: 'go-module', module: 'example.org/hello', version: 'v1.2.3', h1: null });
    expect(best?.recipe.package).toBe('./cmd/tool');
    expect(best?.recipe.vcs).toEqual({ revision, time: '2023-11-14T22:13:20Z', modified: false, tag: 'v1.2.3', provenance: 'adopted' });
    expect(best?.recipe.flags).toEqual(['-trimpath', '-buildvcs=true']);
    expect(best?.missing).toEqual(['source.h1', 'outputs.0.artifact']);
    folder.run('rm', [path]);
  });

  test('files named on the command line leave the package open, and the note says so', () => {
    const [best] = inferGoRecipes(bytesOf(hello.build({ flags: ['-trimpath'], main: ['main.go'] })));
    expect(best?.recipe.package).toBeNull();
    expect(best?.missing).toContain('package');
    expect(best?.notes.join('\n')).toContain('files were named');
  });

  test('a local replacement is read and named as a reason why the proxy cannot serve it', () => {
    using folder = new GoModuleFolder({
      'go.mod': 'module example.org/app\n\ngo 1.21\n\nrequire example.org/dep v1.0.0\n\nreplace example.org/dep => ./dep\n',
      'main.go': 'package main\n\nimport "example.org/dep"\n\nfunc main() { println(dep.Name) }\n',
      'dep/go.mod': 'module example.org/dep\n\ngo 1.21\n',
      'dep/dep.go': 'package dep\n\nconst Name = "dep"\n',
    });
    const path = folder.build({ flags: ['-trimpath', '-buildvcs=false'] });
    expect(readGoBuildInfo(bytesOf(path))).toEqual({ ...goVersion(folder, path), format: 'elf' });
    expect(readGoBuildInfo(bytesOf(path))?.deps).toEqual([
      { path: 'example.org/dep', version: 'v1.0.0', sum: '', replace: { path: './dep', version: '(devel)', sum: '' } },
    ]);
    expect(inferGoRecipes(bytesOf(path))[0]?.notes.join('\n')).toContain('replaced by a local folder');
  });

  test('a program linked without build info still tells its Go version, its target and its main package', () => {
    const path = hello.build({ flags: ['-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid='] });
    const bytes = bytesOf(path);
    // What esbuild's patched linker does: the blob is not there.
    const at = Buffer.from(bytes).indexOf(Buffer.from('\xff Go buildinf:', 'latin1'));
    bytes.fill(0, at, at + 32);
    expect(readGoBuildInfo(bytes)).toBeNull();
    expect(readGoBuildId(bytes)).toBeNull();
    const [best, ...others] = inferGoRecipes(bytes, { module: 'example.org/hello', version: 'v1.0.0' });
    expect(others).toEqual([]);
    expect(best?.recipe).toMatchObject({ package: '.', ldflags: '-s -w -buildid=', source: { module: 'example.org/hello' } });
    expect(best?.recipe.toolchain.version).toBe(/go1[.0-9]+/.exec(hello.go(['version']))![0]);
    expect(best?.recipe.outputs[0]).toMatchObject({ goos: 'linux', goarch: 'amd64' });
    expect(best?.notes.join('\n')).toContain('without build info');
  });

  test('a fat Mach-O file is read at its first image, and names no single architecture', { timeout: 120_000 }, () => {
    const arm = bytesOf(hello.build({ target: 'darwin/arm64', flags: ['-trimpath', '-ldflags=-s -w'] }, 'arm'));
    const intel = bytesOf(hello.build({ target: 'darwin/amd64', flags: ['-trimpath', '-ldflags=-s -w'] }, 'intel'));
    const fat = new Uint8Array(16_384 + arm.length + intel.length);
    const view = new DataView(fat.buffer);
    view.setUint32(0, 0xcafebabe);
    view.setUint32(4, 2);
    for (const [i, cpu, offset, size] of [
      [0, 0x0100000c, 16_384, arm.length],
      [1, 0x01000007, 16_384 + arm.length, intel.length],
    ] as const) {
      view.setUint32(8 + i * 20, cpu);
      view.setUint32(16 + i * 20, offset);
      view.setUint32(20 + i * 20, size);
    }
    fat.set(arm, 16_384);
    fat.set(intel, 16_384 + arm.length);
    expect(identify(fat)).toEqual({ format: 'macho', os: 'darwin', arch: null });
    expect(readGoBuildInfo(fat)).toEqual(readGoBuildInfo(arm));
    expect(readGoBuildId(fat)).toBe(readGoBuildId(arm));
  });
});
