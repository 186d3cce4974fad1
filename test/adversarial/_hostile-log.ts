/**
 * A log that lies in one thing: it hands everything on from a real log, and changes what the attack says that its address begins with
 * (`/huge-tile/tile/0/000` is `/tile/0/000` of the real log, huge). Its argument is JSON, `HostileOptions`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { loadSigner } from '@verbatim/service-kit/keyfile';
import {
  decodeBundle,
  encodeBundle,
  formatCheckpoint,
  formatNote,
  hashLeaf,
  parseCheckpoint,
  parseNote,
  signNote,
  utf8Encode,
} from '@verbatim/tlog';
import { sayReady } from './_spawn.ts';

export interface HostileOptions {
  /** The real log. */
  readonly upstream: string;
  /** Its private key. */
  readonly keyFile: string;
  /** An entry that attacks are about. */
  readonly index: number;
}

interface Asked {
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What the real log answers. */
  readonly status: number;
  readonly body: Buffer;
  readonly options: HostileOptions;
}

type Attack = (asked: Asked) => Buffer | Uint8Array | string | null | undefined | Promise<void>;

const isTile = (path: string): boolean => path.startsWith('/tile/0/');
const isBundle = (path: string): boolean => path.startsWith('/tile/entries/');
const isCheckpoint = (path: string): boolean => path === '/checkpoint';
const isIndex = (path: string): boolean => path.startsWith('/index?');

function* endlessly(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024, 0x61);
}

/** The checkpoint, wherever it stands, changed. */
function note({ path, body }: Asked, change: (note: Uint8Array) => Uint8Array | string): Uint8Array | string | undefined {
  if (isCheckpoint(path)) return change(body);
  if (!isIndex(path)) return undefined;
  const answer = JSON.parse(body.toString()) as IndexAnswer;
  return JSON.stringify({ ...answer, checkpoint: Buffer.from(change(Buffer.from(answer.checkpoint))).toString() });
}

interface IndexAnswer {
  readonly checkpoint: string;
  readonly lookups: readonly { readonly lookup: string; readonly entries: readonly number[]; readonly proof: string }[];
}

/** What is answered about look-ups, changed. */
function lookups({ path, body }: Asked, change: (lookups: IndexAnswer['lookups']) => IndexAnswer['lookups']): string | undefined {
  if (!isIndex(path)) return undefined;
  const answer = JSON.parse(body.toString()) as IndexAnswer;
  return JSON.stringify({ ...answer, lookups: change(answer.lookups) });
}

/** Entries of the first bundle, changed. */
function entries({ path, body }: Asked, change: (all: Uint8Array[]) => Uint8Array[]): Uint8Array | undefined {
  if (!isBundle(path)) return undefined;
  const width = Number(/\.p\/(\d+)$/.exec(path)?.[1] ?? 256);
  return encodeBundle(change(decodeBundle(body, width)));
}

/** What was answered while somebody recorded: checkpoints and look-ups, which change as the log grows. */
const recorded = new Map<string, Buffer>();

/** Undefined: as the real log answers. Null: 404. A promise: the attack has answered itself. */
const ATTACKS = {
  honest: () => undefined,
  /** Honest, and remembered for the attacks below. */
  record({ path, body }) {
    if (isCheckpoint(path) || isIndex(path)) recorded.set(path, body);
    return undefined;
  },
  /** What was recorded, for ever. */
  stale: ({ path }) => recorded.get(path),
  /** The same, and whatever came after it is gone. */
  'rolled-back': ({ path }) => {
    const sizes = [...recorded.values()].map((text) => Number(/attacked(?:\\n|\n)(\d+)/.exec(text.toString())?.[1]));
    const size = Math.max(...sizes);
    const width = Number(/\.p\/(\d+)$/.exec(path)?.[1] ?? 0);
    return width > size ? null : recorded.get(path);
  },
  /** Another root under the log's own signature; nobody cosigned it. */
  'other-root': (asked) =>
    note(asked, (served) => {
      const checkpoint = parseCheckpoint(parseNote(served).text);
      return signNote(formatCheckpoint({ ...checkpoint, root: checkpoint.root.toReversed() }), [loadSigner(asked.options.keyFile)]);
    }),
  /** The log's text with a signature that is not its own. */
  'other-key': (asked) =>
    note(asked, (served) => {
      const { text, signatures } = parseNote(served);
      return formatNote({ text, signatures: signatures.map((line) => ({ ...line, signature: line.signature.toReversed() })) });
    }),
  /** What was logged about a file, but for the last of it: the dissent. */
  'hidden-dissent': (asked) =>
    lookups(asked, (all) => all.map((each) => ({ ...each, entries: each.entries.slice(0, Math.max(1, each.entries.length - 1)) }))),
  'hidden-everything': (asked) => lookups(asked, (all) => all.map((each) => ({ ...each, entries: [] }))),
  'other-lookups': (asked) => lookups(asked, (all) => all.map(({ lookup }, i) => ({ ...all[(i + 1) % all.length]!, lookup }))),
  'forged-index-proof': (asked) =>
    lookups(asked, (all) => all.map((each) => ({ ...each, proof: Buffer.from(each.proof, 'base64').fill(0x55).toString('base64') }))),
  'entries-ahead': (asked) => lookups(asked, (all) => all.map((each) => ({ ...each, entries: [...each.entries, 1_000_000] }))),
  'endless-lookups': (asked) =>
    lookups(asked, (all) => all.map((each) => ({ ...each, entries: Array.from({ length: 200_000 }, (_, i) => i) }))),
  'no-index': ({ path }) => (isIndex(path) ? null : undefined),
  /** Another entry in the place of one. */
  'changed-entry': (asked) => entries(asked, (all) => all.with(asked.options.index, utf8Encode('{}'))),
  /** An entry left out, the next ones moved up. */
  'dropped-entry': (asked) => entries(asked, (all) => [...all.toSpliced(asked.options.index, 1), all.at(-1)!]),
  'reordered-entries': (asked) =>
    entries(asked, (all) =>
      all.with(asked.options.index, all[asked.options.index + 1]!).with(asked.options.index + 1, all[asked.options.index]!),
    ),
  /** The inner node above two entries as if it were an entry of 64 bytes. */
  'node-as-entry': (asked) =>
    entries(asked, (all) => {
      const at = asked.options.index & ~1;
      const node = Buffer.concat([hashLeaf(all[at]!), hashLeaf(all[at + 1]!)]);
      return all.with(at, node);
    }),
  /** The answer to whoever submits an entry, with a proof of nothing. */
  'forged-receipt': ({ request, body }) => {
    if (request.method !== 'POST') return undefined;
    const answer = JSON.parse(body.toString()) as { proof: string };
    return JSON.stringify({ ...answer, proof: answer.proof.replace(/^[A-Za-z0-9+/]{43}=$/m, Buffer.alloc(32, 7).toString('base64')) });
  },
  /** Another index than the entry's. */
  'wrong-receipt': ({ request, body }) => {
    if (request.method !== 'POST') return undefined;
    const answer = JSON.parse(body.toString()) as { index: number; proof: string };
    const index = answer.index - 1;
    return JSON.stringify({ ...answer, index, proof: answer.proof.replace(/^index \d+$/m, `index ${index}`) });
  },
  'changed-tile': ({ path, body }) => (isTile(path) ? Buffer.from(body).fill(0, 0, 32) : undefined),
  'short-tile': ({ path, body }) => (isTile(path) ? body.subarray(0, -1) : undefined),
  'huge-tile': ({ path }) => (isTile(path) ? Buffer.alloc(4 * 1024 * 1024) : undefined),
  'missing-tile': ({ path }) => (isTile(path) ? null : undefined),
  'malformed-bundle': ({ path, body }) => (isBundle(path) ? Buffer.concat([body, Buffer.from('more')]) : undefined),
  'not-a-checkpoint': (asked) => note(asked, () => '<html>\u001b[2J\u001b[31mwelcome\u202e</html>'),
  redirect: async ({ path, response, options }) => {
    response.writeHead(302, { location: `${options.upstream}${path}` });
    response.end();
  },
  /** Headers, and then a byte a second. */
  'slow-loris': async ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    while (!response.destroyed) {
      response.write('x');
      await sleep(1000);
    }
  },
  /** Never so much as a header. */
  silent: async ({ response }) => {
    while (!response.destroyed) await sleep(1000);
  },
  endless: async ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    Readable.from(endlessly()).pipe(response);
    await once(response, 'close');
  },
  'endless-headers': async ({ response }) => {
    response.socket!.write('HTTP/1.1 200 OK\r\n');
    while (!response.socket!.destroyed) {
      response.socket!.write(`x-more: ${'y'.repeat(4096)}\r\n`);
      await sleep(1);
    }
  },
  /** 16 MiB of zeros in 16 KiB. */
  bomb: async ({ response }) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(gzipSync(Buffer.alloc(16 * 1024 * 1024), { level: 9 }));
  },
  /** What cannot be unpacked in a way that one could know beforehand. */
  'odd-compression': async ({ response, body }) => {
    response.writeHead(200, { 'content-encoding': 'br' });
    response.end(body);
  },
  error: async ({ response }) => {
    response.writeHead(500, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code: 'x', title: '\u001b[2J', detail: '\u001b]0;owned\u0007' }));
  },
} satisfies Record<string, Attack>;

export type AttackName = keyof typeof ATTACKS;

async function main(options: HostileOptions): Promise<void> {
  const server = createServer(async (request, response) => {
    const [, attack = '', path = '/'] = /^\/([a-z-]+)(\/.*)$/.exec(request.url ?? '') ?? [];
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const upstream = await fetch(`${options.upstream}${path}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': request.headers['content-type'] ?? 'application/octet-stream' },
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    const body = Buffer.from(await upstream.arrayBuffer());
    const answer = await ATTACKS[attack as AttackName]({ path, request, response, status: upstream.status, body, options });
    if (response.headersSent || response.writableEnded || response.destroyed) return;
    if (answer === null) response.writeHead(404).end();
    else response.writeHead(upstream.status, { 'content-type': upstream.headers.get('content-type') ?? '' }).end(answer ?? body);
  });
  server.listen(0, '127.0.0.1', () => sayReady((server.address() as AddressInfo).port));
}

if (import.meta.main) await main(JSON.parse(process.argv[2]!) as HostileOptions);
