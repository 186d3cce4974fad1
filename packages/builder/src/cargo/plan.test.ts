import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CargoRecipe } from '@verbatim/statements';
import { aCargoRecipe } from '@verbatim/testkit';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { planBuild } from '../plan.ts';
import { DEFAULT_CARGO_LAYOUT, planCargo } from './plan.ts';

const host = { platform: 'linux/amd64', cpus: 3 };
const planned = (changes: Parameters<typeof aCargoRecipe>[0] = {}) => planBuild(aCargoRecipe(changes), 'sd', host);
const root = { suites: ['bookworm'], architecture: 'amd64', mergedUsr: true, packages: ['gcc:amd64=4:12.2.0-3 ' + 'd'.repeat(64)] };
const debian = {
  kind: 'debian',
  roots: { 'linux/amd64': root },
  cc: 'aarch64-linux-gnu-gcc',
  ar: 'aarch64-linux-gnu-ar',
  prefixes: ['/usr/lib/x'],
};
const npm = { kind: 'npm', packages: {}, cc: 'x86_64-unknown-linux-gnu-gcc', ar: 'x86_64-unknown-linux-gnu-ar' };
const flagsOf = (changes: Parameters<typeof aCargoRecipe>[0]) => planned(changes).env['CARGO_ENCODED_RUSTFLAGS']!.split('\u001f');

test('one offline, locked cargo build of one target, its file copied out and stripped', () => {
  const { argv, files, cwd, output, target } = planned();
  expect([argv, cwd, output, target]).toEqual([['/bin/sh', '/build/bin/build'], '/build/source', '/build/out/artifact', 'linux/amd64']);
  expect(files.find(({ path }) => path === '/build/bin/build')!.text).toBe(
    [
      '#!/bin/sh',
      'set -e',
      `'mkdir' '-p' '/tmp/cargo' '/tmp/home'`,
      `'/build/rust/bin/cargo' 'build' '--frozen' '--profile' 'release' '--target' 'x86_64-unknown-linux-gnu' '--package' 'sd' '--bin' 'sd' '--features' ` +
        `'color,dep/inner' '--config' 'source.crates-io.replace-with="vendor"' '--config' 'source.vendor.directory="/build/vendor"' '--config' ` +
        `'profile.release.codegen-units=1' '--config' 'profile.release.lto="thin"'`,
      `'cp' '/build/target/x86_64-unknown-linux-gnu/release/sd' '/build/out/artifact'`,
      `'/usr/bin/strip' '--strip-all' '/build/out/artifact'`,
      '',
    ].join('\n'),
  );
});

test('the environment is the plan’s alone, and of the machine only the number of cores is in it', () => {
  process.env['RUSTFLAGS'] = '-Clinker=/evil';
  process.env['CARGO_BUILD_RUSTFLAGS'] = '-Clinker=/evil';
  try {
    expect(planned().env).toEqual({
      PATH: '/build/bin:/build/rust/bin:/usr/bin:/bin',
      HOME: '/tmp/home',
      TMPDIR: '/tmp',
      LC_ALL: 'C',
      TZ: 'UTC',
      CARGO_HOME: '/tmp/cargo',
      CARGO_TARGET_DIR: '/build/target',
      CARGO_INCREMENTAL: '0',
      CARGO_NET_OFFLINE: 'true',
      CARGO_TERM_COLOR: 'never',
      CARGO_BUILD_JOBS: '3',
      CARGO_ENCODED_RUSTFLAGS: [
        '-Ctarget-cpu=x86-64-v2',
        '-Clink-arg=-s',
        '-Clink-arg=-Wl,--build-id=none',
        '--remap-path-prefix=/build/source=/src',
        '--remap-path-prefix=/build/vendor=/usr/local/cargo/registry/src/index-1949cf8c6b5b557f',
      ].join('\u001f'),
      RUSTC: '/build/bin/rustc',
      CFLAGS: '-ffile-prefix-map=/build/source=/src -ffile-prefix-map=/build/vendor=/usr/local/cargo/registry/src/index-1949cf8c6b5b557f',
      CXXFLAGS: '-ffile-prefix-map=/build/source=/src -ffile-prefix-map=/build/vendor=/usr/local/cargo/registry/src/index-1949cf8c6b5b557f',
      SOURCE_DATE_EPOCH: '1700000000',
      SD_BUILD: 'release 1.0.0',
    });
  } finally {
    delete process.env['RUSTFLAGS'];
    delete process.env['CARGO_BUILD_RUSTFLAGS'];
  }
});

test('a recipe without flags overrides those of the source’s configuration, too', () => {
  expect(planned({ rustflags: [], remaps: [] }).env['CARGO_ENCODED_RUSTFLAGS']).toBe('');
});

test('C tools from npm link the target alone; the host’s own link build scripts', () => {
  const plan = planned({ c: npm });
  expect(flagsOf({ c: npm })[0]).toBe('-Clinker=/build/cc/bin/x86_64-unknown-linux-gnu-gcc');
  expect(plan.env).toMatchObject({ CC_x86_64_unknown_linux_gnu: '/build/cc/bin/x86_64-unknown-linux-gnu-gcc' });
  expect(plan.files.find(({ path }) => path === '/build/bin/build')!.text).toContain(`'/build/cc/bin/x86_64-unknown-linux-gnu-strip'`);
  expect(plan.mounts).toContainEqual({ kind: 'input', input: 'cc', path: '/build/cc' });
  expect(plan.programs).toBe('system');
});

test('with a Debian system the host’s is not seen', () => {
  const plan = planned({ c: debian });
  expect(plan.programs).toEqual({ root: 'system' });
  expect(flagsOf({ c: debian }).slice(0, 3)).toEqual([
    '-Clinker=/usr/bin/aarch64-linux-gnu-gcc',
    '-Clink-arg=-B/usr/lib/x',
    '-Clink-arg=-L/usr/lib/x',
  ]);
  const packaged = { ...debian, roots: { 'linux/amd64': { ...root, packages: ['rustc:amd64=1.63.0 ' + 'd'.repeat(64)] } } };
  const own = planned({ c: packaged, toolchain: { kind: 'packaged', version: '1.63.0' } });
  expect(own.mounts.map((mount) => 'input' in mount && mount.input)).not.toContain('rust');
  expect(own.env['PATH']).toBe('/build/bin:/usr/bin:/bin');
});

test('a library is taken by the name that cargo gives it', () => {
  const outputs = [{ artifact: 'sd', target: 'aarch64-unknown-linux-gnu', crateType: 'cdylib', name: 'my-addon' }];
  expect(planned({ outputs, strip: null }).files[0]!.text).toContain(`'/build/target/aarch64-unknown-linux-gnu/release/libmy_addon.so'`);
});

test('a workspace is built where its manifest is', () => {
  const source = { kind: 'git', url: 'https://example.org/x', commit: 'c'.repeat(40) };
  expect(planned({ source, directory: './crates/x' }).cwd).toBe('/build/source/crates/x');
});

test('targets other than Linux are refused, because their linkers are not to be had', () => {
  const outputs = [{ artifact: 'sd', target: 'aarch64-apple-darwin', crateType: 'bin', name: 'sd' }];
  expect(() => planned({ outputs })).toThrow(/target for Linux/);
});

test('the wrapper changes one line of rustc -vV, and hands everything else through', async () => {
  const folder = await temporaryFolder();
  const layout = { ...DEFAULT_CARGO_LAYOUT, rust: join(folder, 'rust'), bin: folder };
  const recipe: CargoRecipe = aCargoRecipe({ hostTriple: 'aarch64-unknown-linux-gnu' });
  const wrapper = planCargo(recipe, recipe.outputs[0]!, host, layout).files.find(({ path }) => path.endsWith('/rustc'))!;
  writeFileSync(wrapper.path, wrapper.text);
  execFileSync('mkdir', ['-p', join(folder, 'rust/bin')]);
  const rustc = join(folder, 'rust/bin/rustc');
  writeFileSync(
    rustc,
    '#!/bin/sh\n[ "$1" = fail ] && exit 7\nprintf "%s|" "$@"\nprintf "\\nrelease: 1.95.0\\nhost: real\\nLLVM version: 22.1.2\\n"\n',
  );
  for (const path of [wrapper.path, rustc]) chmodSync(path, 0o755);
  const said = (...args: string[]): string => execFileSync(wrapper.path, args, { encoding: 'utf8' });
  expect(said('-vV')).toBe('-vV|\nrelease: 1.95.0\nhost: aarch64-unknown-linux-gnu\nLLVM version: 22.1.2\n');
  expect(said('a b', '--crate-name')).toContain('a b|--crate-name|\nrelease: 1.95.0\nhost: real\n');
  expect(() => said('fail', '-vV')).toThrow(expect.objectContaining({ status: 7 }));
});
