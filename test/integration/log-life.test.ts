/** The life of a log, in real processes: its key changes, it freezes, another goes on; and all the time the same client has the same policy. */
import { join } from 'node:path';
import { anEnrolment, aRevocation } from '@verbatim/testkit';
import type { Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Folder, type Ran, verbatim } from '../../packages/cli/src/_world.ts';
import { beginLife, type OperatedLog, REBUILDERS, REGISTRAR, type RunningWitness } from './_log-life.ts';

const [acme, beta, gamma] = REBUILDERS as [Signer, Signer, Signer];
const folder = new Folder();
let log: OperatedLog;
let next: OperatedLog;
let witness: RunningWitness;
let policy: string;
/** Registered in the old log. */
let first: Awaited<ReturnType<OperatedLog['release']>>;

const run = (...args: string[]): Promise<Ran> => verbatim(args, { env: { HOME: folder.path, VERBATIM_POLICY: policy } });
const verify = (content: string, ...args: string[]): Promise<Ran> => run('verify', folder.file('tool', content), ...args);

/** Signs a control entry with the old log's root key and submits it, by the policy, which names its first key for ever; the index that it got. */
async function control(action: string, ...args: string[]): Promise<number> {
  const entry = join(folder.path, `${action}.json`);
  expect(await run('log', action, '--key', log.file('root.key'), '--out', entry, ...args)).toMatchObject({ code: 0 });
  const submitted = await run('log', 'submit', entry);
  expect(submitted).toMatchObject({ code: 0, stderr: '' });
  return Number(submitted.stdout);
}

/** A policy that pins this log by one of its keys. */
function policyOf(of: OperatedLog, name: string): string {
  const names = ['acme', 'beta', 'gamma'];
  const lines = [
    'version 1',
    'expires 2099-01-01T00:00:00Z',
    `log ${of.vkey(name)} ${of.url}`,
    `root ${of.vkey('root')}`,
    `witness w1 ${witness.vkey}`,
    'quorum w1',
    ...names.map((operator) => `operator ${operator}`),
    ...REBUILDERS.map((rebuilder, i) => `rebuilder ${names[i]}-1 ${names[i]} linux/amd64 ${vkeyOf(rebuilder)}`),
    `claimant watch registrar pkg:npm/ ${vkeyOf(REGISTRAR)}`,
    'require 2',
    '',
  ];
  return folder.file(`policy-${of === log ? 'old' : 'new'}-${name}`, lines.join('\n'));
}

beforeAll(async () => {
  ({ log, next, witness } = await beginLife(folder.path));
  policy = policyOf(log, 'log');
  for (const rebuilder of REBUILDERS) await log.log(anEnrolment(rebuilder), log.signer('admin'));
  first = await log.release('1.0.0', 'one');
  for (const rebuilder of [acme, beta]) await log.observe(first, rebuilder);
});
afterAll(async () => {
  for (const each of [next, log, witness]) await each?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('the life of a log, seen by one policy', () => {
  test('it begins', async () => {
    expect(await verify('one')).toMatchObject({ code: 0 });
  });

  test('its key is rotated: both sign, then after a restart the new one alone', async () => {
    const keys = ['--of', 'log', '--old', log.vkey('log'), '--new-key', log.file('log2.key')];
    const at = await control('rotate', '--origin', log.origin, ...keys);
    const lines = (): number => log.checkpointLines().filter((line) => line.startsWith(`— ${log.origin} `)).length;
    expect(lines()).toBe(2);
    expect(await verify('one')).toMatchObject({ code: 0 });
    await log.stop();
    log.configure(['key_file = "log2.key"'], witness);
    await log.start();
    await log.log(anEnrolment(REGISTRAR, { role: 'rebuilder' }), log.signer('admin'));
    expect(lines()).toBe(1);
    const verified = await verify('one', '--explain');
    expect(verified.code).toBe(0);
    expect(verified.stdout).toContain(`${log.vkey('log2')}, since entry ${at}`);
    expect((await run('log', 'status')).stdout).toContain(`log       ${log.vkey('log2')}, since entry ${at}`);
  });

  test('it freezes: nothing comes any more, and everybody is told', async () => {
    const at = await control('freeze', '--origin', log.origin, '--reason', 'We move.');
    const again = await run('log', 'submit', join(folder.path, 'freeze.json'));
    expect(again).toMatchObject({ code: 0, stdout: `${at}\n`, stderr: 'it was logged before\n' });
    const refused = await log.post(anEnrolment(beta, { role: 'registrar', scope: ['pkg:npm/'] }), log.signer('admin'));
    expect(refused).toMatchObject({ status: 403, body: { code: 'frozen', index: at } });
    await log.stop();
    await log.start();
    expect(await log.post(anEnrolment(gamma), log.signer('admin'))).toMatchObject({ status: 200, body: { duplicate: true } });
    // Its last checkpoint does not go stale.
    const lines = log.checkpointLines();
    await expect.poll(() => log.checkpointLines(), { timeout: 60_000 }).not.toEqual(lines);
    expect(log.checkpointLines().slice(0, 3)).toEqual(lines.slice(0, 3));
    const { code, stdout } = await verify('one');
    expect(code).toBe(0);
    expect(stdout).toContain(`the log is frozen since entry ${at}: We move.`);
  });

  test('another log goes on: it has every entry, and a file that is only there is verified by the old policy', async () => {
    const keys = ['--successor-vkey', next.vkey('log'), '--successor-root-vkey', next.vkey('root'), '--url', next.url];
    const at = await control('successor', '--checkpoint', log.publishedCheckpoint(), '--vkey', log.vkey('log2'), ...keys);
    next.configure(['key_file = "log.key"'], witness);
    // Named, and not there yet: no verdict, rather than one that dissent may have overtaken.
    expect(await verify('one')).toMatchObject({ code: 4 });
    next.succeed(log);
    await next.start();
    const moved = await verify('one');
    expect(moved.code).toBe(0);
    expect(moved.stderr).toContain(`the log goes on as ${next.origin} at ${next.url}`);
    const second = await next.release('2.0.0', 'two');
    expect((await verify('two')).code).toBe(3);
    for (const rebuilder of [acme, gamma]) await next.observe(second, rebuilder);
    expect(await verify('two', '--save-bundle', join(folder.path, 'bundle.json'))).toMatchObject({ code: 0 });
    // The bundle is the successor's alone, and shows the way to it.
    expect(await verify('two', '--offline', '--bundle', join(folder.path, 'bundle.json'))).toMatchObject({ code: 0 });
    // Every entry, tile and index root of both, from their public folders.
    // Every index root of both, with the keys that a policy had once, has now, or will have.
    for (const [of, name] of [
      [log, 'log'],
      [log, 'log2'],
      [next, 'log'],
    ] as const)
      expect(await run('log', 'audit', of.file('data/public'), '--policy', policyOf(of, name))).toMatchObject({ code: 0, stderr: '' });
    expect(await run('log', 'fsck', '--log', next.url, '--vkey', next.vkey('log'))).toMatchObject({ code: 0 });
    const status = await run('log', 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ successor: { index: at, url: next.url }, complete: true });
  });

  test('an observation of a release that the old log had counts, and a dissent in the new one overrules the matches in the old one', async () => {
    await next.observe(first, gamma);
    const { results } = JSON.parse((await verify('one', '--json')).stdout) as { results: { matches: number }[] };
    expect(results[0]!.matches).toBe(3);
    const third = await next.release('3.0.0', 'three');
    for (const rebuilder of [acme, beta]) await next.observe(third, rebuilder);
    expect((await verify('three')).code).toBe(0);
    await next.observe(third, gamma, { result: 'differ', observed: { sha256: 'ab'.repeat(32) } });
    expect((await verify('three')).code).toBe(1);
  });

  test('a revoked key’s matches count no more from the index that was named, and its dissents still do', async () => {
    const fourth = await next.release('4.0.0', 'four');
    const since = (await next.observe(fourth, acme)).index;
    await next.observe(fourth, beta);
    expect((await verify('four')).code).toBe(0);
    // The old admin key has no say here.
    expect((await next.post(aRevocation(acme), log.signer('admin'))).body.code).toBe('not-the-admin');
    await next.log(aRevocation(acme, { compromisedSince: since }), next.signer('admin'));
    expect((await verify('four')).code).toBe(3);
    expect((await verify('two')).code).toBe(0);
    await next.log(aRevocation(gamma, { compromisedSince: 0 }), next.signer('admin'));
    expect((await verify('two')).code).toBe(3);
    expect((await verify('three')).code).toBe(1);
  });

  test('without the old log nobody follows: a policy that names the new one is needed then', async () => {
    await log.stop();
    expect((await verify('three')).code).toBe(4);
    policy = policyOf(next, 'log');
    expect((await verify('one')).code).toBe(0);
    expect((await verify('three')).code).toBe(1);
  });
});
