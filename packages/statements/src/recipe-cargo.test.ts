import { aCargoRecipe } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { decodeRecipe, encodeRecipe, recipeDigest } from './recipe.ts';
import { recipeTarget, recipeToolchains, recipeVcs } from './recipe-facts.ts';
import { platformOfTriple } from './rust-target.ts';

const git = { kind: 'git', url: 'https://example.org/tool', commit: 'c'.repeat(40) };
const PIN = 'd'.repeat(64);
const root = (version = '1.63.0+dfsg1-2', architecture = 'amd64') => ({
  suites: ['bookworm'],
  architecture,
  mergedUsr: true,
  packages: [`rustc:${architecture}=${version} ${PIN}`],
});
const debian = (roots: object) => ({ kind: 'debian', roots, cc: 'gcc', ar: 'ar', prefixes: ['/usr/lib/gcc/aarch64-linux-gnu/12'] });
const packaged = { kind: 'packaged', version: '1.63.0' };

function refusal(changes: Parameters<typeof aCargoRecipe>[0]): string {
  try {
    encodeRecipe(aCargoRecipe(changes));
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
}

test('a recipe comes back as it was, and its name is the digest of its canonical bytes', () => {
  const recipe = aCargoRecipe();
  expect(decodeRecipe(encodeRecipe(recipe))).toEqual(recipe);
  expect(recipeDigest(recipe)).not.toBe(recipeDigest(aCargoRecipe({ defaultFeatures: false })));
});

test('it says its target, its toolchain, and that no revision is stamped', () => {
  const recipe = aCargoRecipe();
  expect([recipeTarget(recipe, 'sd'), recipeToolchains(recipe), recipeVcs(recipe)]).toEqual([
    'linux/amd64',
    [{ name: 'rust', version: '1.95.0' }],
    null,
  ]);
});

test.each([
  [
    'a commit, a workspace’s folder and a lockfile',
    { source: git, directory: './crates/sd', lock: 'version = 4\n\n[[package]]\nname = "sd"\n' },
  ],
  ['Rust among the packages of a Debian system', { toolchain: packaged, c: debian({ 'linux/amd64': root() }) }],
  ['systems for two kinds of hosts', { c: debian({ 'linux/amd64': root(), 'linux/arm64': root('1.63.0+dfsg1-2', 'arm64') }) }],
  ['a library for Node', { outputs: [{ artifact: 'a.node', target: 'aarch64-unknown-linux-gnu', crateType: 'cdylib', name: 'addon' }] }],
  ['nothing that is optional', { features: [], rustflags: [], remaps: [], env: {}, sourceDateEpoch: null, hostTriple: null, strip: null }],
])('%s are accepted', (_, changes) => {
  expect(refusal(changes)).toBe('accepted');
});

describe('what changes bits is said once, in one spelling', () => {
  test.each([
    [{ rustflags: ['-Ctarget-cpu=x86-64', '-Ctarget-cpu=x86-64-v2'] }, /-Ctarget-cpu.*twice/],
    [{ rustflags: ['-C', 'target-cpu=x86-64'] }, /allowed flag of rustc/],
    [
      {
        remaps: [
          { from: 'source', to: '/a' },
          { from: 'source', to: '/b' },
        ],
      },
      /source.*twice/,
    ],
    [{ features: ['a', 'a'] }, /twice/],
    [{ profile: { name: 'release', lto: true } }, /lto/],
    [{ profile: { name: 'release', incremental: true } }, /unknown key "incremental"/],
    [{ toolchain: { kind: 'dist', version: 'nightly', commit: 'a'.repeat(40), manifest: null, digests: {} } }, /Rust release/],
    [{ directory: './sub' }, /expected \. for a crate/],
    [{ package: 'other' }, /expected the crate sd/],
    [{ source: { kind: 'go-module', module: 'example.org/x', version: 'v1.0.0', h1: 'h1:x' } }, /"crate" or "git"/],
    [{ toolchain: packaged }, /expected kind debian/],
    [{ toolchain: packaged, c: debian({ 'linux/amd64': root('1.85.0') }) }, /expected rustc 1\.63\.0/],
    [{ c: debian({ 'linux/arm64': root() }) }, /programs run on linux\/arm64/],
    [{ lock: 'version = 4' }, /Cargo\.lock/],
    [{ lock: 'version = 4\n[[package]]\n\u001b[31m\n' }, /Cargo\.lock/],
    [{ outputs: [{ artifact: 'x', target: 'wasm32-unknown-unknown', crateType: 'bin', name: 'x' }] }, /target of rustc/],
  ])('%j', (changes, message) => {
    expect(refusal(changes as never)).toMatch(message);
  });
});

test.each([
  '-Ctarget-cpu=native',
  '-Clinker=/tmp/evil',
  '-Clink-arg=/tmp/evil.o',
  '-Clink-arg=-fuse-ld=/tmp/evil',
  '-Clink-arg=-B/tmp',
  '-Clink-arg=-Wl,-T,/tmp/x.ld',
  '-Clink-arg=-Wl,-rpath=/tmp',
  '-Cprofile-use=/tmp/x',
  '-Cllvm-args=-print-after-all',
  '-Zunstable-options',
  '-Cincremental=/tmp',
  '-Copt-level=3',
  '--remap-path-prefix=/build=/x',
  '-L/tmp',
  '-o',
  '@/tmp/arguments',
])('the flag %s is refused', (flag) => {
  expect(refusal({ rustflags: [flag] })).toContain('allowed flag of rustc');
});

test.each([
  'CARGO_HOME',
  'RUSTFLAGS',
  'RUSTC_WRAPPER',
  'LD_PRELOAD',
  'PATH',
  'CC',
  'CFLAGS_x86_64',
  'TARGET_CC',
  'HTTPS_PROXY',
  'PKG_CONFIG_PATH',
  'lower',
])('the variable %s is not a recipe’s to set', (name) => {
  expect(refusal({ env: { [name]: 'x' } })).toContain('variable of the project’s own');
});

test.each(['/usr/bin/evil', 'a\nb', '$(id)', 'x'.repeat(257)])('the value %j points or reaches too far', (value) => {
  expect(refusal({ env: { BUILD_HASH: value } })).toContain('a word without paths');
});

test.each([
  ['--output-target=elf32', /strip/],
  ['-o/tmp/x', /strip/],
])('strip’s argument %s is refused', (flag, message) => {
  expect(refusal({ strip: [flag] })).toMatch(message);
});

test('sizes have limits', () => {
  expect(refusal({ lock: `[[package]]\n${'x'.repeat(200_000)}\n` })).toContain('at most');
  expect(refusal({ features: Array.from({ length: 65 }, (_, index) => `f${index}`) })).toContain('0 to 64 items');
  expect(refusal({ env: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`V${index}`, 'x'])) })).toContain('at most 32');
});

test.each([
  ['x86_64-unknown-linux-gnu', 'linux/amd64'],
  ['aarch64-apple-darwin', 'darwin/arm64'],
  ['x86_64-pc-windows-msvc', 'windows/amd64'],
  ['constructor-unknown-linux-gnu', null],
  ['x86_64', null],
])('%s is %s', (triple, platform) => {
  expect(platformOfTriple(triple)).toBe(platform);
});
