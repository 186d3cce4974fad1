import { loadConfig } from '@verbatim/service-kit';
import { makeControl } from '@verbatim/statements';
import { anEnrolment, ADMIN, forkedLog, InMemoryLog, Scene, testSigner } from '@verbatim/testkit';
import { fromBase64, parseVkey } from '@verbatim/tlog';
import { formatPrivateKey } from '@verbatim/tlog/node';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask, askUntilDone, indexToml, INDEX_NAME, prepareIndexWitness, requestOf, serveLog, type ServedLog } from '../_index-witness.ts';
import { cosignedAt, NAME, prepareWitness, startPrepared, witnessToml } from '../_witness.ts';
import { witnessConfig } from '../config.ts';
import { initWitness } from '../init.ts';

function grownLog(size: bigint): InMemoryLog {
  const { log } = new Scene();
  while (log.size < size - 1n) log.addStatement(anEnrolment(testSigner(`rebuilder-${log.size}`)), ADMIN);
  log.seal();
  return log;
}

async function startAll(log: InMemoryLog, more = '') {
  const served = await serveLog(log);
  const prepared = await prepareIndexWitness(served, more);
  return { served, prepared, ...(await startPrepared(prepared)) };
}

function addWrongRoot(log: InMemoryLog): void {
  const said = { action: 'index-root', origin: log.origin, size: Number(log.size), root: '00'.repeat(32) } as const;
  log.addStatement(makeControl(said), log.signer);
}

/** In the background, without being asked to cosign anything. */
async function untilAudited(metricsUrl: string, size: bigint): Promise<void> {
  const line = new RegExp(`^index_witness_audited_size\\{[^}]*\\} ${size}$`, 'm');
  while (!line.test(await (await fetch(`${metricsUrl}/metrics`)).text())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Until the test lets them go, bundles do not arrive. */
function holdBundles(served: ServedLog): () => void {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  served.override = (path) => (path.startsWith('tile/entries/') ? held.then(() => served.log.read(path)) : undefined);
  return () => {
    served.override = () => undefined;
    release();
  };
}

describe('an index-witness', () => {
  test('cosigns, under its own name and key, what it has audited: the log as it grows', async () => {
    const scene = new Scene();
    const { log } = scene;
    log.seal();
    const { url, prepared, served } = await startAll(log);
    let size = 0n;
    for (const observer of [0, 1, 2]) {
      const { status, body } = await askUntilDone(url, () => requestOf(log, size));
      expect(status).toBe(200);
      expect(cosignedAt(log.checkpoint({ witnesses: [] }), body, prepared.vkey)).toBe(1_700_000_000n);
      size = log.size;
      scene.observe(observer);
      log.seal();
    }
    expect(parseVkey(prepared.vkey)).toMatchObject({ name: INDEX_NAME, type: 4 });
    // Renewing a cosignature costs no reading.
    const asked = served.asked.length;
    expect((await ask(url, requestOf(log, size, size))).status).toBe(200);
    expect(served.asked).toHaveLength(asked);
    // The plain witness beside it knows nothing of this.
    const plain = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: requestOf(log, 0n, size) as BodyInit });
    cosignedAt(log.checkpoint({ size, witnesses: [] }), await plain.text(), prepared.witnessVkey);
  });

  test('never cosigns a size with a wrong index root, nor anything after it, in the next process neither; the evidence is kept', async () => {
    const scene = new Scene();
    const { log } = scene;
    log.seal();
    const { url, stop, prepared, metricsUrl } = await startAll(log);
    const sound = log.size;
    expect((await askUntilDone(url, () => requestOf(log, 0n))).status).toBe(200);
    scene.observe(0, { result: 'differ' });
    addWrongRoot(log);
    const refused = await askUntilDone(url, () => requestOf(log, sound));
    expect(refused).toMatchObject({
      status: 403,
      code: 'wrong-index',
      body: expect.stringContaining(`entry ${log.size - 1n}, wrong-root`) as string,
    });
    expect(await (await fetch(`${metricsUrl}/metrics`)).text()).toContain(`index_witness_alarm{origin="${log.origin}"} 1`);
    // The witness of other logs goes on.
    expect((await fetch(`${url}/index/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    scene.observe(1);
    log.seal();
    expect(await ask(url, requestOf(log, sound))).toMatchObject({ status: 403, code: 'wrong-index' });
    await stop();
    const again = await startPrepared(prepared);
    expect(await ask(again.url, requestOf(log, sound))).toMatchObject({ status: 403, code: 'wrong-index' });
    // Not even what was right when it was cosigned: a renewal would say that all is well.
    expect(await ask(again.url, requestOf(log, sound, sound))).toMatchObject({ status: 403, code: 'wrong-index' });
    const evidence = join(prepared.folder, 'data', 'evidence');
    const [file] = readdirSync(evidence);
    expect(JSON.parse(readFileSync(join(evidence, file!), 'utf8'))).toMatchObject({ code: 'bad-index', finding: { kind: 'wrong-root' } });
  });

  test('never cosigns a size that does not end with an index root', async () => {
    const { log } = new Scene();
    log.seal();
    log.addStatement(anEnrolment(testSigner('another')), ADMIN);
    const { url } = await startAll(log);
    expect(await askUntilDone(url, () => requestOf(log, 0n))).toMatchObject({
      status: 403,
      body: expect.stringContaining('missing-root') as string,
    });
  });

  test('answers 503 with Retry-After while it catches up, and reads on in the background', async () => {
    const log = grownLog(600n);
    const served = await serveLog(log);
    const release = holdBundles(served);
    const prepared = await prepareIndexWitness(served, 'wait_ms = 20\n');
    const { url } = await startPrepared(prepared);
    const first = await ask(url, requestOf(log, 0n));
    expect(first).toMatchObject({ status: 503, code: 'catching-up', retryAfter: '1' });
    expect(first.body).toContain('600 entries');
    // A log that grows meanwhile, and asks as often as it likes, makes it read nothing twice.
    for (let i = 0; i < 2; i++) {
      log.addStatement(anEnrolment(testSigner(`later-${i}`)), ADMIN);
      log.seal();
      expect((await ask(url, requestOf(log, 0n))).status).toBe(503);
    }
    expect(served.asked.filter((path) => path.startsWith('tile/entries/'))).toHaveLength(1);
    release();
    expect((await askUntilDone(url, () => requestOf(log, 0n))).status).toBe(200);
    const bundles = served.asked.filter((path) => /^tile\/entries\/[0-9]{3}$/.test(path));
    expect(bundles).toHaveLength(new Set(bundles).size);
  });

  test('cosigns an older size than it has audited, when the log asks for that', async () => {
    const scene = new Scene();
    const { log } = scene;
    const sizes = [log.seal()];
    for (const observer of [0, 1]) {
      scene.observe(observer);
      sizes.push(log.seal());
    }
    const served = await serveLog(log);
    const prepared = await prepareIndexWitness(served, 'wait_ms = 0\n');
    const { url, metricsUrl } = await startPrepared(prepared);
    await ask(url, requestOf(log, 0n));
    await untilAudited(metricsUrl, log.size);
    expect((await askUntilDone(url, () => requestOf(log, 0n, sizes[0]))).status).toBe(200);
    expect((await askUntilDone(url, () => requestOf(log, sizes[0]!, sizes[1]))).status).toBe(200);
    // In the middle of a batch nothing is published.
    expect(await askUntilDone(url, () => requestOf(log, sizes[1]!, sizes[1]! + 1n))).toMatchObject({ status: 403, code: 'wrong-index' });
  });

  test('cosigns size 0, which a log that begins asks about, and reads nothing for it', async () => {
    const { log } = new Scene();
    log.seal();
    const { url, served } = await startAll(log);
    expect((await ask(url, requestOf(log, 0n, 0n))).status).toBe(200);
    expect(served.asked).toEqual([]);
    expect((await askUntilDone(url, () => requestOf(log, 0n))).status).toBe(200);
  });

  test('takes two histories, both signed, for what they are, even if it cosigned neither, and for good', async () => {
    const scene = new Scene();
    const { log } = scene;
    log.seal();
    const { url, stop, metricsUrl, served, prepared } = await startAll(log, 'wait_ms = 0\n');
    await ask(url, requestOf(log, 0n));
    await untilAudited(metricsUrl, log.size);
    const fork = forkedLog(log, log.size - 2n);
    fork.addStatement(makeControl({ action: 'freeze', origin: fork.origin, reason: 'another history' }), scene.root);
    fork.addStatement(anEnrolment(testSigner('another')), ADMIN);
    fork.seal();
    served.log = fork;
    expect(await askUntilDone(url, () => requestOf(fork, 0n))).toMatchObject({
      status: 403,
      body: expect.stringContaining('two histories') as string,
    });
    expect(readdirSync(join(prepared.folder, 'data', 'evidence'))).toHaveLength(1);
    // The next process knows, whichever it is shown.
    await stop();
    served.log = log;
    const again = await startPrepared(prepared);
    expect(await ask(again.url, requestOf(log, 0n))).toMatchObject({ status: 403, code: 'wrong-index' });
  });

  test.each([
    ['does not answer', () => Promise.resolve(null)],
    ['serves other bytes than it signed', () => Promise.resolve(new Uint8Array(32))],
  ])('cosigns nothing of a log that %s, and everything once it does', async (_how, override) => {
    const log = grownLog(300n);
    const { url, served } = await startAll(log);
    served.override = override;
    expect(await ask(url, requestOf(log, 0n))).toMatchObject({ status: 503, code: 'log-unreadable', retryAfter: '5' });
    served.override = () => undefined;
    expect((await askUntilDone(url, () => requestOf(log, 0n))).status).toBe(200);
  });

  test('takes no other bytes for a second history: an older checkpoint and a bad tile convict nobody', async () => {
    const scene = new Scene();
    const { log } = scene;
    const older = log.seal();
    scene.observe(0);
    log.seal();
    const { url, metricsUrl, served } = await startAll(log, 'wait_ms = 0\n');
    await ask(url, requestOf(log, 0n));
    await untilAudited(metricsUrl, log.size);
    served.override = (path) => (path.startsWith('tile/0/') ? Promise.resolve(new Uint8Array(32 * Number(log.size))) : undefined);
    let said = await ask(url, requestOf(log, 0n, older));
    while (said.code === 'catching-up') said = await ask(url, requestOf(log, 0n, older));
    expect(said).toMatchObject({ status: 503, code: 'log-unreadable' });
    served.override = () => undefined;
    expect((await askUntilDone(url, () => requestOf(log, 0n, older))).status).toBe(200);
    expect((await askUntilDone(url, () => requestOf(log, older))).status).toBe(200);
  });

  test('reads nothing for anybody but the log: neither unsigned nor unproved requests', async () => {
    const { log } = new Scene();
    log.seal();
    const { url, served } = await startAll(log);
    const stranger = new InMemoryLog({ origin: log.origin, signer: testSigner(log.origin, 'stranger') });
    for (let index = 0n; index < log.size; index++) stranger.add(log.entry(index));
    const request = requestOf(stranger, 0n);
    expect((await ask(url, request)).status).toBe(403);
    expect((await ask(url, requestOf(log, 3n))).status).toBe(409);
    expect(served.asked).toEqual([]);
  });

  test('refuses a log that is larger than its operator allows', async () => {
    const log = grownLog(300n);
    const { url, served } = await startAll(log, 'max_entries = 299\n');
    expect(await ask(url, requestOf(log, 0n))).toMatchObject({ status: 403, code: 'log-too-large' });
    expect(served.asked).toEqual([]);
  });
});

describe('the configuration of an index-witness', () => {
  const { log } = new Scene();
  const url = 'http://log.example/';
  const load = async (index: string) => {
    const { config } = await prepareWitness([log.vkey], { init: false });
    writeFileSync(config, `${witnessToml([log.vkey], NAME)}${index}`);
    return loadConfig(witnessConfig, config);
  };

  test.each([
    ["the witness's name", indexToml(log.origin, url).replace(INDEX_NAME, NAME), 'used for nothing else'],
    ["the witness's key", indexToml(log.origin, url).replace('index.key', 'witness.key'), 'used for nothing else'],
    ["a log's name", indexToml(log.origin, url).replace(INDEX_NAME, log.origin), "witness's own name"],
    ['a log without a key', indexToml('other.example/log', url), 'origins of [[logs]]'],
    [
      'a log twice',
      indexToml(log.origin, url).replace('}]', `}, { origin = "${log.origin}", url = "http://b.example" }]`),
      'each origin once',
    ],
    ['an address that is none', indexToml(log.origin, 'log.example'), 'index.logs.0.url'],
  ])('%s is refused', async (_what, index, message) => {
    await expect(load(index)).rejects.toThrow(message);
  });

  test("the witness's key under another name is refused, too", async () => {
    const config = await load(indexToml(log.origin, url));
    await initWitness(config);
    const seed = fromBase64(readFileSync(config.key_file, 'utf8').trim().split('+').slice(4).join('+')).slice(1);
    writeFileSync(config.index!.key_file, `${formatPrivateKey(INDEX_NAME, seed)}\n`);
    await expect(startPrepared({ config: join(config.data_dir, '..', 'witness.toml') })).rejects.toMatchObject({
      code: 'wrong-key',
    });
  });

  test('a key that was a witness before cannot become an index-witness', async () => {
    const { folder, config } = await prepareWitness([log.vkey]);
    const text = witnessToml([log.vkey], 'example.org/other').replace('witness.key', 'other.key').replace('"data"', '"other"');
    writeFileSync(config, `${text}${indexToml(log.origin, url).replace(INDEX_NAME, NAME).replace('index.key', 'witness.key')}`);
    await expect(initWitness(loadConfig(witnessConfig, join(folder, 'witness.toml')))).rejects.toMatchObject({ code: 'state-lost' });
  });
});
