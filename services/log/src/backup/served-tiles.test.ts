import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InMemoryLog, testSigner } from '@verbatim/testkit';
import { bytesEqual, formatCheckpoint, MAX_NOTE_BYTES, parseVkey, signNote, utf8Encode } from '@verbatim/tlog';
import { expect, onTestFinished, test } from 'vitest';
import { openServedTiles } from './served-tiles.ts';

const SIZE = 300n;
const log = new InMemoryLog();
for (let index = 0n; index < SIZE; index++) log.add(utf8Encode(`entry ${index}`));
const key = parseVkey(log.vkey);

type Lie = (path: string, honest: Uint8Array | null) => Uint8Array | null;

/** Serves the log, but for what `lie` makes of an answer; null is a 404. */
async function serve(lie: Lie): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url!.slice(1);
    const bytes = lie(path, log.read(path));
    response.writeHead(bytes === null ? 404 : 200).end(bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** All of it, as a restoration reads it. */
async function read(url: string): Promise<Uint8Array[]> {
  const copy = await openServedTiles(url, [key]);
  try {
    const entries: Uint8Array[] = [];
    for await (const entry of copy.entries()) entries.push(entry);
    return entries;
  } finally {
    await copy.close();
  }
}

test('an honest server gives every entry, and the checkpoint with the log’s signature alone', async () => {
  const cosigned = log.checkpoint({ witnesses: [testSigner('witness')] });
  const url = await serve((path, honest) => (path === 'checkpoint' ? cosigned : honest));
  const entries = await read(url);
  expect(entries.map((entry) => Buffer.from(entry).toString())).toEqual(Array.from({ length: Number(SIZE) }, (_, i) => `entry ${i}`));
  const copy = await openServedTiles(url, [key]);
  expect(copy.checkpoint).toMatchObject({ origin: log.origin, size: SIZE });
  expect(bytesEqual(copy.note, log.checkpoint({ witnesses: [] }))).toBe(true);
  await copy.close();
});

const flipped = (bytes: Uint8Array | null): Uint8Array => bytes!.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
const only =
  (wanted: string, lie: (honest: Uint8Array | null) => Uint8Array | null): Lie =>
  (path, honest) =>
    path === wanted ? lie(honest) : honest;
const foreign = signNote(formatCheckpoint({ origin: log.origin, size: 7n, root: log.root(7n) }), [testSigner(log.origin, 'another')]);

test.each<[string, Lie, string]>([
  ['another byte in an entry of a full bundle', only('tile/entries/000', flipped), 'damaged'],
  ['another byte in an entry of the last bundle', only('tile/entries/001.p/44', flipped), 'damaged'],
  ['another byte in a tile of hashes', only('tile/0/000', flipped), 'damaged'],
  ['another byte in the edge', only('tile/1/000.p/1', (bytes) => bytes!.map((byte) => byte ^ 1)), 'damaged'],
  ['a checkpoint of another key', only('checkpoint', () => foreign), 'damaged'],
  ['a bundle cut short', only('tile/entries/000', (bytes) => bytes!.subarray(0, 500)), 'unreadable'],
  ['no bundle', (path, honest) => (path.startsWith('tile/entries/001') ? null : honest), 'unreadable'],
  ['more bytes than a bundle can have', only('tile/entries/000', () => new Uint8Array(32 << 20)), 'unreadable'],
  ['more bytes than a checkpoint can have', only('checkpoint', () => new Uint8Array(MAX_NOTE_BYTES + 1)), 'unreadable'],
  ['no checkpoint', only('checkpoint', () => null), 'not-a-backup'],
])('%s is refused by its name, and not read on', async (_, lie, code) => {
  const url = await serve(lie);
  await expect(read(url)).rejects.toMatchObject({ name: 'BackupError', code, message: expect.stringContaining(url) as string });
});

test('nobody at the address is an error that says so', async () => {
  await expect(read('http://127.0.0.1:1')).rejects.toMatchObject({ name: 'BackupError', code: 'unreadable' });
  await expect(read('http://user@127.0.0.1:1')).rejects.toMatchObject({ name: 'BackupError', code: 'unreadable' });
});
