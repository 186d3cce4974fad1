import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { signStatement } from '@verbatim/statements';
import { anArtifact, anEnrolment, anObservation, aRelease, testSigner, testVkey } from '@verbatim/testkit';
import { hashLeaf, utf8Encode } from '@verbatim/tlog';
import { publishedSize, startLog } from '../_log.ts';
import { cpuSeconds, memoryMiB, table } from './_process.ts';

/**
 * The real log service as it grows: what one more entry costs, how long a restart takes, and what a client without any state fetches to verify one file. Each
 * release has 8 artifacts in one container and 128 observations by 16 rebuilders, so the index grows by about 5 pairs an entry. Costs must grow as the logarithm of the size.
 *
 *   node test/bench/scale.ts [SIZE…]        sizes in entries, ascending; 1000 100000 1000000 by default
 */
const SIZES = process.argv.slice(2).map(Number);
if (SIZES.length === 0) SIZES.push(1_000, 100_000, 1_000_000);
const ARTIFACTS = 8;
const MEASURED = 4_096;
const registrar = testSigner('registrar.example');
const rebuilders = Array.from({ length: 16 }, (_, number) => testSigner(`rebuilder-${number}.example`));
const contentOf = (release: number, artifact: number): Uint8Array => utf8Encode(`release ${release}, artifact ${artifact}`);

const folder = mkdtempSync(join(tmpdir(), 'verbatim-scale-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
execFileSync(process.execPath, [join(import.meta.dirname, '../../packages/cli/build.ts'), folder]);
await using log = await startLog();
await submitAll([signStatement(anEnrolment(registrar, { role: 'registrar' }), [log.admin])]);
await submitAll(rebuilders.map((rebuilder) => signStatement(anEnrolment(rebuilder), [log.admin])));

let releases = 0;

async function submitAll(entries: readonly Uint8Array[]): Promise<{ readonly index: number }[]> {
  const { status, body } = await log.submitBatch(entries);
  const results = body['results'] as { status: number; index: number }[];
  if (status !== 200 || results.some((result) => result.status !== 200))
    throw new Error(`refused: ${status} ${JSON.stringify(body).slice(0, 500)}`);
  return results;
}

/** One release and its 128 observations. */
async function addRelease(): Promise<void> {
  const number = releases++;
  const artifacts = Array.from({ length: ARTIFACTS }, (_, each) =>
    anArtifact({ name: `r${number}/a${each}`, content: contentOf(number, each) }),
  );
  const release = aRelease({ purl: `pkg:npm/esbuild@0.${number}.0`, artifacts });
  const entry = signStatement(release, [registrar]);
  const [{ index }] = (await submitAll([entry])) as [{ index: number }];
  const leafHash = hashLeaf(entry);
  await submitAll(
    rebuilders.flatMap((rebuilder) =>
      artifacts.map(({ name }) =>
        signStatement(anObservation({ origin: log.origin, release, index, leafHash, rebuilder, artifact: name }), [rebuilder]),
      ),
    ),
  );
}

/** The log behind a counter of what its clients fetch. */
async function countingProxy(): Promise<{ url: string; count: () => { requests: number; bytes: number } } & AsyncDisposable> {
  let [requests, bytes] = [0, 0];
  const server = createServer((incoming, outgoing) => {
    requests += 1;
    const forwarded = request(log.url + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      answer.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => ({ requests, bytes }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A client on a machine that never saw this log verifies one file of a release in the middle. */
async function verifyCold(): Promise<{ requests: number; bytes: number; bundle: number }> {
  await using proxy = await countingProxy();
  const state = mkdtempSync(join(folder, 'client-'));
  const file = join(state, 'file');
  writeFileSync(file, contentOf(Math.floor(releases / 2), 3));
  const rootVkey = readFileSync(join(dirname(log.dataDir), 'root.key.pub'), 'utf8').trim();
  const three = rebuilders.slice(0, 3);
  const policy = [
    'version 1',
    'expires 2099-01-01T00:00:00Z',
    `log ${log.vkey} ${proxy.url}`,
    `root ${rootVkey}`,
    'quorum none',
    ...three.map((_, i) => `operator op${i}`),
    ...three.map(({ name }, i) => `rebuilder r${i} op${i} linux/amd64 ${testVkey(name)}`),
    `claimant npm registrar pkg:npm/ ${testVkey(registrar.name)}`,
    'require 3',
    '',
  ].join('\n');
  writeFileSync(join(state, 'policy'), policy);
  const bundle = join(state, 'bundle');
  const environment = { PATH: process.env['PATH'], HOME: state };
  await promisify(execFile)(
    process.execPath,
    [join(folder, 'verbatim.js'), 'verify', '--policy', join(state, 'policy'), '--save-bundle', bundle, file],
    { env: environment },
  );
  return { ...proxy.count(), bundle: statSync(bundle).size };
}

process.stdout.write(`${availableParallelism()} cores, Node ${process.version}, one log, no witness\n\n`);
const rows = [];
for (const size of SIZES) {
  const measured = Math.min(MEASURED, size / 4);
  while ((await publishedSize(log)) < BigInt(Math.floor(size - measured))) await addRelease();
  const [cpuBefore, before] = [cpuSeconds(log.pid), await publishedSize(log)];
  const began = performance.now();
  while ((await publishedSize(log)) < before + BigInt(Math.floor(measured))) await addRelease();
  const added = Number((await publishedSize(log)) - before);
  const [cpu, seconds] = [cpuSeconds(log.pid) - cpuBefore, (performance.now() - began) / 1000];
  const memory = memoryMiB(log.pid);
  await log.kill();
  const stopped = performance.now();
  await log.restart();
  const restart = performance.now() - stopped;
  const restartCpu = cpuSeconds(log.pid);
  const { requests, bytes, bundle } = await verifyCold();
  const n = Number(await publishedSize(log));
  const row = {
    entries: n,
    log2: Math.log2(n).toFixed(1),
    'added/s': Math.round(added / seconds),
    'server CPU µs/entry': Math.round((cpu * 1e6) / added),
    'per log2': Math.round((cpu * 1e6) / added / Math.log2(n)),
    'RSS MiB (peak)': `${memory.now} (${memory.peak})`,
    'restart after kill -9 ms': Math.round(restart),
    'its CPU ms': Math.round(restartCpu * 1000),
    'cold verify: requests': requests,
    'cold verify: kB': (bytes / 1000).toFixed(1),
    'bundle kB': (bundle / 1000).toFixed(1),
    'log.db MB': Math.round(statSync(join(log.dataDir, 'log.db')).size / 1e6),
  };
  rows.push(row);
  process.stderr.write(`${JSON.stringify(row)}\n`);
}
table(rows);
