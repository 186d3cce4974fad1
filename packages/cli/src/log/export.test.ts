import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InMemoryLog, withByteChanged } from '@verbatim/testkit';
import { utf8Encode } from '@verbatim/tlog';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogServer } from '../_log-server.ts';
import { World, verbatim } from '../_world.ts';

let world: World;
let log: InMemoryLog;
let server: LogServer;
let copy: string;

beforeEach(async () => {
  world = new World();
  log = new InMemoryLog();
  grow(700);
  server = await LogServer.start(log);
  // Any log can be copied, also one that keeps no index.
  server.seals = false;
  copy = join(world.path, 'copy');
});
afterEach(async () => {
  world[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

function grow(size: number): void {
  while (log.size < BigInt(size)) log.add(utf8Encode(`entry ${log.size}`));
}

const run = (command: string, url: string, ...more: string[]) =>
  verbatim(['log', command, '--log', url, '--vkey', log.vkey, ...more], { env: { HOME: world.path } });
const exported = (...more: string[]) => run('export', server.url, '--to', copy, ...more);
const checked = () => run('fsck', `file://${copy}`, '--any-entries');
const tiles = (): string[] =>
  readdirSync(copy, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && each.name !== 'checkpoint')
    .map((each) => join(each.parentPath, each.name));

/** Answers one path with other bytes, or with null not at all. */
function tamper(path: string, bytes: Uint8Array | null): void {
  server.answer = (request, response) => {
    if (request.url !== `/${path}`) return false;
    if (bytes === null) response.destroy();
    else response.end(bytes);
    return true;
  };
}

test.each([0, 1, 256, 700])('a log of %i entries becomes a folder that fsck finds sound', async (size) => {
  server.log = log = new InMemoryLog();
  grow(size);
  const { code, stdout } = await exported();
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(`✓ exported  log.example/test, size ${size}\n`) });
  expect((await checked()).code).toBe(0);
  // Every file is one that the log serves, byte for byte.
  for (const file of tiles()) expect(new Uint8Array(readFileSync(file)), file).toEqual(log.read(file.slice(copy.length + 1)));
});

test('a copy is continued: what is there is not fetched again, and JSON says what was written', async () => {
  await exported();
  grow(1100);
  server.asked.length = 0;
  const { code, stdout } = await exported('--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0, checkpoint: { size: 1100 }, written: 7, damaged: [] });
  expect(server.asked).not.toContain('tile/entries/000');
  expect(server.asked).not.toContain('tile/0/001');
  expect((await checked()).code).toBe(0);
});

test('an export that is broken off leaves no checkpoint, and the next one goes on where it was', async () => {
  tamper('tile/entries/002.p/188', null);
  expect((await exported()).code).toBe(4);
  expect(readdirSync(copy)).toEqual(['tile']);
  expect((await checked()).code).toBe(4);
  server.answer = null;
  server.asked.length = 0;
  expect((await exported()).code).toBe(0);
  expect(server.asked).not.toContain('tile/entries/000');
  expect((await checked()).code).toBe(0);
});

test('what the log did not sign is not written, and ends with 1', async () => {
  tamper('tile/entries/001', withByteChanged(log.read('tile/entries/001')!, 5));
  const { code, stderr } = await exported();
  expect(code).toBe(1);
  expect(stderr).toContain('entry 256: its bytes are not what the tree');
  expect(readdirSync(join(copy, 'tile/entries'))).not.toContain('001');
  expect(readdirSync(copy)).not.toContain('checkpoint');
});

test('a file of the copy that was damaged is replaced, and named', async () => {
  await exported();
  for (const path of ['tile/entries/000', 'tile/1/000.p/2']) {
    const file = join(copy, path);
    chmodSync(file, 0o644);
    writeFileSync(file, withByteChanged(new Uint8Array(readFileSync(file)), 7));
    const { code, stderr } = await exported();
    expect({ code, stderr }).toEqual({ code: 0, stderr: `warning: ${path} was damaged, and was replaced\n` });
    expect((await checked()).code).toBe(0);
  }
});

test('another history than the copy’s ends with 1, and the copy stays as it was', async () => {
  await exported();
  const before = readFileSync(join(copy, 'checkpoint'));
  const other = new InMemoryLog();
  for (let i = 0; i < 900; i++) other.add(utf8Encode(`other ${i}`));
  server.log = other;
  const { code, stderr } = await exported();
  expect(code).toBe(1);
  expect(stderr).toContain('signed two histories');
  expect(readFileSync(join(copy, 'checkpoint'))).toEqual(before);
  expect((await checked()).code).toBe(0);
});

test('a log that shows less than the copy has ends with 1, and the copy stays as it was', async () => {
  await exported();
  server.log = new InMemoryLog();
  while (server.log.size < 300n) server.log.add(utf8Encode(`entry ${server.log.size}`));
  const { code, stderr } = await exported();
  expect(code).toBe(1);
  expect(stderr).toContain('signed 700 entries before and now shows 300');
  expect((await checked()).stdout).toContain('size 700');
});

test('a folder with anything else in it, or another log’s copy, is left alone', async () => {
  await exported();
  const others = new World({ origin: 'other.example/log' });
  const args = ['log', 'export', '--log', server.url, '--vkey', others.scene.log.vkey, '--to', copy];
  const { code, stderr } = await verbatim(args, { env: { HOME: world.path } });
  others[Symbol.dispose]();
  expect(code).toBe(2);
  expect(stderr).toContain('choose another folder');
  rmSync(join(copy, 'checkpoint'));
  writeFileSync(join(copy, 'letter.txt'), 'dear');
  const foreign = await exported();
  expect({ code: foreign.code, stderr: foreign.stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('letter.txt') });
});
