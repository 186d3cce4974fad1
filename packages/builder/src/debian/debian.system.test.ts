import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebianRecipe, DebianRoot } from '@verbatim/statements';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { build } from '../build.ts';
import { fetchInputs, type FetchRequest } from '../fetch.ts';
import { hostPlatform } from '../platform.ts';
import { planBuild } from '../plan.ts';
import { receiveArtifact } from '../receive/receive.ts';
import { removeTree } from '../remove-tree.ts';
import { detectSandbox } from '../sandbox/detect.ts';
import { limitsOf } from '../sandbox/limits.ts';
import { DATA, keepToyPackage } from './_toy-package.ts';
import { Apt } from './apt.ts';
import { resolvePackages } from './resolve.ts';
import { takeRoot, type RootRequest } from './root.ts';

const TIMEOUT = 240_000;
const SUITE = 'bookworm';
const architecture = hostPlatform() === 'linux/arm64' ? 'arm64' : 'amd64';

let cacheDir: string;
let apt: Apt;
beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'verbatim-debian-'));
  const opened = await Apt.open({ suites: [SUITE], architecture, cacheDir, timeout: TIMEOUT });
  if ('kind' in opened) throw new Error(opened.detail);
  apt = opened;
});
afterAll(() => removeTree(cacheDir));

async function rootOf(packages: readonly string[]): Promise<DebianRoot> {
  const pins = await resolvePackages(apt, { packages, timeout: TIMEOUT });
  if ('kind' in pins) throw new Error(pins.detail);
  return { suites: [SUITE], architecture, mergedUsr: true, packages: pins };
}

async function take(root: DebianRoot, changes: Partial<RootRequest> = {}) {
  const lines: string[] = [];
  const request = {
    root,
    style: 'unpacked',
    cacheDir,
    cacheBytes: 1e10,
    timeout: TIMEOUT,
    log: (line: string) => lines.push(line),
  } as const;
  return { taken: await takeRoot({ ...request, ...changes }), lines };
}

test('packages are fetched once, unpacked, and from then on come from the cache, which is looked at before each use', async () => {
  const root = await rootOf(['dash', 'util-linux']);
  const first = await take(root);
  expect(first.taken, JSON.stringify(first.taken)).toMatchObject({
    kind: 'toolchain',
    name: 'debian',
    version: SUITE,
    host: hostPlatform(),
  });
  if (first.taken.kind === 'unavailable') return;
  expect(execFileSync('find', [first.taken.dir, '-perm', '/6022', '!', '-type', 'l'], { encoding: 'utf8' })).toBe('');
  await first.taken[Symbol.asyncDispose]();

  const again = await take(root, { offline: true });
  expect(again.taken).toMatchObject({ kind: 'toolchain', digest: first.taken.digest });
  expect(again.lines).toEqual([]);
  if (again.taken.kind === 'toolchain') await again.taken[Symbol.asyncDispose]();

  await appendFile(join(first.taken.dir, 'usr/bin/prlimit'), 'changed');
  const repaired = await take(root, { offline: true });
  expect(repaired.lines.join('\n')).toMatch(/is not what it should be, and is fetched again/);
  expect(repaired.taken).toMatchObject({ kind: 'toolchain', files: first.taken.files });
  if (repaired.taken.kind === 'toolchain') await repaired.taken[Symbol.asyncDispose]();
});

test('a package that is not what the recipe says, or that no suite has, is unavailable', async () => {
  const { packages, ...root } = await rootOf(['hostname']);
  const line = packages.find((each) => each.startsWith('hostname:'))!;
  const other = line.replace(/[0-9a-f]{64}$/, 'a'.repeat(64));
  expect((await take({ ...root, packages: [other] })).taken).toMatchObject({ kind: 'unavailable', reason: 'checksum-mismatch' });
  const old = line.replace(/=\S+/, '=0.1-1');
  expect((await take({ ...root, packages: [old.replace(/[0-9a-f]{64}$/, 'b'.repeat(64))] })).taken).toMatchObject({
    reason: 'package-unavailable',
  });
  const offline = await take({ ...root, packages: [other.replace(/a{64}$/, 'c'.repeat(64))] }, { offline: true });
  expect(offline.taken).toMatchObject({ reason: 'package-unavailable', detail: expect.stringMatching(/import its inputs/) });
});

test('a source package is built in its own system by a user without rights, twice alike, and never with its own result at hand', async () => {
  const root = await rootOf(['?essential', 'dpkg-dev', 'fakeroot', 'util-linux']);
  const source = await keepToyPackage(cacheDir, await temporaryFolder());
  const artifact = `toy_1.0+b1_${architecture}.deb`;
  const recipe: DebianRecipe = {
    kind: 'debian',
    version: 1,
    source,
    crates: [],
    root,
    compilers: ['dash'],
    binNmu:
      'toy (1.0+b1) bookworm; urgency=low, binary-only=yes\n\n  * Rebuild.\n\n -- A Builder <builder@mail.example>  Sat, 02 Jan 2021 12:00:00 +0000\n',
    buildPath: '/build/reproducible-path/toy-1.0',
    options: [],
    outputs: [{ artifact }],
  };
  const sandbox = await detectSandbox();
  const fetchOne = async (changes: Partial<FetchRequest> = {}) =>
    fetchInputs({ recipe, forbidden: [], cacheDir, workDir: await temporaryFolder(), ...changes });
  const once = async (cpus: number): Promise<Buffer> => {
    const fetched = await fetchOne();
    if (fetched.kind === 'unavailable') throw new Error(fetched.detail);
    await using _inputs = fetched;
    expect(fetched.toolchains.map(({ name }) => name)).toEqual(['debian', 'dash']);
    expect(fetched.kept).toHaveLength(root.packages.length + source.files.length);
    for (const path of fetched.kept!) expect(existsSync(join(cacheDir, path)), path).toBe(true);
    const plan = planBuild(recipe, artifact, { platform: hostPlatform(), cpus });
    const [workDir, outDir] = [await temporaryFolder(), await temporaryFolder()];
    const outcome = await build({ plan, fetched, sandbox, limits: limitsOf(), workDir, outDir });
    expect(outcome, await readFile(join(outDir, 'build.log'), 'utf8')).toMatchObject({ kind: 'built' });
    expect(await readdir(workDir)).toEqual([]);
    return readFile(join(outDir, 'artifact'));
  };
  const [first, second] = [await once(1), await once(2)];
  expect(first.equals(second)).toBe(true);
  const unpacked = await temporaryFolder();
  await writeFile(join(unpacked, 'toy.deb'), first);
  execFileSync('dpkg-deb', ['--extract', join(unpacked, 'toy.deb'), unpacked]);
  // The path is the recipe's, the time that of the entry of the rebuild, the user fakeroot's.
  expect(await readFile(join(unpacked, 'usr/share/toy/facts'), 'utf8')).toBe('/build/reproducible-path/toy-1.0\n1609588800\n0\n');

  const data = createHash('sha256').update(DATA).digest('hex');
  expect(await fetchOne({ forbidden: [data] })).toMatchObject({ kind: 'unavailable', reason: 'artifact-among-inputs' });
  const pinned = root.packages[0]!.slice(-64);
  expect(await fetchOne({ forbidden: [pinned] })).toMatchObject({ kind: 'unavailable', reason: 'artifact-among-inputs' });
  const broken = { ...recipe, source: await keepToyPackage(cacheDir, await temporaryFolder(), { broken: true }) };
  expect(await fetchOne({ recipe: broken })).toMatchObject({ kind: 'unavailable', reason: 'bad-source' });
});

test('a published package is received through apt; one that is not published is not', async () => {
  const pins = await rootOf(['hostname']);
  const [, version, sha256] = /^hostname:\S+?=(\S+) (\S+)$/.exec(pins.packages.find((each) => each.startsWith('hostname:'))!)!;
  const receive = async (coordinate: string) =>
    receiveArtifact({
      coordinate,
      member: null,
      claimed: { sha256: sha256!, sha512: '0'.repeat(128) },
      privateDir: join(await temporaryFolder(), 'private'),
    });
  const query = `arch=${architecture}&distro=${SUITE}`;
  // The digests are compared both.
  expect(await receive(`pkg:deb/debian/hostname@${version}?${query}`)).toMatchObject({
    kind: 'received',
    file: { sha256 },
    claimMismatch: true,
  });
  expect(await receive(`pkg:deb/debian/hostname@0.1-1?${query}`)).toMatchObject({ kind: 'unavailable', reason: 'not-published' });
  expect(await receive(`pkg:deb/debian/hostname@${version}`)).toMatchObject({ reason: 'coordinate-unsupported' });
  expect(await receive(`pkg:deb/ubuntu/hostname@${version}?${query}`)).toMatchObject({ reason: 'coordinate-unsupported' });
});
