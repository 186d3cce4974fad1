import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeEntry, keyidOf, recipeDigest } from '@verbatim/statements';
import type { ReleaseStatement } from '@verbatim/statements';
import { aGoRecipe, testSeed, testSigner } from '@verbatim/testkit';
import { formatPrivateKey } from '@verbatim/tlog/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Folder, verbatim } from './_world.ts';

const NAME = 'linux-x64/bin/esbuild';
const PURL = 'pkg:npm/esbuild@0.25.0';

let folder: Folder;
let key: string;
let recipe: string;
let out: string;

beforeEach(() => {
  folder = new Folder();
  key = keyFile('registrar-npm');
  // Any spelling of the JSON will do: the statement has the canonical one.
  recipe = folder.file('recipe.json', JSON.stringify(aGoRecipe(), null, 4));
  out = join(folder.path, 'release.json');
});
afterEach(() => folder[Symbol.dispose]());

function keyFile(name: string): string {
  const path = folder.file(`${name}.key`, `${formatPrivateKey(name, testSeed(name))}\n`);
  execFileSync('chmod', ['600', path]);
  return path;
}

const create = (...args: string[]) =>
  verbatim(['release', 'create', '--purl', PURL, '--recipe', recipe, '--key', key, '--out', out, ...args]);
const statement = (): ReleaseStatement => decodeEntry(readFileSync(out)).statement as ReleaseStatement;
const hash = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex');

describe('release create', () => {
  test('writes a registrar’s canonical statement with both digests of the file', async () => {
    const file = folder.file('esbuild', 'binary');
    const { code, stdout } = await create('--registrar', '--artifact', `${NAME}=${file}`, '--retrieved-at', '2026-11-21T12:00:00Z');
    expect(code).toBe(0);
    expect(stdout).toBe(`sha256:${hash('sha256', 'binary')}  ${NAME}\n`);
    const { envelope } = decodeEntry(readFileSync(out));
    const { name, publicKey } = testSigner('registrar-npm');
    expect(envelope.signatures.map(({ keyid }) => keyid)).toEqual([keyidOf(name, publicKey)]);
    expect(statement()).toMatchObject({
      subject: [{ name: NAME, digest: { sha256: hash('sha256', 'binary'), sha512: hash('sha512', 'binary') } }],
      predicate: {
        purl: PURL,
        part: { index: 1, of: 1 },
        claim: { kind: 'registrar', retrieved: [{ uri: PURL, at: '2026-11-21T12:00:00Z' }] },
        recipe: { sha256: recipeDigest(aGoRecipe()), inline: aGoRecipe() },
        artifacts: [{ name: NAME, target: 'linux/amd64', coordinate: PURL }],
      },
    });
  });

  test('reads a member out of its container, and compares it with the file when one is named', async () => {
    folder.folder('package/bin');
    const file = folder.file('package/bin/esbuild', 'binary');
    const tarball = join(folder.path, 'linux-x64-0.25.0.tgz');
    execFileSync('tar', ['-czf', tarball, '-C', folder.path, 'package']);
    const fields = `coordinate=pkg:npm/%40esbuild/linux-x64@0.25.0,member=package/bin/esbuild,container=${tarball}`;
    expect((await create('--registrar', '--artifact', `${NAME}=,${fields}`)).code).toBe(0);
    const [artifact] = statement().predicate.artifacts;
    const container = { name: 'linux-x64-0.25.0.tgz', sha256: createHash('sha256').update(readFileSync(tarball)).digest('hex') };
    expect(artifact).toMatchObject({
      coordinate: 'pkg:npm/%40esbuild/linux-x64@0.25.0',
      member: { path: 'package/bin/esbuild', container },
    });
    expect(statement().subject[0]?.digest.sha256).toBe(hash('sha256', 'binary'));

    out = join(folder.path, 'second.json');
    expect((await create('--registrar', '--artifact', `${NAME}=${file},${fields}`)).code).toBe(0);
    out = join(folder.path, 'third.json');
    const other = await create('--registrar', '--artifact', `${NAME}=${folder.file('other', 'other')},${fields}`);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('is not the member');
    const missing = await create('--registrar', '--artifact', `${NAME}=,member=nothing,container=${tarball}`);
    expect(missing.stderr).toContain('has no member');
    expect(existsSync(out)).toBe(false);
  });

  test('registers what nobody published: rebuilders will say what they got', async () => {
    expect((await create('--registrar', '--unpublished', NAME)).code).toBe(0);
    expect(statement()).toMatchObject({
      subject: [],
      predicate: { artifacts: [], unpublished: [{ name: NAME, target: 'linux/amd64' }], claim: { retrieved: [{ uri: PURL }] } },
    });
  });

  test('an output of the recipe that is not named is asked for by the options that name it', async () => {
    const [output] = aGoRecipe().outputs;
    recipe = folder.file('two.json', JSON.stringify(aGoRecipe({ outputs: [output!, { ...output!, artifact: 'other/esbuild' }] })));
    const given = ['--registrar', '--artifact', `${NAME}=${folder.file('esbuild', 'binary')}`];
    const { code, stderr } = await create(...given);
    expect([code, existsSync(out)]).toEqual([2, false]);
    expect(stderr).toMatch(/builds other\/esbuild as well: .*--artifact.*--unpublished/);
    expect((await create(...given, '--unpublished', 'other/esbuild')).code).toBe(0);
  });

  test('refuses what it does not understand, and writes nothing', async () => {
    const file = folder.file('esbuild', 'binary');
    const good = ['--registrar', '--artifact', `${NAME}=${file}`];
    const lying = (key: string, value: unknown): string =>
      folder.file(`${key}.json`, JSON.stringify({ ...aGoRecipe(), vcs: null, flags: ['-buildvcs=false'], [key]: value }));
    folder.folder('package/bin');
    folder.file('package/bin/esbuild', randomBytes(65_536));
    const cut = folder.file('cut.tgz', execFileSync('tar', ['-cz', '-C', folder.path, 'package']).subarray(0, 30_000));
    const bad: string[][] = [
      ['--artifact', `${NAME}=${file}`],
      ['--publisher', ...good],
      ['--registrar', '--artifact', NAME],
      ['--registrar'],
      ['--registrar', '--unpublished', 'other/name'],
      [...good, '--unpublished', NAME],
      ['--registrar', '--artifact', `${NAME}=${file},colour=red`],
      ['--registrar', '--artifact', `${NAME}=${file},target=linux/amd64,target=linux/arm64`],
      ['--registrar', '--artifact', `${NAME}=${file},target=linux/arm64`],
      ['--registrar', '--artifact', `other/name=${file}`],
      ['--registrar', '--artifact', `${NAME}=/nonexistent`],
      ['--registrar', '--artifact', `${NAME}=`],
      [...good, '--part', '2/1'],
      [...good, '--part', '1'],
      [...good, '--retrieved-at', 'yesterday'],
      [...good, '--purl', 'pkg:npm/esbuild'],
      [...good, '--recipe', file],
      [...good, '--recipe', lying('ldflags', '-s -extld=/bin/sh')],
      [...good, '--recipe', lying('flags', ['-buildvcs=false', '-toolexec=/bin/sh'])],
      [...good, '--recipe', lying('env', { CGO_ENABLED: '0', GOFLAGS: '-toolexec=/bin/sh' })],
      [...good, '--recipe', lying('package', './../../etc')],
      ['--registrar', '--artifact', `${NAME}=,member=package/bin/esbuild,container=${cut}`],
      [...good, '--key', file],
    ];
    for (const args of bad) expect([args, (await create(...args)).code]).toEqual([args, 2]);
    expect(existsSync(out)).toBe(false);
    expect((await create(...good)).code).toBe(0);
    const before = readFileSync(out);
    expect((await create(...good)).code).toBe(2);
    expect(readFileSync(out)).toEqual(before);
  });
});

describe('release approve', () => {
  test('adds another publisher’s signature, once', async () => {
    const file = folder.file('esbuild', 'binary');
    key = keyFile('publisher-1');
    expect((await create('--publisher', '--artifact', `${NAME}=${file}`)).code).toBe(0);
    const second = keyFile('publisher-2');
    expect((await verbatim(['release', 'approve', out, '--key', second])).code).toBe(0);
    expect(decodeEntry(readFileSync(out)).envelope.signatures).toHaveLength(2);
    const again = await verbatim(['release', 'approve', out, '--key', second]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('has signed this already');
    const third = join(folder.path, 'third.json');
    expect((await verbatim(['release', 'approve', out, '--key', keyFile('publisher-3'), '--out', third])).code).toBe(0);
    expect(decodeEntry(readFileSync(third)).envelope.signatures).toHaveLength(3);
    expect(decodeEntry(readFileSync(out)).envelope.signatures).toHaveLength(2);
  });

  test('a registrar’s statement takes no approval, and what is no statement takes none either', async () => {
    const file = folder.file('esbuild', 'binary');
    expect((await create('--registrar', '--artifact', `${NAME}=${file}`)).code).toBe(0);
    expect((await verbatim(['release', 'approve', out, '--key', keyFile('publisher-2')])).code).toBe(2);
    expect((await verbatim(['release', 'approve', file, '--key', key])).code).toBe(2);
  });
});
