/** The index-witness as a process, killed while it audits. */
import { makeControl } from '@verbatim/statements';
import { ADMIN, anEnrolment, InMemoryLog, Scene, testSigner } from '@verbatim/testkit';
import { expect, test } from 'vitest';
import { ask, askUntilDone, prepareIndexWitness, requestOf, serveLog, type ServedLog } from '../_index-witness.ts';
import { cosignedAt, spawnWitness, type WitnessProcess } from '../_witness.ts';

const BUNDLES = 8;

/** Made once: its last entry is still to come. */
const { log: unsealed } = new Scene();
while (unsealed.size < BigInt(256 * BUNDLES)) unsealed.addStatement(anEnrolment(testSigner(`rebuilder-${unsealed.size}`)), ADMIN);
const honest = copyOf(unsealed);
honest.seal();

function copyOf(log: InMemoryLog): InMemoryLog {
  const copy = new InMemoryLog({ origin: log.origin });
  for (let index = 0n; index < log.size; index++) copy.add(log.entry(index));
  return copy;
}

/** Bundles take their time, and are counted. */
function slowBundles(served: ServedLog): { bundles: string[] } {
  const bundles: string[] = [];
  served.override = async (path) => {
    if (!path.startsWith('tile/entries/')) return served.log.read(path);
    bundles.push(path);
    await new Promise((resolve) => setTimeout(resolve, 40));
    return served.log.read(path);
  };
  return { bundles };
}

async function auditedSize({ metricsUrl }: WitnessProcess): Promise<number> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  return Number(/^index_witness_audited_size\{[^}]*\} ([0-9]+)$/m.exec(text)![1]);
}

/** Killed as often as there is work left, each time a little later after it has begun; the sizes that each process began with. */
async function killWhileAuditing(
  served: ServedLog,
  prepared: Awaited<ReturnType<typeof prepareIndexWitness>>,
  times: number,
): Promise<number[]> {
  const began: number[] = [];
  for (let i = 0; i < times; i++) {
    const witness = await spawnWitness(prepared);
    began.push(await auditedSize(witness));
    expect((await ask(witness.url, requestOf(served.log, 0n))).status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 25 * i));
    witness.process.kill('SIGKILL');
    expect((await witness.exited).signal).toBe('SIGKILL');
  }
  return began;
}

test('killed while it audits, it goes on where it was, and cosigns what is right', async () => {
  const log = honest;
  const served = await serveLog(log);
  const { bundles } = slowBundles(served);
  const prepared = await prepareIndexWitness(served, 'wait_ms = 60\n');
  const began = await killWhileAuditing(served, prepared, 3);
  // Never behind what an earlier process had recorded, and whole bundles at a time.
  expect(began).toEqual(began.toSorted((a, b) => a - b));
  expect(began.every((size) => size % 256 === 0)).toBe(true);
  const witness = await spawnWitness(prepared);
  const { status, body } = await askUntilDone(witness.url, () => requestOf(log, 0n));
  expect(status).toBe(200);
  cosignedAt(log.checkpoint({ witnesses: [] }), body, prepared.vkey);
  // At most the bundle in hand was read again by each.
  expect(bundles.length).toBeLessThanOrEqual(BUNDLES + 1 + 3 * 2);
});

test('when it cannot write what it has audited, it stops and has cosigned nothing; with room again it goes on', async () => {
  const log = honest;
  const served = await serveLog(log);
  const prepared = await prepareIndexWitness(served);
  const full = await spawnWitness(prepared, { fileBlocks: 1000 });
  const said = await ask(full.url, requestOf(log, 0n)).catch(() => null);
  expect(said?.status).not.toBe(200);
  // What reached the disk is unknown now: it has stopped by itself.
  expect(await full.exited).toMatchObject({ code: 1, stderr: expect.stringContaining('SQLITE_IOERR') as string });
  const witness = await spawnWitness(prepared);
  const { status, body } = await askUntilDone(witness.url, () => requestOf(log, 0n));
  expect(status).toBe(200);
  cosignedAt(log.checkpoint({ witnesses: [] }), body, prepared.vkey);
});

test('killed while it audits a log with a wrong index root, it never cosigns it, whichever process finds it', async () => {
  const log = copyOf(unsealed);
  const said = { action: 'index-root', origin: log.origin, size: Number(log.size), root: '00'.repeat(32) } as const;
  log.addStatement(makeControl(said), log.signer);
  const served = await serveLog(log);
  slowBundles(served);
  const prepared = await prepareIndexWitness(served, 'wait_ms = 60\n');
  await killWhileAuditing(served, prepared, 1);
  for (let i = 0; i < 2; i++) {
    const witness = await spawnWitness(prepared);
    const refused = await askUntilDone(witness.url, () => requestOf(log, 0n));
    expect(refused).toMatchObject({ status: 403, code: 'wrong-index' });
    expect((await fetch(`${witness.url}/index/readyz`)).status).toBe(503);
    witness.process.kill('SIGKILL');
    await witness.exited;
  }
});
