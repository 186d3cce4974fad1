/**
 * `verbatim verify --offline` of a 10 MB file as a whole process, against a bare Node.js start that hashes the same file.
 * Usage: node test/bench/verify-offline.ts [runs]. Needs `npm run build`. Prints medians and their ratio; asserts nothing.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeBundle } from '@verbatim/consensus';
import { Scene, aRelease, anArtifact, digestsOf, testVkey } from '@verbatim/testkit';
import { vkeyOf } from '@verbatim/tlog/node';

const RUNS = Number.parseInt(process.argv[2] ?? '25', 10);
const LAUNCHER = fileURLToPath(new URL('../../packages/cli/bin/verbatim.js', import.meta.url));
const OPERATORS = ['acme', 'beta', 'gamma'];
const HASH_ONLY = `
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
console.log(createHash('sha256').update(readFileSync(process.argv[2])).digest('hex'));
`;

const folder = mkdtempSync(join(tmpdir(), 'verbatim-bench-'));
try {
  const content = randomBytes(10 * 1024 * 1024);
  const scene = new Scene({ release: aRelease({ artifacts: [anArtifact({ content })] }) });
  for (const i of OPERATORS.keys()) scene.observe(i);
  const policy = [
    'version 1',
    'expires 2099-01-01T00:00:00Z',
    `log ${scene.log.vkey}`,
    `root ${vkeyOf(scene.root)}`,
    `witness w1 ${testVkey('witness.example/w1', 0x04)}`,
    'quorum w1',
    ...OPERATORS.map((operator) => `operator ${operator}`),
    ...scene.rebuilders.map((rebuilder, i) => `rebuilder ${OPERATORS[i]}-1 ${OPERATORS[i]} linux/amd64 ${vkeyOf(rebuilder)}`),
    `claimant watch registrar pkg:npm/ ${vkeyOf(scene.registrar)}`,
    'require 2',
    '',
  ].join('\n');
  const write = (name: string, data: string | Uint8Array): string => {
    writeFileSync(join(folder, name), data);
    return join(folder, name);
  };
  const file = write('file.bin', content);
  // What a client gathers of a log: genesis, the release, what rebuilders saw, and the index root.
  const gathered = [0n, scene.releaseIndex, ...OPERATORS.map((_name, i) => scene.releaseIndex + BigInt(i) + 1n), scene.log.seal() - 1n];
  const { sha256 } = digestsOf(content);
  const index = scene.log.index([
    { type: 'control', value: scene.log.origin },
    { type: 'artifact', value: sha256 },
  ]);
  const checkpoint = scene.log.checkpoint({ timestamp: Math.floor(Date.now() / 1000) });
  const bundle = write('bundle.json', encodeBundle({ checkpoint, entries: scene.log.proved(gathered), index }));
  const bare = [write('hash.mjs', HASH_ONLY), file];
  const ours = [LAUNCHER, 'verify', file, '--offline', '--policy', write('policy', policy), '--bundle', bundle];
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), XDG_STATE_HOME: join(folder, 'state') };

  const time = (args: readonly string[], expected: string): number => {
    const started = process.hrtime.bigint();
    const { status, stdout } = spawnSync(process.execPath, [...args], { env, encoding: 'utf8' });
    const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
    if (status !== 0 || !stdout.includes(expected)) throw new Error(`the run failed: ${args.join(' ')}\n${stdout}`);
    return milliseconds;
  };
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

  const cold = time(ours, 'REPRODUCED');
  // The compile cache is written at the first exits; alternate, so that a busy machine slows both down.
  time(ours, 'REPRODUCED');
  const times = { bare: [] as number[], ours: [] as number[] };
  for (let i = 0; i < RUNS; i += 1) {
    times.bare.push(time(bare, ''));
    times.ours.push(time(ours, 'REPRODUCED'));
  }
  const [bareTime, oursTime] = [median(times.bare), median(times.ours)];
  console.log(`bare Node.js ${process.version} hashing 10 MB: ${bareTime.toFixed(1)} ms (median of ${RUNS})`);
  console.log(
    `verbatim verify --offline:                  ${oursTime.toFixed(1)} ms (first run, without compile cache: ${cold.toFixed(1)} ms)`,
  );
  console.log(`ratio ${(oursTime / bareTime).toFixed(2)} (aim: below 1.5)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
