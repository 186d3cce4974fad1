import { decodeEnvelope, encodeEnvelope, keyidOf, signStatement } from '@verbatim/statements';
import { InMemoryLog, aRelease, testSigner, withByteChanged } from '@verbatim/testkit';
import { formatTlogProof, fromBase64, toBase64, toHex, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, logKey, serve } from './_support.ts';
import { LogClient, type SubmitResult } from './log-client.ts';

const signer = testSigner('registrar-npm');
const entryOf = (version: string): Uint8Array => signStatement(aRelease({ purl: `pkg:npm/esbuild@${version}` }), [signer]);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}

type Reply = { status: number; body: object; headers?: Record<string, string> };

/** What services/log answers to an accepted entry. */
function published(log: InMemoryLog, index: bigint, duplicate = false): object {
  const checkpoint = log.checkpoint();
  const proof = text(formatTlogProof({ index, proof: log.inclusionProof(index), checkpoint }));
  return { index: Number(index), leafHash: toHex(log.leafHash(index)), duplicate, proof, checkpoint: text(checkpoint) };
}

const problem = (status: number, code: string, extra: object = {}): Reply => ({
  status,
  body: { ...extra, type: `urn:verbatim:problem:${code}`, title: code, status, detail: 'in words', code },
});

async function clientOf(log: InMemoryLog, reply: (path: string, body: Uint8Array, request: IncomingMessage) => Reply): Promise<LogClient> {
  const server = await serve(async (path, request, response: ServerResponse) => {
    const { status, body, headers } = reply(path, await bodyOf(request), request);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  const client = new LogClient({ url: server.url, logKey: logKey(log) });
  onTestFinished(() => client.close());
  return client;
}

describe('submitting an entry', () => {
  it('is published when the log proves it', async () => {
    const log = new InMemoryLog();
    log.add(utf8Encode('earlier'));
    const client = await clientOf(log, (path, body, request) => {
      expect([request.method, path, request.headers['content-type']]).toEqual(['POST', 'entries', 'application/json']);
      return { status: 200, body: published(log, log.add(body)) };
    });
    const entry = entryOf('0.25.0');
    expect(await client.submitEntry(entry)).toMatchObject({
      kind: 'published',
      index: 1n,
      duplicate: false,
      leafHash: toHex(log.leafHash(1n)),
    });
    expect(log.entry(1n)).toEqual(entry);
  });

  it('is a value, whatever the log answers', async () => {
    const log = new InMemoryLog();
    const cases: [reply: Reply, expected: object][] = [
      [
        { ...problem(503, 'not-yet-witnessed', { index: 7, leafHash: 'a'.repeat(64) }), headers: { 'retry-after': '2' } },
        { kind: 'pending', index: 7n, leafHash: 'a'.repeat(64), retryAfterMs: 2000 },
      ],
      [
        { ...problem(503, 'overloaded'), headers: { 'retry-after': '5' } },
        { kind: 'busy', retryAfterMs: 5000, problem: { code: 'overloaded', detail: 'in words' } },
      ],
      [problem(429, 'too-many-requests'), { kind: 'busy', retryAfterMs: 1000 }],
      [problem(403, 'unknown-key'), { kind: 'refused', problem: { status: 403, code: 'unknown-key' } }],
      [problem(409, 'attempt-exists'), { kind: 'refused' }],
      [
        { status: 502, body: {} },
        { kind: 'busy', problem: { code: '', title: 'status 502' } },
      ],
      [{ status: 302, body: {}, headers: { location: '/elsewhere' } }, { kind: 'refused' }],
    ];
    for (const [reply, expected] of cases)
      expect(await (await clientOf(log, () => reply)).submitEntry(entryOf('0.25.0'))).toMatchObject(expected);
  });

  it('is unreachable, and may be repeated, when nobody answers', async () => {
    const client = new LogClient({ url: 'http://127.0.0.1:1', logKey: logKey(new InMemoryLog()) });
    onTestFinished(() => client.close());
    expect(await client.submitEntry(entryOf('0.25.0'))).toMatchObject({ kind: 'unreachable', error: { code: 'unreachable' } });
  });

  it('is misbehaviour when the proof is of something else', async () => {
    const log = new InMemoryLog();
    log.add(utf8Encode('earlier'));
    const entry = entryOf('0.25.0');
    const other = new InMemoryLog({ origin: log.origin, signer: testSigner(log.origin, 'another') });
    for (let i = 0n; i < 2n; i++) other.add(i === 0n ? log.entry(0n) : entry);
    const withEntry = new InMemoryLog();
    withEntry.add(log.entry(0n));
    withEntry.add(entry);
    const good = published(withEntry, 1n);
    const cases: [body: object, code: string][] = [
      [{ ...published(withEntry, 0n), duplicate: false }, 'entry-mismatch'],
      [{ ...good, leafHash: 'a'.repeat(64) }, 'entry-mismatch'],
      [
        {
          ...good,
          index: 0,
          proof: text(formatTlogProof({ index: 0n, proof: withEntry.inclusionProof(1n), checkpoint: withEntry.checkpoint() })),
        },
        'entry-mismatch',
      ],
      [published(other, 1n), 'bad-checkpoint'],
      [{ ...good, index: 5 }, 'malformed'],
      [{ ...good, index: '1' }, 'malformed'],
      [{ ...good, proof: 'nothing' }, 'malformed'],
      [{}, 'malformed'],
      [good, 'accepted'],
    ];
    for (const [body, code] of cases)
      expect(await codeOf((await clientOf(log, () => ({ status: 200, body }))).submitEntry(entry))).toBe(code);
  });

  it('of the same statement again gives the old place, proved', async () => {
    const log = new InMemoryLog();
    const entry = entryOf('0.25.0');
    log.add(entry);
    const client = await clientOf(log, () => ({ status: 200, body: published(log, 0n, true) }));
    expect(await client.submitEntry(entry)).toMatchObject({ kind: 'published', index: 0n, duplicate: true });
  });

  it('of the same statement under another signature of the same key is looked at in its old place', async () => {
    const log = new InMemoryLog();
    const entry = entryOf('0.25.0');
    const envelope = decodeEnvelope(entry);
    log.add(
      encodeEnvelope({ ...envelope, signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: withByteChanged(sig) })) }),
    );
    const client = await clientOf(log, (path) =>
      path === 'entries'
        ? { status: 200, body: published(log, 0n, true) }
        : { status: 200, body: JSON.parse(text(log.entry(0n))) as object },
    );
    expect(await client.submitEntry(entry)).toMatchObject({ kind: 'published', index: 0n, duplicate: true });
  });

  it('is misbehaviour when what is said to be the same statement is another one, so no log can swallow an entry and acknowledge it', async () => {
    for (const other of [
      entryOf('0.25.1'),
      signStatement(aRelease({ purl: 'pkg:npm/esbuild@0.25.0' }), [testSigner('another')]),
      utf8Encode('{}'),
    ]) {
      const log = new InMemoryLog();
      log.add(other);
      const client = await clientOf(log, (path) =>
        path === 'entries' ? { status: 200, body: published(log, 0n, true) } : { status: 200, body: JSON.parse(text(other)) as object },
      );
      expect(await codeOf(client.submitEntry(entryOf('0.25.0')))).toBe('entry-mismatch');
    }
  });
});

describe('a batch', () => {
  const batch = (log: InMemoryLog, indexes: readonly (bigint | Reply)[]): Reply => ({
    status: 200,
    body: {
      checkpoint: text(log.checkpoint()),
      results: indexes.map((index) =>
        typeof index === 'bigint'
          ? {
              status: 200,
              index: Number(index),
              leafHash: toHex(log.leafHash(index)),
              duplicate: false,
              proof: log.inclusionProof(index).map(toBase64),
            }
          : { status: index.status, problem: index.body, ...index.body },
      ),
    },
  });

  it('has a result for each entry, with its proof', async () => {
    const log = new InMemoryLog();
    const entries = ['1.0.0', '1.0.1', '1.0.2'].map(entryOf);
    const client = await clientOf(log, (path, body) => {
      expect(path).toBe('entries/batch');
      const sent = (JSON.parse(text(body)) as { entries: string[] }).entries;
      const indexes = sent.slice(0, 2).map((entry) => log.add(utf8Encode(entry)));
      return batch(log, [...indexes, problem(403, 'out-of-scope')]);
    });
    const results = await client.submitBatch(entries);
    expect(results.map(({ kind }: SubmitResult) => kind)).toEqual(['published', 'published', 'refused']);
    expect(log.entry(1n)).toEqual(entries[1]);
  });

  it('with pending entries says where they are', async () => {
    const client = await clientOf(new InMemoryLog(), () => ({
      status: 200,
      body: {
        checkpoint: null,
        results: [
          {
            status: 503,
            index: 4,
            leafHash: 'b'.repeat(64),
            problem: problem(503, 'not-yet-witnessed', { index: 4, leafHash: 'b'.repeat(64) }).body,
          },
        ],
      },
    }));
    expect(await client.submitBatch([entryOf('1.0.0')])).toMatchObject([{ kind: 'pending', index: 4n }]);
  });

  it('is refused as a whole, or misunderstood, as a whole', async () => {
    const log = new InMemoryLog();
    const two = ['1.0.0', '1.0.1'].map(entryOf);
    expect(await (await clientOf(log, () => problem(413, 'too-large'))).submitBatch(two)).toMatchObject([
      { kind: 'refused' },
      { kind: 'refused' },
    ]);
    const short = await clientOf(log, () => ({ status: 200, body: { checkpoint: '', results: [] } }));
    expect(await codeOf(short.submitBatch(two))).toBe('malformed');
    await expect(short.submitBatch([])).rejects.toThrow(RangeError);
  });

  it('whose proofs belong to each other\u2019s entries is misbehaviour', async () => {
    const log = new InMemoryLog();
    const entries = ['1.0.0', '1.0.1'].map(entryOf);
    for (const entry of entries) log.add(entry);
    expect(await codeOf((await clientOf(log, () => batch(log, [1n, 0n]))).submitBatch(entries))).toBe('entry-mismatch');
  });
});

describe('waiting until an entry is published', () => {
  it('repeats the same submission as the log asks', async () => {
    const log = new InMemoryLog();
    const entry = entryOf('0.25.0');
    log.add(entry);
    let asked = 0;
    const client = await clientOf(log, () =>
      ++asked < 3
        ? { ...problem(503, 'not-yet-witnessed', { index: 0, leafHash: toHex(log.leafHash(0n)) }), headers: { 'retry-after': '0' } }
        : { status: 200, body: published(log, 0n) },
    );
    expect(await client.waitUntilPublished(entry, 10_000)).toMatchObject({ kind: 'published', index: 0n });
    expect(asked).toBe(3);
  });

  it('ends with what it has when time is over', async () => {
    const pending = { ...problem(503, 'not-yet-witnessed', { index: 0, leafHash: 'a'.repeat(64) }), headers: { 'retry-after': '1' } };
    const client = await clientOf(new InMemoryLog(), () => pending);
    expect(await client.waitUntilPublished(entryOf('0.25.0'), 500)).toMatchObject({ kind: 'pending' });
    const refused = await clientOf(new InMemoryLog(), () => problem(403, 'unknown-key'));
    expect(await refused.waitUntilPublished(entryOf('0.25.0'), 60_000)).toMatchObject({ kind: 'refused' });
  });
});

describe('blobs', () => {
  it('are stored under a signature over log, digest and size', async () => {
    const log = new InMemoryLog();
    const bytes = utf8Encode('a build log');
    const client = await clientOf(log, (path, body, request) => {
      expect([request.method, path]).toEqual(['PUT', `blobs/${digest(bytes)}`]);
      expect(body).toEqual(bytes);
      const [keyid, signature] = String(request.headers['x-verbatim-signature']).split(' ');
      expect(keyid).toBe(keyidOf(signer.name, signer.publicKey));
      const message = utf8Encode(`verbatim-blob/v1\n${log.origin}\n${digest(bytes)}\n${bytes.length}\n`);
      expect(verifyEd25519(signer.publicKey, message, fromBase64(signature!))).toBe(true);
      return { status: 201, body: {} };
    });
    expect(await client.putBlob(bytes, signer)).toEqual({ kind: 'stored', sha256: digest(bytes) });
  });

  it('are refused as values, and too large ones are not sent', async () => {
    const client = await clientOf(new InMemoryLog(), () => problem(403, 'unknown-key'));
    expect(await client.putBlob(utf8Encode('x'), signer)).toMatchObject({ kind: 'refused', problem: { code: 'unknown-key' } });
    await expect(client.putBlob(new Uint8Array(8 * 1024 * 1024 + 1), signer)).rejects.toThrow(RangeError);
  });

  it('are compared with their digest when read', async () => {
    const bytes = utf8Encode('a build log');
    const server = await serve((path, _request, response) => {
      if (path.endsWith('0')) response.writeHead(404).end();
      else response.writeHead(200).end(path === `blobs/${digest(bytes)}` ? bytes : withByteChanged(bytes));
    });
    const client = new LogClient({ url: server.url, logKey: logKey(new InMemoryLog()) });
    onTestFinished(() => client.close());
    expect(await client.getBlob(digest(bytes))).toEqual(bytes);
    expect(await client.getBlob('0'.repeat(64))).toBeNull();
    expect(await codeOf(client.getBlob('a'.repeat(64)))).toBe('malformed');
    await expect(client.getBlob('../entries')).rejects.toThrow(RangeError);
  });
});

it('a log is submitted to over http only', () => {
  for (const url of ['file:///tmp/log', 'log.example', 'http://log.example/?x']) {
    expect(() => new LogClient({ url, logKey: logKey(new InMemoryLog()) })).toThrow(/address of a log/);
  }
});
