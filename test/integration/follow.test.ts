/** Followers that are killed while they work. */
import { openDatabase } from '@verbatim/service-kit';
import { InMemoryLog } from '@verbatim/testkit';
import { toHex, utf8Encode } from '@verbatim/tlog';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ENTRIES = 10_000;
const KILLS = 6;
/** Bundles that a follower gets before it is killed: on any machine there is work left then. */
const BUNDLES = 5;
const PROGRAM = new URL('_follower.ts', import.meta.url).pathname;

const log = new InMemoryLog();
while (log.size < BigInt(ENTRIES)) log.add(utf8Encode(`entry ${log.size}`));
/** Told of every bundle that is asked for; whether it is served. */
let onBundle = (_bundles: number): boolean => true;
let bundles = 0;
const server = createServer((request, response) => {
  const path = request.url!.slice(1);
  if (path.startsWith('tile/entries/') && !onBundle((bundles += 1))) return;
  const bytes = log.read(path);
  response.writeHead(bytes === null ? 404 : 200).end(bytes ?? undefined);
});
const root = mkdtempSync(join(tmpdir(), 'verbatim-follow-'));
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true });
});

/** When it is killed: so many milliseconds after it asked for its third bundle, or by its own hand before it has handled that entry. */
type Kill = { readonly afterMs: number } | { readonly at: number } | null;

/** Runs the follower until it is done or killed. Whether it was killed. */
async function run(mode: 'once' | 'plain', folder: string, kill: Kill): Promise<boolean> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  bundles = 0;
  const diesAt = kill !== null && 'at' in kill ? [String(kill.at)] : [];
  const child = spawn(process.execPath, [PROGRAM, mode, url, log.vkey, folder, ...diesAt], { stdio: ['ignore', 'ignore', 'inherit'] });
  onBundle = (asked) => {
    if (kill === null || !('afterMs' in kill)) return true;
    if (asked === 3) setTimeout(() => child.kill('SIGKILL'), kill.afterMs);
    return asked <= BUNDLES;
  };
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null) expect(code).toBe(0);
  return signal === 'SIGKILL';
}

/** Killed at another moment of its work each time, once surely in the middle of a bundle, and at last left to finish. */
async function killRepeatedly(mode: 'once' | 'plain', folder: string): Promise<void> {
  expect(await run(mode, folder, { at: 300 })).toBe(true);
  for (let i = 0; i < KILLS; i++) expect(await run(mode, folder, { afterMs: 3 * i })).toBe(true);
  expect(await run(mode, folder, null)).toBe(false);
}

const expected = Array.from({ length: ENTRIES }, (_, i) => [i, toHex(log.leafHash(BigInt(i)))] as const);

test('exactly once: effects and position in one transaction, whenever the process is killed', async () => {
  const folder = mkdtempSync(join(root, 'once-'));
  await killRepeatedly('once', folder);
  using db = openDatabase(join(folder, 'once.sqlite'), { migrations: ['', ''], create: true });
  const effects = db.prepare('SELECT entry, leaf FROM effect ORDER BY rowid').all() as { entry: number; leaf: Uint8Array }[];
  expect(effects.map(({ entry, leaf }) => [entry, toHex(leaf)])).toEqual(expected);
});

test('at least once without a transaction: none is missed, and every repetition was called one', async () => {
  const folder = mkdtempSync(join(root, 'plain-'));
  await killRepeatedly('plain', folder);
  const lines = readFileSync(join(folder, 'plain.txt'), 'utf8').trimEnd().split('\n');
  const seen = new Map<number, string>();
  let repeated = 0;
  for (const line of lines) {
    const [index, leaf, replayed] = line.split(' ') as [string, string, string];
    if (seen.has(Number(index))) {
      repeated += 1;
      expect(replayed).toBe('true');
    }
    seen.set(Number(index), leaf);
  }
  expect([...seen]).toEqual(expected);
  expect(repeated).toBeGreaterThan(0);
});
