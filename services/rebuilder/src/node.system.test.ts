import { aLargeRecipe, aRelease, contentOf, digestsOf, testSigner } from '@verbatim/testkit';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogClient } from '@verbatim/client';
import { encodeRecipe, type ReleaseStatement } from '@verbatim/statements';
import { parseVkey } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FakePlan } from './_fake-worker.ts';
import { Network, REGISTRAR, type TestNode } from './_network.ts';

const ARTIFACT = 'linux-x64/bin/esbuild';
const only = (version: string): string => `[[subscriptions]]\npurl = "pkg:npm/esbuild@${version}"\n`;
const QUICK = '[retry]\nbase_seconds = 0.05\nmax_tries = 3\n';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let network: Network;
let index: bigint;
beforeAll(async () => {
  network = await Network.start();
  index = await network.register(aRelease());
});
afterAll(() => network[Symbol.asyncDispose]());

let node: TestNode | null = null;
afterEach(async () => {
  await node?.stop();
  node = null;
});

/** Starts a node that works as `plan` says. */
async function started(name: string, plan: FakePlan = {}, toml = QUICK + only('0.25.0')): Promise<TestNode> {
  node = await network.node(name, { plan, toml });
  await node.start();
  return node;
}

const acknowledged = (node: TestNode, count = 1) => node.until(({ outbox }) => outbox.acknowledged >= count && outbox.pending === 0);

describe('what a rebuild comes to is logged as what it is', () => {
  test('the same bytes: match, with evidence stored in the log', async () => {
    const node = await started('matching');
    const { attempts } = await acknowledged(node);
    expect(attempts).toMatchObject([{ release: Number(index), artifact: ARTIFACT, attempt: 1, result: 'match', state: 'acknowledged' }]);
    const [seen] = await network.observations(node.signer);
    const claimed = { sha256: digestsOf(contentOf(ARTIFACT)).sha256 };
    expect(seen).toMatchObject({ result: 'match', claimed, received: claimed, observed: claimed });
    const client = new LogClient({ url: network.url, logKey: parseVkey(network.vkey) });
    for (const blob of seen!.evidence) expect((await client.getBlob(blob.sha256))?.length).toBe(blob.size);
    expect(seen!.evidence.map(({ kind }) => kind)).toEqual(['build-log', 'slsa-provenance']);
    await client.close();
  });

  test('other bytes: differ, and it is not tried again', async () => {
    const node = await started('differing', { built: 'something else' });
    await acknowledged(node);
    await sleep(500);
    const seen = await network.observations(node.signer);
    expect(seen).toMatchObject([{ result: 'differ', attempt: 1, observed: { sha256: sha256('something else') } }]);
    expect(seen[0]!.evidence.map(({ kind }) => kind)).toEqual(['build-log', 'slsa-provenance', 'difference']);
  });

  test.each(['again', 'explain'] as const)('other bytes, and a worker that dies of the step %s: still a differ', async (step) => {
    const node = await started(`dying-of-${step}`, { built: 'something else', step, trouble: 'crash' });
    await acknowledged(node);
    const [seen] = await network.observations(node.signer);
    expect(seen).toMatchObject({ result: 'differ', attempt: 1, observed: { sha256: sha256('something else') } });
    expect(seen!.evidence.map(({ kind }) => kind)).toEqual(['build-log', 'slsa-provenance']);
    expect(node.service!.stderr).toContain('the difference is not explained');
  });

  test('other bytes, and a setting that the published file claims: built with it, explained by it, and still a differ', async () => {
    const node = await started('proving', { built: 'something else', whatIf: ['GOAMD64=v3'] });
    await acknowledged(node);
    const [seen] = await network.observations(node.signer);
    expect(seen).toMatchObject({ result: 'differ', attempt: 1, observed: { sha256: sha256('something else') } });
    const client = new LogClient({ url: network.url, logKey: parseVkey(network.vkey) });
    const blob = await client.getBlob(seen!.evidence.find(({ kind }) => kind === 'difference')!.sha256);
    await client.close();
    expect(JSON.parse(new TextDecoder().decode(blob!))).toMatchObject({ own: [[], ['GOAMD64=v3']] });
  });

  test('other bytes, and an operator who wants no further build: explained from the one there is', async () => {
    const once = `${QUICK}${only('0.25.0')}[differences]\nbuild_again = false\n`;
    const node = await started('building-once', { built: 'something else', step: 'again', trouble: 'crash' }, once);
    await acknowledged(node);
    const [seen] = await network.observations(node.signer);
    expect(seen!.evidence.map(({ kind }) => kind)).toContain('difference');
  });

  test('another published file: claim-mismatch, and nothing is built', async () => {
    const node = await started('mismatching', { published: 'not what was claimed' });
    await acknowledged(node);
    expect(await network.observations(node.signer)).toMatchObject([
      { result: 'input-unavailable', reason: 'claim-mismatch', received: { sha256: sha256('not what was claimed') }, observed: null },
    ]);
  });

  test('a failed build: build-failed at once', async () => {
    const trouble = {
      type: 'failed',
      result: 'build-failed',
      reason: 'exit-code',
      message: 'boom',
      transient: false,
      retryAfterMs: null,
      log: null,
    } as const;
    const node = await started('failing', { step: 'build', trouble: { ...trouble, facts: { toolchain: [], sandbox: null } } });
    await acknowledged(node);
    expect(await network.observations(node.signer)).toMatchObject([{ result: 'build-failed', reason: 'exit-code', observed: null }]);
  });

  test.each([
    ['crash', 'worker-crashed'],
    ['nonsense', 'worker-protocol'],
    ['outside', 'worker-protocol'],
  ] as const)('a worker with a %s: infrastructure (%s), after as many tries as are allowed', async (trouble, reason) => {
    const node = await started(`worker-${trouble}`, { step: 'build', trouble });
    await acknowledged(node);
    expect(await network.observations(node.signer)).toMatchObject([{ result: 'infrastructure', reason, attempt: 1 }]);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toContain('verbatim_rebuilder_sandbox_failures_total 3');
  });

  test('trouble that passes is never logged', async () => {
    const node = await started(
      'recovering',
      { step: 'receive', trouble: 'crash' },
      `[retry]\nbase_seconds = 0.05\nmax_tries = 50\n${only('0.25.0')}`,
    );
    await node.until(({ queue }) => queue.queued === 1);
    await node.stop();
    node.plan = {};
    await node.start();
    await acknowledged(node);
    expect(await network.observations(node.signer)).toMatchObject([{ result: 'match', attempt: 1 }]);
  });

  test('a file that nobody published: built', async () => {
    const release = aRelease({ purl: 'pkg:npm/esbuild@0.25.1', unpublished: [{ name: 'extra/bin/esbuild', target: 'linux/amd64' }] });
    await network.register(release);
    const node = await started('building', {}, QUICK + only('0.25.1'));
    await acknowledged(node, 2);
    expect((await network.observations(node.signer)).find(({ artifact }) => artifact === 'extra/bin/esbuild')).toMatchObject({
      result: 'built',
      claimed: null,
      received: null,
      observed: { sha256: sha256('content of extra/bin/esbuild') },
    });
  });

  test('a recipe that is a blob is read from the log', async () => {
    const recipe = aLargeRecipe();
    const client = new LogClient({ url: network.url, logKey: parseVkey(network.vkey) });
    expect(await client.putBlob(encodeRecipe(recipe), REGISTRAR)).toMatchObject({ kind: 'stored' });
    await client.close();
    await network.register(aRelease({ purl: 'pkg:npm/esbuild@0.25.2', recipe }));
    const node = await started('reading-a-blob', {}, QUICK + only('0.25.2'));
    await acknowledged(node);
    expect(await network.observations(node.signer)).toMatchObject([{ result: 'match' }]);
  });
});

describe('the log out of reach', () => {
  test('a key that is not enrolled yet keeps its observation, and hands it in when it is', async () => {
    node = await network.node('newcomer', { enrolled: false, toml: only('0.25.0') });
    await node.start();
    await node.until(({ attempts }) => attempts[0]?.trouble === 'unknown-key');
    await network.enrol(node.signer);
    await acknowledged(node);
    expect(await network.observations(node.signer)).toMatchObject([{ result: 'match', attempt: 1 }]);
  });

  test('a log that goes away and comes back gets what was seen in between', async () => {
    const gone = join(network.folder, 'gone');
    const node = await started('patient', { waitsFor: gone });
    await node.until(({ running }) => running === 1);
    await network.stopLog('SIGKILL');
    writeFileSync(gone, '');
    await node.until(({ outbox, log }) => outbox.pending === 1 && log.trouble !== null);
    expect((await fetch(`${node.url}/readyz`)).status).toBe(503);
    await network.startLog();
    await acknowledged(node);
    expect(await network.observations(node.signer)).toMatchObject([{ result: 'match', attempt: 1 }]);
  });
});

describe('the operator', () => {
  test('asks for another attempt, as often as they like', async () => {
    const node = await started('requeued');
    await acknowledged(node);
    const requeue = (body: unknown) => node.control<Record<string, unknown>>('POST', '/requeue', body);
    const request = { release: Number(index), artifact: ARTIFACT, attempt: 2 };
    expect(await requeue(request)).toEqual({ status: 200, body: { outcome: 'queued', attempt: 2 } });
    await acknowledged(node, 2);
    expect(await requeue(request)).toEqual({ status: 200, body: { outcome: 'already-concluded', attempt: 2 } });
    expect((await network.observations(node.signer)).map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(await requeue({ release: 0, artifact: 'nothing' })).toMatchObject({ status: 404, body: { code: 'unknown-job' } });
    expect(await requeue({ release: 'x' })).toMatchObject({ status: 400, body: { code: 'malformed-request' } });
    expect(await requeue({ ...request, artifact: '../x' })).toMatchObject({ status: 400 });
  });

  test('drains the node: what runs is finished, nothing else is started', async () => {
    const release = aRelease({ purl: 'pkg:npm/esbuild@0.25.4', unpublished: [{ name: 'extra/bin/esbuild', target: 'linux/amd64' }] });
    await network.register(release);
    const drained = join(network.folder, 'drained');
    const node = await started('draining', { waitsFor: drained }, only('0.25.4'));
    await node.until(({ running }) => running === 1);
    expect(await node.control('POST', '/drain')).toMatchObject({ status: 200, body: { state: 'draining' } });
    writeFileSync(drained, '');
    const { queue } = await node.until(({ running, outbox }) => running === 0 && outbox.acknowledged === 1);
    expect(queue.queued).toBeGreaterThan(0);
    await sleep(500);
    expect(await node.status()).toMatchObject({ state: 'draining', running: 0, queue: { concluded: 1 } });
  });

  test('stops the node: the running job goes back to the queue, uncounted, and the process ends by itself', async () => {
    const node = await started('stopped', { delayMs: 60_000 });
    await node.until(({ running }) => running === 1);
    // A process that had to be ended would not end with 0.
    expect(await node.stop()).toBe(0);
    expect(readdirSync(join(node.folder, 'work'))).toEqual([]);
    expect(existsSync(node.socket)).toBe(false);
    expect(await network.observations(node.signer)).toEqual([]);
    node.plan = {};
    await node.start();
    await acknowledged(node);
  });

  test('alone may use the control socket', async () => {
    const node = await started('private');
    expect(statSync(node.socket).mode & 0o777).toBe(0o600);
    expect(statSync(node.folder).mode & 0o777).toBe(0o711);
  });

  test('sees the metrics and the health of the node', async () => {
    const node = await started('measured');
    await acknowledged(node);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    for (const name of [
      'rebuild_duration_seconds_count',
      'queue_depth',
      'queue_oldest_seconds',
      'workers_busy',
      'sandbox_failures_total',
    ]) {
      expect(metrics).toContain(`verbatim_rebuilder_${name}`);
    }
    for (const name of ['submission_lag_seconds', 'log_checkpoint_age_seconds', 'signing_errors_total', 'disk_free_bytes']) {
      expect(metrics).toContain(`verbatim_rebuilder_${name}`);
    }
    expect(metrics).toContain('verbatim_rebuilder_rebuilds_total{ecosystem="npm",platform="linux/amd64",outcome="match"}');
    expect(metrics).toMatch(/^build_info\{service="rebuilder"/m);
    expect((await fetch(`${node.url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${node.url}/health`)).text()).toMatch(/^ok\n/);
  });

  test('is told when the disk is too full to build, and nothing is lost', async () => {
    node = await network.node('full', { minFreeDiskMib: 1_048_576 });
    await node.start();
    const { queue, attempts } = await node.until(({ lowDisk }) => lowDisk);
    expect(queue.queued).toBeGreaterThan(0);
    expect(attempts).toEqual([]);
  });

  test('may not start two nodes on one folder', async () => {
    const node = await started('twice');
    const { service } = node;
    node.spawn();
    expect(await node.service!.ended).toBe(1);
    expect(node.service!.stderr).toContain('another process');
    node.service = service;
  });

  test('may not use the folder for another log', async () => {
    const node = await started('other-log');
    await node.stop();
    writeFileSync(`${node.folder}.policy`, `log ${network.vkey.replace(/^[^+]+/, 'x')} ${network.url}\nquorum none\n`);
    node.spawn();
    expect(await node.service!.ended).toBe(1);
  });
});

test('a policy with a witness that has not cosigned: nothing is done', async () => {
  const node = await started('unwitnessed');
  await node.stop();
  writeFileSync(
    `${node.folder}.policy`,
    `log ${network.vkey} ${network.url}\nwitness w1 ${vkeyOf(testSigner('witness.example/w1'), 4)}\nquorum w1\n`,
  );
  const before = await network.observations(node.signer);
  await network.register(aRelease({ purl: 'pkg:npm/esbuild@0.25.3' }) satisfies ReleaseStatement);
  await node.start();
  await node.until(({ log }) => log.trouble === 'not-found');
  expect(await node.status()).toMatchObject({ state: 'starting', queue: { leased: 0 } });
  expect((await network.observations(node.signer)).length).toBe(before.length);
});
