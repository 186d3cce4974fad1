/** A dissent that the log does not admit: a real node, a real log, the real command. */
import { hostPlatform } from '@verbatim/builder';
import { contentOf, anObservation, aRelease, testSigner } from '@verbatim/testkit';
import { hashLeaf } from '@verbatim/tlog';
import { signStatement } from '@verbatim/statements';
import { vkeyOf } from '@verbatim/tlog/node';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Folder, verbatim } from '../../packages/cli/src/_world.ts';
import { reportOf } from './log-attacks.ts';
import { Network, ORIGIN, REGISTRAR, type TestNode } from '../../services/rebuilder/src/_network.ts';

const ARTIFACT = 'linux-x64/bin/esbuild';
const MATCHING = [testSigner('acme-1'), testSigner('beta-1')];

const folder = new Folder();
let network: Network;
let node: TestNode;
let file: string;
let policy: string;

beforeAll(async () => {
  file = folder.file('esbuild', contentOf(ARTIFACT));
  network = await Network.start();
  const release = aRelease();
  const index = await network.register(release);
  const leafHash = hashLeaf(signStatement(release, [REGISTRAR]));
  for (const rebuilder of MATCHING) {
    await network.enrol(rebuilder);
    await network.submit(anObservation({ origin: ORIGIN, release, index, leafHash, rebuilder }), rebuilder);
  }
  const plan = { built: 'other bytes than were published' };
  node = await network.node('refused', { enrolled: false, plan, toml: '[public_listen]\nport = 0\n' });
  await node.start();
  await node.until(({ outbox }) => outbox.pending === 1);
  const root = readFileSync(join(network.folder, 'root.key.pub'), 'utf8').trimEnd();
  const keys = [...MATCHING.map((key) => vkeyOf(key)), `${vkeyOf(node.signer)} ${node.url}`];
  policy = folder.file(
    'policy',
    [
      'version 1',
      'expires 2099-01-01T00:00:00Z',
      `log ${network.vkey} ${network.url}`,
      `root ${root}`,
      'quorum none',
      ...keys.map((_, i) => `operator operator-${i}`),
      ...keys.map((key, i) => `rebuilder rebuilder-${i} operator-${i} ${i === 2 ? hostPlatform() : 'linux/amd64'} ${key}`),
      `claimant watch registrar pkg:npm/ ${vkeyOf(REGISTRAR)}`,
      'require 2',
      'answers 2',
      '',
    ].join('\n'),
  );
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const verify = (...more: string[]) => verbatim(['verify', file, '--policy', policy, ...more], { env: { HOME: folder.path } });

describe('a rebuilder that the log does not admit', () => {
  test('is not in the log, and its dissent counts for whoever asks it', async () => {
    expect(await verify()).toMatchObject({ code: 0 });
    const { code, stdout } = await verify('--ask-rebuilders', '--json');
    const [result] = (JSON.parse(stdout) as { results: Record<string, unknown>[] }).results;
    expect(`${String(result!['verdict'])}, exit code ${code}`).toBe(reportOf('refused-dissent'));
    expect(result).toMatchObject({
      verdict: 'not-reproduced',
      matches: 2,
      dissents: 1,
      heard: [{ rebuilder: 'rebuilder-2', attempt: 1, result: 'differ', counts: 'dissent', because: null }],
    });
    expect((await verify('--ask-rebuilders')).stdout).toMatch(/heard from rebuilders themselves, not in the log:\n {4}✗ operator-2 /);
  });

  test('is named when it cannot be asked, and then the log’s word stands', async () => {
    const gone = folder.file('gone', readFileSync(policy, 'utf8').replace(node.url, 'http://127.0.0.1:9'));
    const { code, stdout } = await verbatim(['verify', file, '--policy', gone, '--ask-rebuilders'], { env: { HOME: folder.path } });
    expect(code).toBe(0);
    expect(stdout).toContain('rebuilder-2 could not be asked');
  });

  test('has nothing more to serve once the log has taken it', async () => {
    await network.enrol(node.signer);
    await node.until(({ outbox }) => outbox.pending === 0 && outbox.acknowledged === 1);
    const { code, stdout } = await verify('--ask-rebuilders', '--json');
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as { results: unknown[] }).results[0]).toMatchObject({ verdict: 'not-reproduced', dissents: 1, heard: [] });
  });
});
