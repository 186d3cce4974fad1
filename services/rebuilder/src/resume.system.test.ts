import { aRelease, anArtifact } from '@verbatim/testkit';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Network, type TestNode } from './_network.ts';
import type { Die, DieCall } from './_node-process.ts';

const ARTIFACTS = ['linux-x64/bin/esbuild', 'linux-arm64/bin/esbuild'];
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

/** Every write of the node's, and both ways to the log. */
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
const points: readonly Die[] = [
  ...calls.flatMap((call) => (['before', 'after'] as const).map((when) => ({ call, when, nth: 1 }))),
  { call: 'Outbox.record', when: 'after', nth: 2 },
  { call: 'LogClient.submitEntry', when: 'after', nth: 2 },
];

describe('a node killed by SIGKILL', () => {
  test.concurrent.each(points)('$when call $nth of $call neither loses nor repeats an observation', async (die) => {
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
    for (let round = 0; round < 8; round++) {
      node.spawn();
      await sleep(400 + round * 80);
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
    for (let waited = 0; existsSync(`/proc/${pid}`) && waited < 1000; waited++) await sleep(50);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  test('and its whole state lost, reads what it has observed back from the log', async () => {
    const node = await network.node('amnesia');
    await node.start();
    await done(node, ARTIFACTS.length);
    await node.stop('SIGKILL');
    rmSync(node.folder, { recursive: true });
    await node.init();
    await node.start();
    await done(node, ARTIFACTS.length);
    await expectEachOnce(node);
    await node.stop();
  });
});
