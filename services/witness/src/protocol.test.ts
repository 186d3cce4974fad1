/** C2SP tlog-witness at HEAD, row by row, through a real listener. */
import {
  EMPTY_ROOT,
  formatAddCheckpoint,
  formatCheckpoint,
  hashLeaf,
  toBase64,
  toHex,
  sha256,
  utf8Encode,
  concatBytes,
  parseNote,
} from '@verbatim/tlog';
import { generateSeed } from '@verbatim/tlog/node';
import { MAX_ADD_CHECKPOINT_BYTES } from '@verbatim/service-kit';
import { expect, test } from 'vitest';
import { TestLog } from './_log.ts';
import { cosignedAt, startTestWitness, type TestWitness } from './_witness.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const seed = generateSeed();
const log = new TestLog({ seed });
/** The same log's other face. */
const fork = new TestLog({ seed, history: 'b' });
const HASH = toBase64(hashLeaf(utf8Encode('x')));

/** A witness that has cosigned size 5. */
async function witnessAtFive(): Promise<TestWitness> {
  const witness = await startTestWitness([log.vkey]);
  expect((await witness.post(log.request(0, 5))).status).toBe(200);
  return witness;
}

function request(old: string, proof: string[], checkpoint: Uint8Array): Uint8Array {
  return concatBytes(utf8Encode(`${old}\n${proof.map((line) => `${line}\n`).join('')}\n`), checkpoint);
}

const proofLines = (from: number, to: number, of = log): string[] => of.proof(from, to).map(toBase64);

/** `count` lines that nobody knows, as logs add them to keep clients honest. */
const grease = (count: number, from = 0): Uint8Array =>
  utf8Encode(
    Array.from({ length: count }, (_, i) => `— grease.example/${from + i} ${toBase64(new Uint8Array(68).fill((from + i) % 251))}\n`).join(
      '',
    ),
  );

/** The log's line with one bit of the signature changed. */
function corruptLine(checkpoint: Uint8Array): Uint8Array {
  const [line] = parseNote(checkpoint).signatures;
  const data = new Uint8Array(68);
  new DataView(data.buffer).setUint32(0, line!.keyId);
  data.set(line!.signature, 4);
  data[40]! ^= 1;
  return utf8Encode(`— ${line!.name} ${toBase64(data)}\n`);
}

const withLine = (checkpoint: Uint8Array, line: Uint8Array, first: boolean): Uint8Array => {
  if (!first) return concatBytes(checkpoint, line);
  const { text } = parseNote(checkpoint);
  return concatBytes(utf8Encode(`${text}\n`), line, checkpoint.subarray(utf8Encode(text).length + 1));
};

test('a first checkpoint is cosigned', async () => {
  const witness = await startTestWitness([log.vkey]);
  const answer = await witness.post(log.request(0, 5));
  expect([answer.status, answer.type]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(cosignedAt(log.checkpoint(5), answer.body, witness.vkey)).toBe(1_700_000_000n);
});

test('growth with a valid proof is cosigned, step by step and in leaps', async () => {
  const witness = await witnessAtFive();
  let from = 5;
  for (const to of [6, 7, 8, 16, 17, 31, 33, 64]) {
    const answer = await witness.post(log.request(from, to));
    expect(answer.status).toBe(200);
    cosignedAt(log.checkpoint(to), answer.body, witness.vkey);
    from = to;
  }
});

test('any request Content-Type will do', async () => {
  const witness = await startTestWitness([log.vkey]);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body: log.request(0, 5) as BodyInit, headers });
  expect(answer.status).toBe(200);
});

test.each([
  ['repeated with old 0', request('old 0', [], log.checkpoint(5))],
  ['stale: old 3', log.request(3, 8)],
  ['old ahead of the witness', log.request(6, 8)],
  ['old 0 with a proof', request('old 0', [HASH], log.checkpoint(8))],
  ['old 0 and another history', request('old 0', [], fork.checkpoint(8))],
])('409 with the size in the exact form: %s', async (_, body) => {
  expect(await (await witnessAtFive()).post(body)).toEqual({ status: 409, type: 'text/x.tlog.size', body: '5\n' });
});

test('a fresh witness tells a client that is ahead of it: 409 with 0', async () => {
  const witness = await startTestWitness([log.vkey]);
  expect(await witness.post(log.request(5, 8))).toEqual({ status: 409, type: 'text/x.tlog.size', body: '0\n' });
});

interface Refusal {
  name: string;
  body: Uint8Array | string;
  status: number;
  code: string;
}

const five = log.checkpoint(5);
const eight = log.checkpoint(8);
const signed = (lines: string): Uint8Array => log.sign(lines);
const stranger = new TestLog({ origin: 'example.org/stranger' });
const impostor = new TestLog();

const refusals: Refusal[] = [
  { name: 'an empty proof', body: request('old 5', [], eight), status: 422, code: 'bad-proof' },
  {
    name: 'a proof with a wrong hash',
    body: request('old 5', [HASH, ...proofLines(5, 8).slice(1)], eight),
    status: 422,
    code: 'bad-proof',
  },
  { name: 'a proof with a hash too many', body: request('old 5', [...proofLines(5, 8), HASH], eight), status: 422, code: 'bad-proof' },
  { name: 'a proof with a hash too few', body: request('old 5', proofLines(5, 8).slice(0, -1), eight), status: 422, code: 'bad-proof' },
  { name: 'a proof of 63 hashes', body: request('old 5', Array<string>(63).fill(HASH), eight), status: 422, code: 'bad-proof' },
  { name: 'a proof for the same size', body: request('old 5', [HASH], five), status: 422, code: 'bad-proof' },
  { name: 'a split view of the same size', body: fork.request(5, 5), status: 422, code: 'split-view' },
  { name: 'the growth of a fork', body: fork.request(5, 8), status: 422, code: 'bad-proof' },
  { name: 'size 0 with a wrong root', body: request('old 0', [], log.checkpoint(0, log.root(5))), status: 422, code: 'bad-empty-root' },
  { name: 'rollback: old 9, size 5', body: request('old 9', [], five), status: 400, code: 'old-size-ahead' },
  { name: 'rollback to size 0', body: request('old 5', [], log.checkpoint(0)), status: 400, code: 'old-size-ahead' },
  { name: 'an unknown origin', body: stranger.request(0, 5), status: 404, code: 'unknown-origin' },
  {
    name: "a bad signature of the log's key",
    body: request('old 5', proofLines(5, 8), withoutLogLine(eight, corruptLine(eight))),
    status: 403,
    code: 'bad-signature',
  },
  { name: 'another key of the same name', body: impostor.request(5, 8), status: 403, code: 'not-signed' },
  { name: 'unknown signatures only', body: request('old 5', [], withoutLogLine(eight, grease(3))), status: 403, code: 'not-signed' },
  {
    name: "the log's line and then a corrupt one of the same key",
    body: request('old 5', proofLines(5, 8), withLine(eight, corruptLine(eight), false)),
    status: 403,
    code: 'bad-signature',
  },
  {
    name: "a corrupt line and then the log's",
    body: request('old 5', proofLines(5, 8), withLine(eight, corruptLine(eight), true)),
    status: 403,
    code: 'bad-signature',
  },
  {
    name: "the log's line twice",
    body: request('old 5', proofLines(5, 8), withLine(eight, eight.subarray(eight.lastIndexOf(0xe2)), false)),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'an unknown line twice',
    body: request('old 5', proofLines(5, 8), concatBytes(eight, grease(1), grease(1))),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'a note without signatures',
    body: request('old 5', [], utf8Encode(`${parseNote(five).text}\n`)),
    status: 400,
    code: 'malformed',
  },
  { name: 'a note without a blank line', body: request('old 5', [], utf8Encode(parseNote(five).text)), status: 400, code: 'malformed' },
  {
    name: 'more than 100 signature lines',
    body: request('old 5', proofLines(5, 8), concatBytes(eight, grease(100))),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'a note without its final newline',
    body: request('old 5', proofLines(5, 8), eight.slice(0, -1)),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'a blank line after the note',
    body: request('old 5', proofLines(5, 8), concatBytes(eight, utf8Encode('\n'))),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'invalid UTF-8 in the note',
    body: request('old 5', [], concatBytes(eight, Uint8Array.of(0xff, 0x0a))),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'an extension line',
    body: request('old 5', [], signed(`${parseNote(five).text}extension\n`)),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'a size with a leading zero',
    body: request('old 7', [], signed(`${log.origin}\n08\n${HASH}\n`)),
    status: 400,
    code: 'malformed',
  },
  { name: 'a size of 2^63', body: request('old 7', [], signed(`${log.origin}\n${1n << 63n}\n${HASH}\n`)), status: 400, code: 'malformed' },
  {
    name: 'a root of 31 bytes',
    body: request('old 7', [], signed(`${log.origin}\n8\n${toBase64(new Uint8Array(31))}\n`)),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'a root in non-canonical base64',
    body: request('old 7', [], signed(`${log.origin}\n8\n${HASH.slice(0, -2)}B=\n`)),
    status: 400,
    code: 'malformed',
  },
  {
    name: 'CRLF in the checkpoint',
    body: request('old 5', [], utf8Encode(text(five).replaceAll('\n', '\r\n'))),
    status: 400,
    code: 'malformed',
  },
  { name: 'CRLF everywhere', body: text(request('old 5', [], five)).replaceAll('\n', '\r\n'), status: 400, code: 'malformed' },
  { name: 'CRLF after old', body: request('old 5\r', [], five), status: 400, code: 'malformed' },
  ...[
    'old 007',
    'old +5',
    'old 0x5',
    'old 5 ',
    'old  5',
    'old -1',
    'old 05',
    'old 5.0',
    'old 5e0',
    'old',
    'old ',
    'Old 5',
    'old five',
    ' old 5',
    'old ٥',
    'old 5\t',
  ].map((old) => ({ name: JSON.stringify(old), body: request(old, [], five), status: 400, code: 'malformed' })),
  { name: 'old 2^63', body: request(`old ${1n << 63n}`, [], five), status: 400, code: 'malformed' },
  { name: 'old with 10,000 digits', body: request(`old ${'9'.repeat(10_000)}`, [], five), status: 400, code: 'malformed' },
  { name: 'no old line', body: five, status: 400, code: 'malformed' },
  { name: 'a blank line first', body: request('', [], five), status: 400, code: 'malformed' },
  { name: 'an empty body', body: '', status: 400, code: 'malformed' },
  { name: 'only an old line', body: 'old 5\n', status: 400, code: 'malformed' },
  { name: 'an old line and nothing', body: 'old 5\n\n', status: 400, code: 'malformed' },
  { name: 'no blank line before the checkpoint', body: concatBytes(utf8Encode('old 5\n'), five), status: 400, code: 'malformed' },
  {
    name: 'two blank lines before the checkpoint',
    body: request('old 5', [], concatBytes(utf8Encode('\n'), five)),
    status: 400,
    code: 'malformed',
  },
  {
    name: '64 proof lines while the old size is wrong',
    body: request('old 3', Array<string>(64).fill(HASH), eight),
    status: 400,
    code: 'malformed',
  },
  ...[
    HASH.slice(0, -1),
    `${HASH.slice(0, -2)}B=`,
    HASH.replaceAll('/', '_').replaceAll('+', '-').replace(/^./, '-'),
    ` ${HASH}`,
    `${HASH} `,
    `${HASH}=`,
    toBase64(new Uint8Array(31)),
    toBase64(new Uint8Array(33)),
    'x',
  ].map((line) => ({
    name: `a proof line ${JSON.stringify(line)}`,
    body: request('old 5', [line], eight),
    status: 400,
    code: 'malformed',
  })),
];

function withoutLogLine(checkpoint: Uint8Array, lines: Uint8Array): Uint8Array {
  return concatBytes(utf8Encode(`${parseNote(checkpoint).text}\n`), lines);
}

test('every malformed or unacceptable request gets its status, is explained, and changes nothing', async () => {
  const witness = await witnessAtFive();
  const before = await (await witness.read(log.origin)).text();
  for (const { name, body, status, code } of refusals) {
    const answer = await witness.post(body);
    expect({ name, status: answer.status, type: answer.type }).toEqual({ name, status, type: 'application/problem+json' });
    const problem = JSON.parse(answer.body) as { status: number; code: string; detail: string };
    expect(problem.status).toBe(status);
    expect({ name, code: problem.code }).toEqual({ name, code });
    expect(problem.detail.length).toBeGreaterThan(10);
    expect(answer.body).not.toContain('—');
  }
  expect(await (await witness.read(log.origin)).text()).toBe(before);
  // And it still works.
  expect((await witness.post(log.request(5, 8))).status).toBe(200);
});

test('old 0 with a proof is 422 for a witness that has cosigned nothing', async () => {
  const witness = await startTestWitness([log.vkey]);
  const answer = await witness.post(request('old 0', [HASH], five));
  expect([answer.status, JSON.parse(answer.body)]).toEqual([422, expect.objectContaining({ code: 'bad-proof' })]);
  expect((await witness.post(request('old 0', [HASH], log.checkpoint(0)))).status).toBe(422);
});

test('the empty tree is cosigned, repeatedly, and any tree continues it', async () => {
  const witness = await startTestWitness([log.vkey]);
  for (let i = 0; i < 2; i++) expect((await witness.post(request('old 0', [], log.checkpoint(0, EMPTY_ROOT)))).status).toBe(200);
  expect((await witness.post(log.request(0, 5))).status).toBe(200);
});

test('a body over the limit is 413, one at the limit is read', async () => {
  const witness = await witnessAtFive();
  expect((await witness.post(new Uint8Array(MAX_ADD_CHECKPOINT_BYTES + 1))).status).toBe(413);
  expect((await witness.post(new Uint8Array(MAX_ADD_CHECKPOINT_BYTES))).status).toBe(400);
  expect((await witness.post(log.request(5, 8))).status).toBe(200);
});

test.each([20, 98, 99])("%i unknown lines beside the log's are ignored, and not kept", async (count) => {
  const witness = await witnessAtFive();
  const body = request('old 5', proofLines(5, 8), concatBytes(eight, grease(count)));
  const answer = await witness.post(body);
  expect(answer.status).toBe(200);
  cosignedAt(eight, answer.body, witness.vkey);
  const { signatures } = parseNote(utf8Encode(await (await witness.read(log.origin)).text()));
  expect(signatures.map(({ name }) => name)).toEqual([log.origin, 'example.org/witness']);
});

test('a dozen ML-DSA cosignatures of others fit into a request', async () => {
  const witness = await witnessAtFive();
  const lines = Array.from({ length: 12 }, (_, i) => `— w.example/${i} ${toBase64(new Uint8Array(4 + 8 + 2420).fill(i))}\n`).join('');
  const answer = await witness.post(request('old 5', proofLines(5, 8), concatBytes(eight, utf8Encode(lines))));
  expect(answer.status).toBe(200);
});

test('other methods are 405 and say what is allowed', async () => {
  const witness = await startTestWitness([log.vkey]);
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const answer = await fetch(`${witness.url}/add-checkpoint`, { method });
    expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'POST']);
  }
  const read = await fetch(`${witness.url}/${'0'.repeat(64)}/checkpoint`, { method: 'POST' });
  expect([read.status, read.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

test('the monitor reads the last checkpoint with the signatures of log and witness', async () => {
  const witness = await startTestWitness([log.vkey]);
  expect((await witness.read(log.origin)).status).toBe(404);
  const answer = await witness.post(log.request(0, 5));
  const read = await witness.read(log.origin);
  expect([read.status, read.headers.get('content-type'), read.headers.get('access-control-allow-origin')]).toEqual([
    200,
    'text/plain; charset=utf-8',
    '*',
  ]);
  expect(await read.text()).toBe(`${text(five)}${answer.body}`);
  await witness.post(log.request(5, 8));
  expect(await (await witness.read(log.origin)).text()).toContain(text(eight));
});

test.each([
  ['an unknown origin', toHex(sha256(utf8Encode('example.org/other')))],
  ['upper case', toHex(sha256(utf8Encode(log.origin))).toUpperCase()],
  ['a short hash', toHex(sha256(utf8Encode(log.origin))).slice(1)],
  ['an object member', '__proto__'],
])('nothing to read under %s', async (_, name) => {
  const witness = await witnessAtFive();
  const answer = await fetch(`${witness.url}/${name}/checkpoint`);
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([404, '*']);
});

test('a page of another origin may ask first', async () => {
  const witness = await startTestWitness([log.vkey]);
  const answer = await fetch(`${witness.url}/${'0'.repeat(64)}/checkpoint`, { method: 'OPTIONS' });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
});

test('two checkpoints of one size with different roots are kept as evidence and counted', async () => {
  const witness = await witnessAtFive();
  await witness.post(fork.request(5, 5));
  await witness.post(fork.request(0, 5));
  const metrics = await (await fetch(`${witness.metricsUrl}/metrics`)).text();
  expect(metrics).toContain(`witness_split_views_total{origin="${log.origin}"} 2`);
  expect(metrics).toContain(`witness_add_checkpoint_total{origin="${log.origin}",result="split-view"} 1`);
});

test('ten growths and ten forked ones at once: exactly one 200 a step, one history', async () => {
  const witness = await witnessAtFive();
  let from = 5;
  for (let step = 0; step < 5; step++) {
    const bodies = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? log : fork).request(from, from + 1 + (i >> 1)));
    const answers = await Promise.all(bodies.map((body) => witness.post(body)));
    const winners = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
    expect(winners).toHaveLength(1);
    expect(winners[0]! % 2).toBe(0);
    expect(answers.every(({ status }) => [200, 409, 422].includes(status))).toBe(true);
    from += 1 + (winners[0]! >> 1);
    expect(await witness.post(log.request(0, from))).toMatchObject({ status: 409, body: `${from}\n` });
  }
});

test('several logs, and several keys of one log, are kept apart', async () => {
  const other = new TestLog({ origin: 'example.org/other' });
  const second = new TestLog({ seed: generateSeed() });
  const witness = await startTestWitness([log.vkey, second.vkey, other.vkey]);
  expect((await witness.post(log.request(0, 5))).status).toBe(200);
  expect((await witness.post(other.request(0, 7))).status).toBe(200);
  expect((await witness.post(second.request(5, 8))).status).toBe(200);
  expect(await witness.post(other.request(0, 8))).toMatchObject({ status: 409, body: '7\n' });
  expect(
    await witness.post(
      formatAddCheckpoint({
        oldSize: 0n,
        proof: [],
        checkpoint: other.sign(formatCheckpoint({ origin: log.origin, size: 9n, root: log.root(9) })),
      }),
    ),
  ).toMatchObject({ status: 403 });
});

test('health, metrics and an address for people', async () => {
  const witness = await witnessAtFive();
  const get = async (path: string): Promise<[number, string]> => {
    const answer = await fetch(`${witness.url}${path}`);
    return [answer.status, await answer.text()];
  };
  expect(await get('/livez')).toEqual([200, '{"status":"ok"}']);
  expect(await get('/readyz')).toEqual([200, '{"status":"ok","checks":{"storage":{"ok":true},"clock":{"ok":true}}}']);
  expect((await get('/health'))[0]).toBe(200);
  expect(await get('/')).toEqual([200, expect.stringContaining(witness.vkey)]);
  expect((await get('/metrics'))[0]).toBe(404);
  expect((await get('/sign-subtree'))[0]).toBe(404);
  const metrics = await (await fetch(`${witness.metricsUrl}/metrics`)).text();
  expect(metrics).toContain(`witness_tree_size{origin="${log.origin}"} 5`);
  expect(metrics).toContain(`witness_cosigned_timestamp_seconds{origin="${log.origin}"} 1700000000`);
  expect(metrics).toContain(`witness_add_checkpoint_total{origin="${log.origin}",result="cosigned"} 1`);
  expect(metrics).toMatch(/build_info\{service="witness",version="[^"]+",commit=""\} 1/);
});
