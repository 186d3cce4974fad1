/** The command against the real log service: administration, releases with approvals and recipes as blobs, verified reading. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { aGoRecipe, aLargeRecipe, testSeed, testVkey } from '@verbatim/testkit';
import { formatPrivateKey } from '@verbatim/tlog/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Folder, verbatim } from '../../packages/cli/src/_world.ts';
import { type TestLog, startLog } from '../../services/log/src/_log.ts';

const NAME = 'linux-x64/bin/esbuild';

let log: TestLog;
let folder: Folder;
let where: string[];
let adminWhere: string[];

beforeAll(async () => {
  log = await startLog();
  folder = new Folder();
  where = ['--log', log.url, '--vkey', log.keys.logVkey];
  adminWhere = ['--log', log.url, '--log-vkey', log.keys.logVkey, '--key', log.keys.adminKeyFile];
});
afterAll(async () => {
  folder[Symbol.dispose]();
  await log[Symbol.asyncDispose]();
});

function keyFile(name: string): string {
  const path = folder.file(`${name}.key`, `${formatPrivateKey(name, testSeed(name))}\n`);
  execFileSync('chmod', ['600', path]);
  return path;
}

const enrol = (role: string, name: string, ...more: string[]) =>
  verbatim([
    'log',
    'admin',
    'enrol',
    ...adminWhere,
    '--role',
    role,
    '--vkey',
    testVkey(name),
    '--operator',
    `operator of ${name}`,
    ...more,
  ]);

describe('log admin', () => {
  test('enrols and revokes keys on a running log, each time by a logged entry', async () => {
    const enrolled = await enrol('registrar', 'registrar-npm', '--scope', 'pkg:npm/');
    expect(enrolled).toMatchObject({ code: 0, stdout: '2\n' });
    // The same again is the same entry.
    expect(await enrol('registrar', 'registrar-npm', '--scope', 'pkg:npm/')).toMatchObject({ code: 0, stdout: '2\n' });
    expect((await enrol('rebuilder', 'acme-1', '--json')).stdout).toMatch(/^\{"index":4,"leafHash":"[0-9a-f]{64}","duplicate":false\}\n$/);
    const revoke = ['log', 'admin', 'revoke', ...adminWhere, '--role', 'rebuilder', '--vkey', testVkey('acme-1'), '--reason', 'lost'];
    expect(await verbatim([...revoke, '--compromised-since', '4'])).toMatchObject({ code: 0, stdout: '6\n' });
    const entries = await verbatim(['log', 'entries', ...where]);
    expect(
      entries.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ').slice(2, 5).join(' '))
        // Each batch ends with one.
        .filter((line) => line !== 'control index-root'),
    ).toEqual(['control genesis', 'roster enrol registrar', 'roster enrol rebuilder', 'roster revoke rebuilder']);
  });

  test('a key that is not the admin’s, and a log that is not that log, are refused', async () => {
    const stranger = adminWhere.with(5, keyFile('stranger'));
    const refused = await verbatim([
      'log',
      'admin',
      'enrol',
      ...stranger,
      '--role',
      'rebuilder',
      '--vkey',
      testVkey('x'),
      '--operator',
      'x',
    ]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/the log answered 4\d\d /);
    const other = adminWhere.with(3, testVkey('other.example/log'));
    expect(
      (await verbatim(['log', 'admin', 'enrol', ...other, '--role', 'rebuilder', '--vkey', testVkey('y'), '--operator', 'y'])).code,
    ).toBe(1);
    expect((await enrol('registrar', 'nobody')).code).toBe(2);
  });

  test('without an answer it says that repeating is safe', async () => {
    const gone = adminWhere.with(1, 'http://127.0.0.1:9/');
    const { code, stderr } = await verbatim([
      'log',
      'admin',
      'enrol',
      ...gone,
      '--role',
      'rebuilder',
      '--vkey',
      testVkey('z'),
      '--operator',
      'z',
    ]);
    expect(code).toBe(4);
    expect(stderr).toContain('running the same command again is safe');
  }, 120_000);
});

describe('release', () => {
  const create = (recipe: string, key: string, out: string, purl: string, ...who: string[]) =>
    verbatim([
      'release',
      'create',
      '--purl',
      purl,
      '--recipe',
      recipe,
      '--key',
      key,
      '--out',
      out,
      '--artifact',
      `${NAME}=${folder.file('bin', purl)}`,
      ...who,
    ]);

  test('a registrar’s release is logged once, and its index printed', async () => {
    const out = join(folder.path, 'registrar.json');
    const recipe = folder.file('recipe.json', JSON.stringify(aGoRecipe()));
    expect((await create(recipe, keyFile('registrar-npm'), out, 'pkg:npm/esbuild@0.25.0', '--registrar')).code).toBe(0);
    const submitted = await verbatim(['release', 'submit', out, ...where]);
    expect(submitted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\n$/) });
    const again = await verbatim(['release', 'submit', out, ...where, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ index: Number(submitted.stdout), duplicate: true });
  });

  test('a publishers’ release needs the signatures of its group', async () => {
    const scope = ['--scope', 'pkg:npm/%40acme/', '--group', 'acme', '--threshold', '2'];
    for (const name of ['acme-publisher-1', 'acme-publisher-2']) expect((await enrol('publisher', name, ...scope)).code).toBe(0);
    const out = join(folder.path, 'publisher.json');
    const recipe = folder.file('recipe.json', JSON.stringify(aGoRecipe()));
    expect((await create(recipe, keyFile('acme-publisher-1'), out, 'pkg:npm/%40acme/tool@1.0.0', '--publisher')).code).toBe(0);
    const early = await verbatim(['release', 'submit', out, ...where]);
    expect(early.code).toBe(2);
    expect((await verbatim(['release', 'approve', out, '--key', keyFile('acme-publisher-2')])).code).toBe(0);
    expect((await verbatim(['release', 'submit', out, ...where])).code).toBe(0);
  });

  test('a recipe over 2 KiB is stored as a blob first', async () => {
    const out = join(folder.path, 'large.json');
    const recipe = folder.file('large-recipe.json', JSON.stringify(aLargeRecipe()));
    const key = keyFile('registrar-npm');
    const created = await create(recipe, key, out, 'pkg:npm/esbuild@0.25.1', '--registrar');
    expect(created.stderr).toContain('submit with --recipe');
    const refused = await verbatim(['release', 'submit', out, ...where]);
    expect(refused.code).toBe(2);
    const submitted = await verbatim(['release', 'submit', out, ...where, '--recipe', recipe, '--key', key]);
    expect(submitted.code).toBe(0);
    expect(submitted.stderr).toContain('stored blob sha256:');
  });
});

describe('verify', () => {
  const policy = (...lines: string[]): string =>
    folder.file(
      'policy',
      [
        'version 1',
        'expires 2099-01-01T00:00:00Z',
        `log ${log.keys.logVkey} ${log.url}`,
        `root ${log.keys.rootVkey}`,
        'quorum none',
        'operator acme',
        `rebuilder acme-1 acme linux/amd64 ${testVkey('acme-1')}`,
        `claimant npm registrar pkg:npm/ ${testVkey('registrar-npm')}`,
        'require 1',
        ...lines,
        '',
      ].join('\n'),
    );
  const env = { HOME: '/nonexistent' };
  const resultOf = (stdout: string): Record<string, unknown> => (JSON.parse(stdout) as { results: [Record<string, unknown>] }).results[0];

  test('proves by the log’s index that what it was given is all, online and from a bundle', async () => {
    const file = folder.file('claimed', 'pkg:npm/esbuild@0.25.0');
    const bundle = join(folder.path, 'bundle.json');
    const online = await verbatim(['verify', '--policy', policy(), '--json', file, '--save-bundle', bundle], { env });
    expect(resultOf(online.stdout)).toMatchObject({ verdict: 'insufficient', completeness: 'complete-by-root' });
    const offline = await verbatim(['verify', '--policy', policy(), '--json', file, '--offline', '--bundle', bundle], { env });
    expect(resultOf(offline.stdout)).toMatchObject({ verdict: 'insufficient', completeness: 'complete-by-root' });
    // That nobody claims a file is proved as well, and what the release that was named has instead.
    const other = folder.file('unclaimed', 'nobody’s');
    const unknown = await verbatim(['verify', '--policy', policy(), '--json', other, '--release', 'pkg:npm/esbuild@0.25.0'], { env });
    expect(resultOf(unknown.stdout)).toMatchObject({
      verdict: 'unknown-file',
      completeness: 'complete-by-root',
      expected: [{ purl: 'pkg:npm/esbuild@0.25.0' }],
    });
  });

  test('finds the log’s word too little where the policy demands an audit, and says what to do', async () => {
    const file = folder.file('claimed', 'pkg:npm/esbuild@0.25.0');
    const { code, stdout } = await verbatim(['verify', '--policy', policy('completeness audited'), file], { env });
    expect(code).toBe(4);
    expect(stdout.split('\n')[0]).toMatch(/^! COULD NOT CHECK {2}expected completeness audited/);
    expect(stdout).toContain('verbatim log audit');
  });
});
