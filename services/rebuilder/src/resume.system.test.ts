import { aRelease, anArtifact } from '@verbatim/testkit';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Network, type TestNode } from './_network.ts';
import type { Die, DieCall } from './_node-process.ts';

const ARTIFACTS = ['linux-x64/bin/esbuild', 'linux-arm64/bin/esbuild', 'darwin-arm64/bin/esbuild'];
const release = aRelease({
  artifacts: ARTIFACTS.map((name) => anArtifact({ name, coordinate: `pkg:npm/%40esbuild/${name.split('/')[0]}@0.25.0` })),
});

let network: Network;
beforeAll(async () => {
  network = await Network.start();
  await network.register(release);
});
afterAll(() => network[Symbol.asyncDispose]());

const done = (node: TestNode, count: number) =>
  node.until(({ queue, outbox }) => queue.concluded === count && outbox.acknowledged === count && outbox.pending === 0);

/** Each artifact observed once, as attempt 1, by this node. */
async function expectEachOnce(node: TestNode): Promise<void> {
  const seen = await network.observations(node.signer);
  expect(seen.map(({ artifact }) => artifact).sort()).toEqual(ARTIFACTS.toSorted());
  expect(seen.every(({ attempt, result }) => attempt === 1 && result === 'match')).toBe(true);
}

const calls: readonly DieCall[] = [
  'JobQueue.enqueue',
  'JobQueue.advanceTo',
  'JobQueue.lease',
  'JobQueue.conclude',
  'Outbox.record',
  'LogClient.putBlob',
  'Outbox.dropEvidence',
  'LogClient.submitEntry',
  'Outbox.acknowledge',
];
const points: readonly Die[] = calls.flatMap((call) =>
  (['before', 'after'] as const).flatMap((when) => [1, 2].map((nth) => ({ call, when, nth }))),
);

describe('a node killed by SIGKILL', () => {
  test.each(points)('$when call $nth of $call neither loses nor repeats an observation', async (die) => {
    const node = await network.node(`killed-${die.call}-${die.when}-${die.nth}`.replaceAll('.', '-').toLowerCase());
    node.spawn({ die });
    expect(await node.service!.ended).toBe('SIGKILL');
    await node.start();
    await done(node, ARTIFACTS.length);
    await expectEachOnce(node);
    expect(readdirSync(join(node.folder, 'work'))).toEqual([]);
    expect(await node.stop()).toBe(0);
  });

  test('at any moment, again and again, still observes everything once', async () => {
    const node = await network.node('killed-at-random', { plan: { delayMs: 60 }, toml: '[retry]\nbase_seconds = 0.05\nmax_tries = 100' });
    for (let round = 0; round < 12; round++) {
      node.spawn();
      await sleep(500 + round * 60);
      await node.stop('SIGKILL');
    }
    await node.start();
    await done(node, ARTIFACTS.length);
    await expectEachOnce(node);
    await node.stop();
  });

  test('leaves no worker behind', async () => {
    const node = await network.node('orphans', { plan: { delayMs: 60_000 } });
    await node.start();
    await node.until(({ running }) => running === 1);
    const workers = (): string => execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' });
    const child = workers()
      .split('\n')
      .find((line) => line.includes('_fake-worker') && line.includes(` ${node.service!.child.pid} `))!;
    const pid = Number.parseInt(child, 10);
    await node.stop('SIGKILL');
    for (let waited = 0; existsSync(`/proc/${pid}`) && waited < 100; waited++) await sleep(50);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  test('and its whole state lost, reads what it has observed back from the log', async () => {
    const node = await network.node('amnesia');
    await node.start();
    await done(node, ARTIFACTS.length);
    await node.stop('SIGKILL');
    for (const name of readdirSync(node.folder)) execFileSync('rm', ['-rf', join(node.folder, name)]);
    execFileSync('rm', ['-f', `${node.folder}.key.pub.bak`]);
    const { initialise } = await import('./init.ts');
    await initialise({
      name: node.name,
      key_file: `${node.folder}.key`,
      data_dir: node.folder,
      log: { url: '', policy_file: `${node.folder}.policy`, poll_seconds: 1 },
    });
    await node.start();
    await done(node, ARTIFACTS.length);
    await expectEachOnce(node);
    await node.stop();
  });
});
