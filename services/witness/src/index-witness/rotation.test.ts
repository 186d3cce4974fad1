import { makeControl } from '@verbatim/statements';
import { continuedLog, type InMemoryLog, ROOT, Scene, testSigner } from '@verbatim/testkit';
import { formatAddCheckpoint, formatNote, parseNote, sha256, toHex, utf8Encode, type Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { loadConfig } from '@verbatim/service-kit';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ask, askUntilDone, indexToml, prepareIndexWitness, requestOf, serveLog } from '../_index-witness.ts';
import { cosignedAt, NAME, startPrepared, witnessToml } from '../_witness.ts';
import { witnessConfig } from '../config.ts';
import { initWitness } from '../init.ts';

const ROOT_VKEY = vkeyOf(ROOT);

/** A sealed log, the same after it has changed its key and was sealed again, and after more of that. */
function rotatingLog() {
  const scene = new Scene();
  const { log } = scene;
  const next = testSigner(log.origin, '2');
  log.seal();
  const before = continuedLog(log, log.signer);
  const said = { action: 'rotate', origin: log.origin, key: 'log', old: log.vkey, vkey: vkeyOf(next) } as const;
  log.addStatement(makeControl(said), scene.root, next);
  const rotated = continuedLog(log, next);
  rotated.seal();
  const later = continuedLog(rotated, next);
  later.addStatement(makeControl({ action: 'freeze', origin: log.origin, reason: 'It ends.' }), scene.root);
  later.seal();
  return { before, rotated, later, old: log.signer, next };
}

/** As `requestOf`, with a checkpoint that these signed. */
function requestBy(log: InMemoryLog, oldSize: bigint, ...signers: readonly Signer[]): Uint8Array {
  const notes = signers.map((signer) => parseNote(continuedLog(log, signer).checkpoint({ witnesses: [] })));
  const checkpoint = formatNote({ text: notes[0]!.text, signatures: notes.flatMap(({ signatures }) => signatures) });
  const proof = oldSize === 0n ? [] : log.consistencyProof(oldSize, log.size);
  return formatAddCheckpoint({ oldSize, proof, checkpoint });
}

async function started(log: InMemoryLog, { root = ROOT_VKEY, pinned = log.vkey }: { root?: string | null; pinned?: string } = {}) {
  const served = await serveLog(log);
  const prepared = await prepareIndexWitness(served);
  const toml = `${witnessToml([pinned], NAME)}${indexToml(log.origin, served.url)}`;
  writeFileSync(prepared.config, root === null ? toml : toml.replace('" }]', `", root_vkey = "${root}" }]`));
  await initWitness(loadConfig(witnessConfig, prepared.config));
  return { served, prepared, ...(await startPrepared(prepared)) };
}

describe('an index-witness of a log that changes its key', () => {
  test('needs its first key and the root key: it goes on by what the entries say, after a restart too', async () => {
    const { before, rotated, later, old, next } = rotatingLog();
    const { url, served, prepared, stop } = await started(before);
    expect((await askUntilDone(url, () => requestOf(before, 0n))).status).toBe(200);
    served.log = rotated;
    expect((await askUntilDone(url, () => requestBy(rotated, before.size, old, next))).status).toBe(200);
    served.log = later;
    expect(await ask(url, requestBy(later, rotated.size, old))).toMatchObject({ status: 403, code: 'not-signed' });
    await stop();
    const again = await startPrepared(prepared);
    expect(await ask(again.url, requestBy(later, rotated.size, old))).toMatchObject({ status: 403, code: 'not-signed' });
    const { status, body } = await askUntilDone(again.url, () => requestOf(later, rotated.size));
    expect(status).toBe(200);
    cosignedAt(later.checkpoint({ witnesses: [] }), body, prepared.vkey);
  });

  test('finds the new key by itself when it was away, or begins after that', async () => {
    const { before, later, old } = rotatingLog();
    const { url, served } = await started(before);
    expect((await askUntilDone(url, () => requestOf(before, 0n))).status).toBe(200);
    served.log = later;
    expect((await askUntilDone(url, () => requestOf(later, before.size))).status).toBe(200);
    const fresh = await started(later, { pinned: vkeyOf(old) });
    expect((await askUntilDone(fresh.url, () => requestOf(later, 0n))).status).toBe(200);
  });

  test('never cosigns what covers the rotation and has the old key alone', async () => {
    const { before, rotated, old, next } = rotatingLog();
    const { url, served } = await started(before);
    expect((await askUntilDone(url, () => requestOf(before, 0n))).status).toBe(200);
    served.log = rotated;
    expect(await ask(url, requestBy(rotated, before.size, old))).toMatchObject({ status: 503, code: 'log-unreadable' });
    expect((await askUntilDone(url, () => requestBy(rotated, before.size, old, next))).status).toBe(200);
  });

  test('goes on into the successor that the root key named, and audits it from its first entry on, after a restart too', async () => {
    const { log, root } = new Scene();
    const [signer, nextRoot] = [testSigner('next.example/log'), testSigner('next-root')];
    const size = log.seal();
    const next = continuedLog(log, signer);
    const nextServed = await serveLog(next);
    const before = { origin: log.origin, size: Number(size), root: toHex(log.root()) };
    const handingOver = makeControl({
      action: 'successor',
      ...before,
      vkey: next.vkey,
      rootVkey: vkeyOf(nextRoot),
      url: `${nextServed.url}/`,
    });
    const genesis = { action: 'genesis', origin: next.origin, root: vkeyOf(nextRoot), admin: vkeyOf(testSigner('next-admin')) } as const;
    next.addStatement(makeControl({ ...genesis, predecessor: before }), nextRoot);
    next.addStatement(handingOver, root);
    const begun = next.seal();
    const { url, served, prepared, stop } = await started(log);
    expect((await askUntilDone(url, () => requestOf(log, 0n))).status).toBe(200);
    expect((await ask(url, requestOf(next, 0n))).status).toBe(404);
    log.addStatement(handingOver, root);
    log.seal();
    served.log = log;
    expect((await askUntilDone(url, () => requestOf(log, size))).status).toBe(200);
    const { status, body } = await askUntilDone(url, () => requestOf(next, 0n));
    expect(status).toBe(200);
    cosignedAt(next.checkpoint({ witnesses: [] }), body, prepared.vkey);
    await stop();
    // The plain witness needs to be told of it.
    const toml = readFileSync(prepared.config, 'utf8');
    writeFileSync(prepared.config, toml.replace('[index]', `[[logs]]\nvkey = "${next.vkey}"\n[index]`));
    const again = await startPrepared(prepared);
    next.addStatement(makeControl({ action: 'freeze', origin: next.origin, reason: 'It ends.' }), nextRoot);
    next.seal();
    expect((await askUntilDone(again.url, () => requestOf(next, begun))).status).toBe(200);
    const read = await fetch(`${again.url}/index/${toHex(sha256(utf8Encode(next.origin)))}/checkpoint`);
    expect(read.status).toBe(200);
  });

  test.each([
    ['without a root key', null],
    ['by another root key', vkeyOf(testSigner('another-root'))],
  ])('is not led anywhere %s, and does not look again at once', async (_how, root) => {
    const { later, old } = rotatingLog();
    const { url, served } = await started(later, { root, pinned: vkeyOf(old) });
    // However slow the machine is: both ask at the same time.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    onTestFinished(() => clock.mockRestore());
    expect(await ask(url, requestOf(later, 0n))).toMatchObject({ status: 403, code: 'not-signed' });
    const asked = served.asked.length;
    expect(asked > 0).toBe(root !== null);
    expect(await ask(url, requestOf(later, 0n))).toMatchObject({ status: 403, code: 'not-signed' });
    expect(served.asked).toHaveLength(asked);
  });
});
