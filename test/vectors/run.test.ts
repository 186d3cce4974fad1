/** The runner of `npm run test:vectors`: it fails when it should. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const HASH = 'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=';
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const INCLUSION = { leafIdx: 0, treeSize: 1, root: HASH, leafHash: HASH, proof: null, wantErr: false };
const CONSISTENCY = { size1: 1, size2: 1, root1: HASH, root2: HASH, proof: [], wantErr: false };
const GOOD: Record<string, unknown> = {
  'merkle/inclusion/good.json': INCLUSION,
  'merkle/consistency/good.json': CONSISTENCY,
  'merkle/subtreeinclusion/good.json': { ...INCLUSION, start: 0, end: 1 },
  'merkle/subtreeconsistency/good.json': { ...CONSISTENCY, start: 0, end: 1, size: 1 },
  'ed25519/cctv.json': [{ number: 0, key: '01'.padEnd(64, '0'), sig: '0'.repeat(128), msg: '', flags: ['low_order_A'] }],
  'mpt/treehash.txt': `# nothing\nhash ${EMPTY}\n`,
  'mpt/lookup.txt': `snap ${EMPTY}\nkey aa\nval -\nproof ''\nverify true\n`,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-vectors-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Record<string, unknown>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

function run(...folders: string[]): { status: number | null; last: string; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts'), ...folders], { encoding: 'utf8' });
  return { status, last: stdout.trimEnd().split('\n').at(-1) ?? '', output: stdout + stderr };
}

test('good vectors pass', () => {
  write(GOOD);
  expect(run(folder)).toMatchObject({ status: 0, last: '7 passed, 0 failed' });
});

test('a real browser is asked as well, and is named when it decides otherwise', () => {
  write({ ...GOOD, 'merkle/inclusion/bad.json': { ...INCLUSION, wantErr: true } });
  const { last, output } = run('--chromium', folder);
  expect(last).toBe('7 passed, 1 failed');
  expect(output).toContain('(here, bundle, chromium)');
});

test('no folder, two folders and a folder that does not exist are refused by name', () => {
  for (const folders of [[], [folder, folder], [join(folder, 'missing')]]) {
    const { status, output } = run(...folders);
    expect(status).toBe(2);
    expect(output).toContain('VERBATIM_VECTORS');
  }
});

test('an empty folder fails, and so does an empty suite', () => {
  expect(run(folder).status).toBe(1);
  write(GOOD);
  rmSync(join(folder, 'merkle/inclusion/good.json'));
  expect(run(folder)).toMatchObject({ status: 1, last: '6 passed, 1 failed' });
});

test.each<[string, Record<string, unknown>]>([
  ['a proof that is accepted and should not be', { 'merkle/inclusion/bad.json': { ...INCLUSION, wantErr: true } }],
  ['a proof that is refused and should not be', { 'merkle/consistency/bad.json': { ...CONSISTENCY, size2: 2 } }],
  [
    'an index that is 0 only after rounding modulo 2^64',
    { 'merkle/inclusion/bad.json': JSON.stringify(INCLUSION).replace('"leafIdx":0', '"leafIdx":18446744073709551616') },
  ],
  [
    'a key that is refused and should not be',
    { 'ed25519/cctv.json': [{ number: 0, key: '01'.padEnd(64, '0'), sig: '', msg: '', flags: [] }] },
  ],
  ['text that is not JSON', { 'merkle/inclusion/bad.json': '{' }],
  ['a root that is another', { 'mpt/treehash.txt': `kv aa bb\nhash ${EMPTY}\n` }],
  ['a proof of absence that is accepted and should not be', { 'mpt/lookup.txt': `snap ${EMPTY}\nkey aa\nval -\nproof ''\nverify false\n` }],
  ['a proof of presence that is refused and should not be', { 'mpt/lookup.txt': `snap ${EMPTY}\nkey aa\nval bb\nproof ''\nverify true\n` }],
  ['a file of the map that no suite knows', { 'mpt/surprise.txt': '' }],
  ['a folder that no suite knows', { 'surprise/x.json': {} }],
  ['a folder of proofs that no suite knows', { 'merkle/surprise/x.json': {} }],
])('%s fails the run', (_name, files) => {
  write({ ...GOOD, ...files });
  const { status, last } = run(folder);
  expect(status).toBe(1);
  expect(last).toMatch(/^\d+ passed, 1 failed$/);
});
