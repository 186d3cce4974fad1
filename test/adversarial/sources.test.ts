import type { FetchRequest } from '@verbatim/builder';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SOURCES } from './attacks.ts';
import { commitOf, fetchFrom, gitIn, goRecipe, rustHere, rustRecipe, scratchFolder, sha256, type Commit } from './_lab.ts';
import { seenTable } from './_seen.ts';

const MIB = 1024 ** 2;
const KEY = 'PRIVATE+KEY+of-the-node+1234';
const PUBLISHED = Buffer.from('what was published');

const scratch = scratchFolder();
const inScratch = (name: string): string => join(scratch.path, name);
afterAll(() => scratch[Symbol.dispose]());
writeFileSync(inScratch('node.key'), `${KEY}\n`);
const rust = await rustHere();

interface Attacked {
  readonly source: Commit;
  readonly kind: 'go' | 'cargo';
  readonly changes?: Partial<FetchRequest>;
}

/** A tree of a hundred million files, by eight objects. */
function treeBomb(work: string): Commit {
  const { url } = commitOf(work, 'go/hello');
  const git = gitIn(work);
  const lines = (mode: string, type: string, id: string): string =>
    Array.from({ length: 100 }, (_, number) => `${mode} ${type} ${id}\t${number}\n`).join('');
  let tree = git(['mktree'], lines('100644', 'blob', git(['rev-parse', 'HEAD:go.mod'])));
  for (let depth = 0; depth < 3; depth++) tree = git(['mktree'], lines('040000', 'tree', tree));
  const commit = git(['commit-tree', '-m', 'bomb', tree]);
  git(['update-ref', 'refs/heads/main', commit]);
  return { url, commit };
}

/** The lockfile of a source that needs one crate of a registry. */
const lockNaming = (crate: string, digest: string): string => `version = 4

[[package]]
name = "${crate}"
version = "1.0.0"
source = "registry+https://index.example/index"
checksum = "${digest}"

[[package]]
name = "hostile"
version = "1.0.0"
dependencies = ["${crate}"]
`;

/** A cache that has `content` as the crate `evil`, and a source that depends on it. */
function withCrate(work: string, content: Buffer, digest = sha256(content)): Attacked {
  const cacheDir = `${work}-cache`;
  mkdirSync(join(cacheDir, 'files', digest.slice(0, 2)), { recursive: true });
  writeFileSync(join(cacheDir, 'files', digest.slice(0, 2), digest), content);
  const source = commitOf(work, 'rust', { files: { 'Cargo.lock': lockNaming('evil', digest) } });
  return { source, kind: 'cargo', changes: { cacheDir, environment: NOBODY } };
}

/** Where nobody listens: what the cache has not got is not to be had. */
const NOBODY = { ...process.env, HTTPS_PROXY: 'http://127.0.0.1:1', CARGO_NET_RETRY: '0' };

/** A source whose lockfile names a crate that no cache has, so that cargo is run on it; with more in its manifest. */
function askingCargo(work: string, manifest: string, files: Readonly<Record<string, string>> = {}): Attacked {
  const lock = lockNaming('absent', '0'.repeat(64));
  const own = `[package]\nname = "hostile"\nversion = "1.0.0"\n\n[dependencies]\n${manifest}`;
  const source = commitOf(work, 'rust', { files: { 'Cargo.toml': own, 'Cargo.lock': lock, ...files } });
  return { source, kind: 'cargo', changes: { environment: NOBODY } };
}

/** What the node has beside its key: files that clients take for their own, with secrets in them. */
function nodesFiles(): string {
  const folder = inScratch('node');
  mkdirSync(folder, { recursive: true });
  for (const name of ['Cargo.toml', 'go.mod']) writeFileSync(join(folder, name), `${KEY}\n`);
  return folder;
}

/** Whoever runs it says so: what a client says is in the outcome. */
const PROGRAM = '#!/bin/sh\necho PRIVATE program >&2\nexit 1\n';

/** Whatever cargo and rustup would read in the folder that they are run in. */
function cargoSettings(work: string): Attacked {
  const evil = join(work, 'evil');
  const config = `[build]
rustc = "${evil}/bin/rustc"
rustc-wrapper = "${evil}/bin/rustc"
[registry]
global-credential-providers = ["${evil}/bin/rustc"]
[net]
git-fetch-with-cli = true
[alias]
fetch = "!${evil}/bin/rustc"
`;
  const programs = Object.fromEntries(['cargo', 'rustc', 'git'].map((name) => [`evil/bin/${name}`, PROGRAM]));
  const toolchain = `[toolchain]\npath = "${evil}"\n`;
  const attacked = askingCargo(work, '', { '.cargo/config.toml': config, 'rust-toolchain.toml': toolchain, ...programs });
  execFileSync('chmod', ['-R', 'a+x', evil]);
  return attacked;
}

/** Attributes, modules and settings that make git run programs, where somebody believes them. */
function gitSettings(work: string): Attacked {
  const run = `touch ${work}-work/inputs/source/ran`;
  const settings = `[filter "evil"]\n\tsmudge = ${run}\n\tprocess = ${run}\n[core]\n\tfsmonitor = ${run}\n\thooksPath = hooks\n`;
  const files = {
    '.gitattributes': '* filter=evil diff=evil merge=evil\n',
    '.gitmodules': `[submodule "evil"]\n\tpath = evil\n\turl = ext::sh -c "${run}"\n`,
    '.gitconfig': settings,
    'hooks/post-checkout': `#!/bin/sh\n${run}\n`,
    '.lfsconfig': `[lfs]\n\turl = file:///\n\tcustomtransfer = ${run}\n`,
  };
  return { kind: 'go', source: commitOf(work, 'go/hello', { files }) };
}

function evilCrate(): Buffer {
  const folder = inScratch('crate/evil-1.0.0');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'Cargo.toml'), '[package]\nname = "evil"\nversion = "1.0.0"\n');
  writeFileSync(join(folder, 'assets', 'data.bin'), PUBLISHED);
  return execFileSync('tar', ['-czf', '-', '-C', inScratch('crate'), 'evil-1.0.0']);
}

const PREPARE: Readonly<Record<string, (work: string) => Attacked>> = {
  'link-to-key': (work) => ({ kind: 'go', source: commitOf(work, 'go/hello', { links: { 'go.mod': inScratch('node.key') } }) }),
  'link-to-write': (work) => ({ kind: 'go', source: commitOf(work, 'go/hello', { links: { 'go.sum': inScratch('authorized') } }) }),
  'tree-bomb': (work) => ({ kind: 'go', source: treeBomb(work), changes: { limits: { inputBytes: 16 * MIB } } }),
  'copy-in-source': (work) => ({ kind: 'cargo', source: commitOf(work, 'rust', { files: { 'src/data.bin': PUBLISHED } }) }),
  'copy-in-dependency': (work) => withCrate(work, evilCrate()),
  'copy-as-dependency': (work) => withCrate(work, PUBLISHED),
  'manifest-elsewhere': (work) => askingCargo(work, `key = { path = "${nodesFiles()}" }\n`),
  'module-elsewhere': (work) => {
    const goMod = `module example.com/hostile\n\ngo 1.20\n\nrequire example.com/key v1.0.0\n\nreplace example.com/key v1.0.0 => ${nodesFiles()}\n`;
    return { kind: 'go', source: commitOf(work, 'go/hello', { files: { 'go.mod': goMod } }) };
  },
  'repository-elsewhere': (work) => {
    const { url } = commitOf(`${work}-of-the-host`, 'rust', { files: { 'Cargo.toml': `${KEY}\n` } });
    return askingCargo(work, `key = { git = "${url}" }\n`);
  },
  'cargo-settings': cargoSettings,
  'git-settings': gitSettings,
  'swapped-cache': (work) => withCrate(work, evilCrate(), sha256(Buffer.from('another crate'))),
};

const saw = seenTable('Attacks by repositories and caches');

test.each(SOURCES.map(({ name, reported }) => [name, reported] as const))('%s is reported as %s', async (name, expected) => {
  const { kind, source, changes = {} } = PREPARE[name]!(inScratch(name));
  const recipe = kind === 'go' ? goRecipe(source) : rustRecipe(source, rust);
  const workDir = inScratch(`${name}-work`);
  const started = performance.now();
  const outcome = await fetchFrom(recipe, workDir, { forbidden: [sha256(PUBLISHED)], ...changes });
  const reported = outcome.kind === 'unavailable' ? `input-unavailable, ${outcome.reason}` : outcome.kind;
  saw(name, reported, (performance.now() - started) / 1000);
  expect(reported, outcome.kind === 'unavailable' ? outcome.detail : '').toBe(expected);
  expect(JSON.stringify(outcome)).not.toContain('PRIVATE');
  if (outcome.kind === 'fetched') {
    expect(readdirSync(outcome.folders['source']!)).not.toContain('ran');
    await outcome[Symbol.asyncDispose]();
  } else expect(outcome).toMatchObject({ transient: false });
  if (name === 'swapped-cache')
    expect(readdirSync(join(inScratch(`${name}-cache`), 'files'), { recursive: true }).filter((path) => String(path).length > 60)).toEqual(
      [],
    );
  expect(readdirSync(workDir)).toEqual([]);
  expect(readFileSync(inScratch('node.key'), 'utf8')).toBe(`${KEY}\n`);
  expect(existsSync(inScratch('authorized'))).toBe(false);
});
