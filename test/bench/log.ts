import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeEnvelope, preAuthEncoding } from '@verbatim/statements';
import { generateSeed, signerFromSeed, verifyEd25519 } from '@verbatim/tlog/node';
import { prepareObservations, startLog, type RunningLog } from '../_log.ts';
import { cpuSeconds, memoryMiB, quantile, table } from './_process.ts';

/**
 * Submissions to the real log service over HTTP, fsync and signature checks on. Every figure stands beside the Ed25519 verification rate of
 * one core in the same run. The load generator is this process, on the same cores.
 *
 *   node test/bench/log.ts [--witness]
 */
const WITNESS = process.argv.includes('--witness');
const LOADED = 12_000;
const CONNECTIONS = 256;
const BATCH = 128;

function ed25519PerSecond(entry: Uint8Array): number {
  const signer = signerFromSeed('bench', generateSeed());
  const { payloadType, payload } = decodeEnvelope(entry);
  const message = preAuthEncoding(payloadType, payload);
  const signature = signer.sign(message);
  let count = 0;
  const end = performance.now() + 1500;
  while (performance.now() < end) for (let i = 0; i < 100; i++, count++) verifyEd25519(signer.publicKey, message, signature);
  return count / 1.5;
}

/** All entries as fast as the log takes them, `width` requests at a time. */
async function closedLoop(
  log: RunningLog,
  entries: readonly Uint8Array[],
  width: number,
  perRequest: number,
): Promise<Record<string, string | number>> {
  const cpuBefore = cpuSeconds(log.pid);
  const began = performance.now();
  let next = 0;
  const latencies: number[] = [];
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < entries.length) {
        const slice = entries.slice(next, (next += perRequest));
        const sent = performance.now();
        const { status, body } = perRequest === 1 ? await log.submit(slice[0]!) : await log.submitBatch(slice);
        const refused = (body['results'] as { status: number }[] | undefined)?.find((result) => result.status !== 200);
        if (status !== 200 || refused) throw new Error(`refused: ${status} ${JSON.stringify(refused ?? body)}`);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  return figures(
    log,
    perRequest === 1 ? `one by one, ${width} at a time` : `batches of ${perRequest}, ${width} at a time`,
    entries.length,
    seconds,
    cpuBefore,
    latencies,
    perRequest,
  );
}

/** One entry at a time at a fixed rate, whatever the log does: latency from the scheduled time to the reply, which is after publication. */
async function openLoop(log: RunningLog, entries: readonly Uint8Array[], rate: number): Promise<Record<string, string | number>> {
  const cpuBefore = cpuSeconds(log.pid);
  const began = performance.now();
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  for (const [position, entry] of entries.entries()) {
    const due = began + (position * 1000) / rate;
    if (due > performance.now()) await sleep(due - performance.now());
    running.push(
      log.submit(entry).then(({ status, body }) => {
        if (status === 200) latencies.push(performance.now() - due);
        else if (status !== 503 && status !== 429) throw new Error(`refused: ${status} ${JSON.stringify(body)}`);
      }),
    );
  }
  await Promise.all(running);
  return figures(log, `${rate} offered per second`, entries.length, (performance.now() - began) / 1000, cpuBefore, latencies);
}

let verifyRate = 0;

function figures(
  log: RunningLog,
  load: string,
  count: number,
  seconds: number,
  cpuBefore: number,
  latencies: readonly number[],
  perRequest = 1,
): Record<string, string | number> {
  const cpu = cpuSeconds(log.pid) - cpuBefore;
  return {
    load,
    entries: count,
    'not in time': count - latencies.length * perRequest,
    'acknowledged/s': Math.round((latencies.length * perRequest) / seconds),
    'of one core’s Ed25519 rate': (count / seconds / verifyRate).toFixed(3),
    'published p50 ms': quantile(latencies, 0.5).toFixed(0),
    'p99 ms': quantile(latencies, 0.99).toFixed(0),
    'server CPU µs/entry': Math.round((cpu * 1e6) / count),
    'in Ed25519 verifications': ((cpu / count) * verifyRate).toFixed(2),
    'RSS MiB (peak)': `${memoryMiB(log.pid).now} (${memoryMiB(log.pid).peak})`,
  };
}

await using log = await startLog({ witness: WITNESS });
const atRest = memoryMiB(log.pid);
const witnessAtRest = log.witnessPid === null ? null : memoryMiB(log.witnessPid);
const entries = await prepareObservations(log, 2 * LOADED + 500 + 5000);
verifyRate = ed25519PerSecond(entries[0]!);
const take = (count: number): Uint8Array[] => entries.splice(0, count);
const bytes = Math.round(entries.reduce((sum, entry) => sum + entry.length, 0) / entries.length);
process.stdout.write(
  `${availableParallelism()} cores, Node ${process.version}, entries of ${bytes} bytes, ${WITNESS ? 'one witness' : 'no witness'}; Ed25519: ${Math.round(verifyRate)} verifications/s on one core\n\n`,
);
const rows = [
  await openLoop(log, take(500), 50),
  await openLoop(log, take(5000), 500),
  await closedLoop(log, take(LOADED), CONNECTIONS, 1),
  await closedLoop(log, take(LOADED), 4, BATCH),
];
table(rows);
process.stdout.write(
  `\nlog at rest: ${atRest.now} MiB${log.witnessPid === null ? '' : `; witness at rest ${witnessAtRest!.now} MiB, after the load ${memoryMiB(log.witnessPid).now} MiB`}\n`,
);
