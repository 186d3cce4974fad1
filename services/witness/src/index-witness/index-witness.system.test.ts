/** The index-witness as a process, killed while it audits. */
import { makeControl } from '@verbatim/statements';
import { ADMIN, anEnrolment, Scene, testSigner, type InMemoryLog } from '@verbatim/testkit';
import { expect, test } from 'vitest';
import { ask, askUntilDone, prepareIndexWitness, requestOf, serveLog, type ServedLog } from '../_index-witness.ts';
import { cosignedAt, spawnWitness, type WitnessProcess } from '../_witness.ts';

const BUNDLES = 8;

function bigLog(): InMemoryLog {
  const { log } = new Scene();
  while (log.size < BigInt(256 * BUNDLES)) log.addStatement(anEnrolment(testSigner(`rebuilder-${log.size}`)), ADMIN);
  return log;
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
  const log = bigLog();
  log.seal();
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

test('killed while it audits a log with a wrong index root, it never cosigns it, whichever process finds it', async () => {
  const log = bigLog();
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
