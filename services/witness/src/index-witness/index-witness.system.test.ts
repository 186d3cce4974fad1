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

/** Bundles come as far as they are let through: beyond that, whoever asks waits. Each process's paths are kept, in the order asked. */
function meteredBundles(served: ServedLog): { letThrough: (count: number) => string[] } {
  let left = 0;
  let asked: string[] = [];
  served.override = async (path) => {
    if (path.startsWith('tile/entries/')) {
      asked.push(path);
      left -= 1;
      // For ever: whoever waits here is killed.
      if (left < 0) await new Promise<never>(() => {});
    }
    return served.log.read(path);
  };
  return {
    letThrough(count) {
      left = count;
      return (asked = []);
    },
  };
}

async function auditedSize({ metricsUrl }: WitnessProcess): Promise<number> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  return Number(/^index_witness_audited_size\{[^}]*\} ([0-9]+)$/m.exec(text)![1]);
}

/** Killed as often as that, each time a little later after it has begun, and with work left; what each process began with and asked for. */
async function killWhileAuditing(
  served: ServedLog,
  bundles: ReturnType<typeof meteredBundles>,
  prepared: Awaited<ReturnType<typeof prepareIndexWitness>>,
  times: number,
): Promise<{ began: number; asked: string[] }[]> {
  const processes: { began: number; asked: string[] }[] = [];
  for (let i = 0; i < times; i++) {
    const asked = bundles.letThrough(2);
    const witness = await spawnWitness(prepared);
    processes.push({ began: await auditedSize(witness), asked });
    expect((await ask(witness.url, requestOf(served.log, 0n))).status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 25 * i));
    witness.process.kill('SIGKILL');
    expect((await witness.exited).signal).toBe('SIGKILL');
  }
  return processes;
}

const bundlePath = (number: number): string => `tile/entries/${String(number).padStart(3, '0')}${number === BUNDLES ? '.p/1' : ''}`;

test('killed while it audits, it goes on where it was, and cosigns what is right', async () => {
  const log = honest;
  const served = await serveLog(log);
  const bundles = meteredBundles(served);
  const prepared = await prepareIndexWitness(served, 'wait_ms = 60\n');
  const killed = await killWhileAuditing(served, bundles, prepared, 3);
  const asked = bundles.letThrough(Number.POSITIVE_INFINITY);
  const witness = await spawnWitness(prepared);
  const last = { began: await auditedSize(witness), asked };
  const { status, body } = await askUntilDone(witness.url, () => requestOf(log, 0n));
  expect(status).toBe(200);
  cosignedAt(log.checkpoint({ witnesses: [] }), body, prepared.vkey);
  const processes = [...killed, last];
  // Never behind what an earlier process had recorded, and whole bundles at a time.
  const began = processes.map((each) => each.began);
  expect(began).toEqual(began.toSorted((a, b) => a - b));
  expect(began.every((size) => size % 256 === 0)).toBe(true);
  // What is recorded is not read again.
  for (const process of processes) {
    const first = process.began / 256;
    expect(process.asked).toEqual(process.asked.map((_, i) => bundlePath(first + i)));
  }
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
  const bundles = meteredBundles(served);
  const prepared = await prepareIndexWitness(served, 'wait_ms = 60\n');
  await killWhileAuditing(served, bundles, prepared, 1);
  bundles.letThrough(Number.POSITIVE_INFINITY);
  for (let i = 0; i < 2; i++) {
    const witness = await spawnWitness(prepared);
    const refused = await askUntilDone(witness.url, () => requestOf(log, 0n));
    expect(refused).toMatchObject({ status: 403, code: 'wrong-index' });
    expect((await fetch(`${witness.url}/index/readyz`)).status).toBe(503);
    witness.process.kill('SIGKILL');
    await witness.exited;
  }
});
