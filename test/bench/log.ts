import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { decodeEnvelope, preAuthEncoding } from '@verbatim/statements';
import { generateSeed, signerFromSeed, verifyEd25519 } from '@verbatim/tlog/node';
import { prepareObservations, startLog } from '../_log.ts';
import { closedLoop, openLoop } from './_load.ts';
import { memoryMiB, table } from './_process.ts';
import { logTarget } from './_targets.ts';

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

await using log = await startLog({ witness: WITNESS });
const atRest = memoryMiB(log.pid);
const witnessAtRest = log.witnessPid === null ? null : memoryMiB(log.witnessPid);
const entries = await prepareObservations(log, 2 * LOADED + 500 + 5000);
const verifyRate = ed25519PerSecond(entries[0]!);
const take = (count: number): Uint8Array[] => entries.splice(0, count);
const bytes = Math.round(entries.reduce((sum, entry) => sum + entry.length, 0) / entries.length);
process.stdout.write(
  `${availableParallelism()} cores, Node ${process.version}, entries of ${bytes} bytes, ${WITNESS ? 'one witness' : 'no witness'}; Ed25519: ${Math.round(verifyRate)} verifications/s on one core\n\n`,
);
const target = logTarget(log);
const runs = [
  await openLoop(target, take(500), 50),
  await openLoop(target, take(5000), 500),
  await closedLoop(target, take(LOADED), CONNECTIONS, 1),
  await closedLoop(target, take(LOADED), 4, BATCH),
];
table(
  runs.map(({ load, entries: count, late, perSecond, p50, p99, cpu, memory }) => ({
    load,
    entries: count,
    'not in time': late,
    'acknowledged/s': perSecond,
    'of one core’s Ed25519 rate': (perSecond / verifyRate).toFixed(3),
    'published p50 ms': p50,
    'p99 ms': p99,
    'server CPU µs/entry': cpu,
    'in Ed25519 verifications': ((cpu / 1e6) * verifyRate).toFixed(2),
    'RSS MiB (peak)': `${memory.now} (${memory.peak})`,
  })),
);
process.stdout.write(
  `\nlog at rest: ${atRest.now} MiB${log.witnessPid === null ? '' : `; witness at rest ${witnessAtRest!.now} MiB, after the load ${memoryMiB(log.witnessPid).now} MiB`}\n`,
);
