import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { prepareObservations, startLog } from '../../_log.ts';
import { closedLoop, type LoadFigures, openLoop, type Target } from '../_load.ts';
import { table } from '../_process.ts';
import { logTarget } from '../_targets.ts';

/**
 * Our log beside Tessera's POSIX log (built here from its Go module), in one run on the same cores, with the same entries, the same load and the same promise:
 * an answer comes when a published checkpoint covers the entry. Ours also verifies a signature, checks roster and uniqueness, keeps the index and, with `--witness`, waits for a
 * cosignature; Tessera does none of that here. The two take turns, `--rounds` times; the figures are medians.
 *
 *   node test/bench/peers/log.ts [--witness] [--rounds 3]
 */
const WITNESS = process.argv.includes('--witness');
const ROUNDS = Number(process.argv[process.argv.indexOf('--rounds') + 1] ?? '') || 3;

interface Load {
  readonly entries: number;
  readonly run: (target: Target, entries: readonly Uint8Array[]) => Promise<LoadFigures>;
}
const LOADS: readonly Load[] = [
  { entries: 250, run: (target, entries) => openLoop(target, entries, 50) },
  { entries: 2_500, run: (target, entries) => openLoop(target, entries, 500) },
  { entries: 4_000, run: (target, entries) => closedLoop(target, entries, 256, 1) },
  // Wide enough that a log which publishes once a second is not held back by its own latency.
  { entries: 12_000, run: (target, entries) => closedLoop(target, entries, 2_048, 1) },
];
const PER_ROUND = LOADS.reduce((sum, { entries }) => sum + entries, 0);

/** Builds Tessera's server with the Go client's own proxy and checksum database, and starts it in an empty folder. */
async function startTessera(): Promise<Target & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'verbatim-peer-'));
  const binary = join(folder, 'server');
  const { stdout: proxy } = await promisify(execFile)('go', ['env', 'GOPROXY']);
  const environment = { ...process.env, GOENV: 'off', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', GOPROXY: proxy.trim() };
  await promisify(execFile)('go', ['build', '-o', binary, '.'], { cwd: join(import.meta.dirname, 'tessera'), env: environment });
  const child = spawn(binary, [join(folder, 'log')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await readyUrl(child);
  return {
    pid: child.pid!,
    async send(entries) {
      if (entries.length !== 1) throw new Error('Tessera takes one entry a request');
      const response = await fetch(url, { method: 'POST', body: new Uint8Array(entries[0]!) });
      await response.arrayBuffer();
      if (response.status === 200) return 'published';
      if (response.status === 503) return 'busy';
      throw new Error(`refused: ${response.status}`);
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function readyUrl(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return (JSON.parse(line) as { url: string }).url;
  throw new Error('expected one line {"url":…} from the peer, found none');
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

await using log = await startLog({ witness: WITNESS });
await using tessera = await startTessera();
const ours = logTarget(log);
const entries = await prepareObservations(log, ROUNDS * PER_ROUND);
const bytes = Math.round(entries.reduce((sum, entry) => sum + entry.length, 0) / entries.length);
process.stdout.write(
  `${availableParallelism()} cores, Node ${process.version}, entries of ${bytes} bytes, ${WITNESS ? 'one witness' : 'no witness'}, ${ROUNDS} rounds\n\n`,
);
const rows = [];
const samples = LOADS.map(() => ({ ours: [] as LoadFigures[], peer: [] as LoadFigures[] }));
for (let round = 0; round < ROUNDS; round++) {
  for (const [i, { entries: count, run }] of LOADS.entries()) {
    const slice = entries.splice(0, count);
    samples[i]!.ours.push(await run(ours, slice));
    samples[i]!.peer.push(await run(tessera, slice));
  }
}
for (const sample of samples) {
  for (const [log, runs] of [
    ['Verbatim', sample.ours],
    ['Tessera', sample.peer],
  ] as const) {
    const of = (name: 'late' | 'perSecond' | 'p50' | 'p99' | 'cpu'): number => median(runs.map((figures) => figures[name]));
    const ratio = (name: 'perSecond' | 'p50' | 'p99' | 'cpu'): string =>
      log === 'Tessera' ? '1' : (of(name) / median(sample.peer.map((figures) => figures[name]))).toFixed(2);
    rows.push({
      load: runs[0]!.load,
      log,
      'not in time': of('late'),
      'acknowledged/s': of('perSecond'),
      ratio: ratio('perSecond'),
      'published p50 ms': of('p50'),
      'ratio ': ratio('p50'),
      'p99 ms': of('p99'),
      'ratio  ': ratio('p99'),
      'server CPU µs/entry': of('cpu'),
      'ratio   ': ratio('cpu'),
      'peak RSS MiB': runs.at(-1)!.memory.peak,
    });
  }
}
table(rows);
