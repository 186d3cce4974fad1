/** C2SP tlog-mirror, rule by rule, through a real listener. */
import { gzipSync } from 'node:zlib';
import { concatBytes, decodeBundle, formatEntryPackage, openNote, parseMirrorInfo, parseVkey, utf8Encode } from '@verbatim/tlog';
import { generateSeed, verifyEd25519 } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import { TestLog } from './_log.ts';
import { prepareMirror, startTestMirror, type MirrorClient, type TestFolder } from './_mirror.ts';

const seed = generateSeed();
const log = new TestLog({ seed });
/** The same log's other face. */
const fork = new TestLog({ seed, history: 'b', forkAt: 300 });
const MIRROR_INFO = 'text/x.tlog.mirror-info';

interface Setting extends TestFolder {
  readonly mirror: MirrorClient & AsyncDisposable;
  readonly vkey: string;
}

/** A mirror whose pending checkpoint is at `pending`, and which has mirrored up to `mirrored`. */
async function setUp({ pending = 0, mirrored = 0, more = '' } = {}): Promise<Setting> {
  const prepared = await prepareMirror([log], more);
  const mirror = await startTestMirror(prepared);
  const setting = { ...prepared, mirror, vkey: prepared.vkeys[0]! };
  if (mirrored > 0) await mirrorUpTo(setting, 0, mirrored);
  if (pending > mirrored) expect((await mirror.addCheckpoint(log.request(mirrored, pending))).status).toBe(200);
  return setting;
}

async function mirrorUpTo({ mirror }: Setting, from: number, to: number): Promise<void> {
  expect((await mirror.addCheckpoint(log.request(from, to))).status).toBe(200);
  expect(await mirror.addEntries(log.upload(from, to))).toMatchObject({ status: 200 });
}

/** The lines are cosignatures of the log's checkpoint of this size. */
function expectCosigned(lines: string, size: number, ...vkeys: readonly string[]): void {
  const note = concatBytes(log.checkpoint(size), utf8Encode(lines));
  expect(openNote(note, vkeys.map(parseVkey), verifyEd25519).verified).toHaveLength(vkeys.length);
}

test('a checkpoint, its entries, a cosignature; then everything is served as tiles', async () => {
  const { mirror, vkey } = await setUp({ pending: 700 });
  expect(await mirror.size(log.origin)).toBeNull();
  const answer = await mirror.addEntries(log.upload(0, 700));
  expect(answer.status).toBe(200);
  expectCosigned(answer.body, 700, vkey);
  expect(await mirror.size(log.origin, log.vkey, vkey)).toBe(700);
  for (const path of ['tile/entries/000', 'tile/entries/002.p/188', 'tile/0/001', 'tile/0/002.p/188', 'tile/1/000.p/2']) {
    const served = await mirror.read(log.origin, path);
    expect(served.headers.get('access-control-allow-origin')).toBe('*');
    expect(new Uint8Array(await served.arrayBuffer()), path).toEqual(log.files.get(path));
  }
  const beyond = await mirror.read(log.origin, 'tile/entries/002.p/189');
  expect(beyond.status).toBe(404);
});

test('add-checkpoint alone signs nothing and serves nothing', async () => {
  const { mirror } = await setUp();
  expect(await mirror.addCheckpoint(log.request(0, 5))).toMatchObject({ status: 200, body: '' });
  expect(await mirror.size(log.origin)).toBeNull();
  expect((await mirror.read(log.origin, 'tile/entries/000.p/5')).status).toBe(404);
});

test('add-checkpoint refuses as a witness does', async () => {
  const { mirror } = await setUp({ pending: 400 });
  const stranger = new TestLog({ origin: 'example.org/stranger', size: 3 });
  expect((await mirror.addCheckpoint(log.request(5, 8))).body).toBe('400\n');
  expect(await mirror.addCheckpoint(log.request(5, 8))).toMatchObject({ status: 409, type: 'text/x.tlog.size' });
  expect((await mirror.addCheckpoint(stranger.request(0, 3))).status).toBe(404);
  expect((await mirror.addCheckpoint(fork.request(400, 500))).status).toBe(422);
  expect((await mirror.addCheckpoint(fork.request(400, 400))).status).toBe(422);
  expect((await mirror.addCheckpoint(utf8Encode('old x\n\n'))).status).toBe(400);
});

test('a log of which nothing is known yet', async () => {
  const { mirror } = await setUp();
  expect(await mirror.addEntries(log.upload(0, 5))).toMatchObject({ status: 422, type: 'application/problem+json' });
  const stranger = new TestLog({ origin: 'example.org/stranger', size: 3 });
  expect((await mirror.addEntries(stranger.upload(0, 3))).status).toBe(404);
});

test('an empty log is mirrored too, and grows from there', async () => {
  const setting = await setUp();
  expect((await setting.mirror.addCheckpoint(log.request(0, 0))).status).toBe(200);
  const answer = await setting.mirror.addEntries(log.header(0, 0));
  expectCosigned(answer.body, 0, setting.vkey);
  expect(await setting.mirror.size(log.origin, setting.vkey)).toBe(0);
  await mirrorUpTo(setting, 0, 3);
});

test('every answer to an upload says that gzip is taken', async () => {
  const { mirror } = await setUp({ pending: 5 });
  for (const body of [log.upload(0, 5), log.header(9, 9), log.header(0, 5), new Uint8Array()]) {
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await fetch(`${mirror.url}/add-entries`, { method: 'POST', body: body as BodyInit, headers });
    expect(answer.headers.get('accept-encoding'), String(answer.status)).toBe('gzip');
  }
});

test('both keys cosign, if there are two', async () => {
  const { mirror, vkeys } = await setUp({ pending: 5, more: 'ml_dsa_key_file = "mirror-pq.key"\n' });
  const { body } = await mirror.addEntries(log.upload(0, 5));
  expectCosigned(body, 5, ...vkeys);
  expect(vkeys).toHaveLength(2);
  expect(await mirror.size(log.origin, log.vkey, ...vkeys)).toBe(5);
});

test('growth in steps of every kind: within a bundle, up to its end, over several', async () => {
  const setting = await setUp();
  const sizes = [1, 2, 200, 255, 256, 257, 511, 512, 513, 900, 1200];
  for (const [i, size] of sizes.entries()) await mirrorUpTo(setting, i === 0 ? 0 : sizes[i - 1]!, size);
  const last = await setting.mirror.read(log.origin, 'tile/entries/004.p/176');
  expect(decodeBundle(new Uint8Array(await last.arrayBuffer()), 176)).toEqual(log.entries.slice(1024));
});

test('a beginning of the packages is kept: 202 tells where to go on, and with which ticket', async () => {
  const { mirror, vkey } = await setUp({ pending: 1000 });
  const first = await mirror.addEntries(log.upload(0, 1000, { count: 2 }));
  expect([first.status, first.type]).toEqual([202, MIRROR_INFO]);
  const { pending, next, ticket } = parseMirrorInfo(first.body);
  expect([pending, next]).toEqual([1000n, 512n]);
  expect(await mirror.size(log.origin)).toBeNull();
  const rest = await mirror.addEntries(log.upload(512, 1000, { ticket }));
  expectCosigned(rest.body, 1000, vkey);
});

test('cut in the middle of a package: what was whole before it is kept', async () => {
  const { mirror } = await setUp({ pending: 1000 });
  const packages = log.packages(0, 1000);
  const cut = concatBytes(log.header(0, 1000), packages[0]!, packages[1]!.subarray(0, packages[1]!.length - 5));
  const answer = await mirror.addEntries(cut);
  expect([answer.status, parseMirrorInfo(answer.body).next]).toEqual([202, 256n]);
});

test('nothing whole in the body: 400', async () => {
  const { mirror } = await setUp({ pending: 1000 });
  const whole = log.upload(0, 1000);
  const header = log.header(0, 1000).length;
  for (const length of [0, 1, 5, header - 1, header, header + 1, header + 400]) {
    expect((await mirror.addEntries(whole.slice(0, length))).status, `${length} bytes`).toBe(400);
  }
  expect((await mirror.info(log.header(1000, 1000))).next).toBe(0n);
});

test.each([
  ['an end before its start', log.header(0, 9).with(2 + log.origin.length + 7, 10)],
  ['an origin that is not UTF-8', concatBytes(Uint8Array.of(0, 1, 0xff), new Uint8Array(18))],
  ['a start beyond 2^63', log.header(0, 5).with(2 + log.origin.length, 0x80)],
  [
    '64 proof hashes',
    concatBytes(log.header(0, 5), formatEntryPackage({ entries: log.entries.slice(0, 5), proof: [] }).slice(0, -1), Uint8Array.of(64)),
  ],
])('malformed: %s', async (_, body) => {
  const { mirror } = await setUp({ pending: 5 });
  expect((await mirror.addEntries(body)).status).toBe(400);
});

test('another Content-Type or encoding is refused; gzip is taken', async () => {
  const { mirror } = await setUp({ pending: 300 });
  const body = log.upload(0, 300);
  expect((await mirror.addEntries(body, { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await mirror.addEntries(body, { 'content-encoding': 'br' })).status).toBe(415);
  expect((await mirror.addEntries(body, { 'content-encoding': 'gzip' })).status).toBe(400);
  const zipped = gzipSync(body);
  // Cut in its second package: the first is kept.
  expect((await mirror.addEntries(zipped.subarray(0, zipped.length - 20), { 'content-encoding': 'gzip' })).status).toBe(202);
  expect((await mirror.addEntries(zipped, { 'content-encoding': 'gzip' })).status).toBe(200);
});

test('entries that the proof does not cover are refused, and those before them kept', async () => {
  const { mirror } = await setUp({ pending: 1000 });
  const lie = fork.packages(0, 1000);
  const answer = await mirror.addEntries(concatBytes(log.header(0, 1000), log.packages(0, 1000)[0]!, lie[1]!));
  expect([answer.status, answer.type]).toEqual([422, 'application/problem+json']);
  const { next } = await mirror.info(log.header(1000, 1000));
  expect(next).toBe(256n);
  expect((await mirror.addEntries(log.upload(256, 1000))).status).toBe(200);
});

test.each([
  ['an entry changed', (bytes: Uint8Array) => bytes.with(20, bytes[20]! ^ 1)],
  ['a hash of the proof changed', (bytes: Uint8Array) => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1)],
])('%s: 422, and nothing is stored', async (_, change) => {
  const { mirror } = await setUp({ pending: 700 });
  const [first] = log.packages(0, 700);
  expect((await mirror.addEntries(concatBytes(log.header(0, 700), change(first!)))).status).toBe(422);
  expect((await mirror.info(log.header(700, 700))).next).toBe(0n);
});

test('409 for an end that is no pending checkpoint, behind the mirror, or a start that leaves a gap or repeats too much', async () => {
  const setting = await setUp({ pending: 1000, mirrored: 700 });
  const { mirror } = setting;
  expect(await mirror.info(log.header(700, 999))).toMatchObject({ pending: 1000n, next: 700n });
  expect(await mirror.info(log.header(0, 600))).toMatchObject({ pending: 1000n, next: 700n });
  expect(await mirror.info(log.header(701, 1000))).toMatchObject({ pending: 1000n, next: 700n });
  const long = new TestLog({ origin: 'example.org/long', size: 2400 });
  const prepared = await prepareMirror([long]);
  const other = await startTestMirror(prepared);
  await other.addCheckpoint(long.request(0, 2100));
  expect((await other.addEntries(long.upload(0, 2100))).status).toBe(200);
  await other.addCheckpoint(long.request(2100, 2400));
  expect(await other.info(long.header(0, 2400))).toMatchObject({ pending: 2400n, next: 2100n });
  expect((await other.addEntries(long.upload(52, 2400))).status).toBe(200);
});

test('a ticket makes an earlier pending checkpoint good again; nobody can make one up', async () => {
  const { mirror, vkey } = await setUp({ pending: 600 });
  const { ticket } = parseMirrorInfo((await mirror.addEntries(log.upload(0, 600, { count: 1 }))).body);
  expect((await mirror.addCheckpoint(log.request(600, 1000))).status).toBe(200);
  // The mirror is at 1000 now: without the ticket it does not know 600.
  expect(await mirror.info(log.header(256, 600))).toMatchObject({ pending: 1000n, next: 256n });
  for (let at = 0; at < ticket.length; at += 17) {
    expect(await mirror.info(log.header(256, 600, ticket.with(at, ticket[at]! ^ 1)))).toMatchObject({ pending: 1000n });
  }
  const answer = await mirror.addEntries(log.upload(256, 600, { ticket }));
  expectCosigned(answer.body, 600, vkey);
  expect(await mirror.size(log.origin, vkey)).toBe(600);
});

test("a ticket of one log is worth nothing for another, nor another mirror's", async () => {
  const twin = new TestLog({ origin: 'example.org/twin', size: 900 });
  const prepared = await prepareMirror([log, twin]);
  const mirror = await startTestMirror(prepared);
  for (const each of [log, twin]) await mirror.addCheckpoint(each.request(0, 600));
  const { ticket } = parseMirrorInfo((await mirror.addEntries(log.upload(0, 600, { count: 1 }))).body);
  for (const each of [log, twin]) await mirror.addCheckpoint(each.request(600, 900));
  expect((await mirror.addEntries(twin.upload(0, 600, { ticket }))).status).toBe(409);
  const { mirror: stranger } = await setUp({ pending: 900 });
  expect((await stranger.addEntries(log.upload(0, 600, { ticket }))).status).toBe(409);
});

test('an upload that another one overtook never takes the mirror back', async () => {
  const { mirror } = await setUp({ pending: 600 });
  const { ticket } = parseMirrorInfo((await mirror.addEntries(log.upload(0, 600, { count: 1 }))).body);
  await mirror.addCheckpoint(log.request(600, 1000));
  expect((await mirror.addEntries(log.upload(256, 1000))).status).toBe(200);
  expect(await mirror.info(log.header(512, 600, ticket))).toMatchObject({ pending: 1000n, next: 1000n });
  expect(await mirror.size(log.origin)).toBe(1000);
});

test('a checkpoint behind what is stored can still be cosigned: its own partial tiles are made', async () => {
  const { mirror, vkey } = await setUp({ pending: 600 });
  const { ticket } = parseMirrorInfo((await mirror.addEntries(log.upload(0, 600, { count: 1 }))).body);
  await mirror.addCheckpoint(log.request(600, 1200));
  expect((await mirror.addEntries(log.upload(256, 1200, { count: 3 }))).status).toBe(202);
  const answer = await mirror.addEntries(log.upload(512, 600, { ticket }));
  expectCosigned(answer.body, 600, vkey);
  const bundle = await mirror.read(log.origin, 'tile/entries/002.p/88');
  expect(decodeBundle(new Uint8Array(await bundle.arrayBuffer()), 88)).toEqual(log.entries.slice(512, 600));
  for (const path of ['tile/0/002.p/88', 'tile/1/000.p/2']) expect((await mirror.read(log.origin, path)).status).toBe(200);
});

test('asked again for what it has cosigned, it cosigns afresh, and its time never goes back', async () => {
  const prepared = await prepareMirror([log]);
  const clock = { now: 1000n };
  const mirror = await startTestMirror(prepared, { now: () => clock.now });
  await mirror.addCheckpoint(log.request(0, 5));
  const lines: string[] = [];
  for (const now of [1000n, 1000n, 2000n, 1500n, 0n]) {
    clock.now = now;
    lines.push((await mirror.addEntries(log.upload(lines.length === 0 ? 0 : 5, 5))).body);
  }
  const times = lines.map((line) =>
    new DataView(
      openNote(concatBytes(log.checkpoint(5), utf8Encode(line)), [parseVkey(prepared.vkeys[0]!)], verifyEd25519).verified[0]!.signature
        .buffer,
    ).getBigUint64(0),
  );
  expect(times).toEqual([1000n, 1000n, 2000n, 2000n, 2000n]);
});

test('a log that shows two histories: the mirror stays on its own, and keeps both checkpoints', async () => {
  const { mirror } = await setUp({ mirrored: 500 });
  expect((await mirror.addCheckpoint(fork.request(500, 500))).status).toBe(422);
  // Smaller than the pending one: 409 for the client, but a contradiction of what is stored all the same.
  expect((await mirror.addCheckpoint(fork.request(0, 400))).status).toBe(409);
  expect((await mirror.addCheckpoint(log.request(0, 400))).status).toBe(409);
  const metrics = await (await fetch(`${mirror.metricsUrl}/metrics`)).text();
  expect(metrics).toContain(`mirror_split_views_total{origin="${log.origin}"} 2`);
  expect(await mirror.size(log.origin)).toBe(500);
  await mirrorUpTo({ mirror } as Setting, 500, 600);
});
