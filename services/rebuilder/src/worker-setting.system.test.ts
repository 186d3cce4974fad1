import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { detectSandbox } from '@verbatim/builder';
import { aRelease } from '@verbatim/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Network } from './_network.ts';
import { WORKER_ENTRY } from './worker-setting.ts';

/** Only root can give the worker a user of its own. */
const isRoot = process.getuid!() === 0;

let network: Network;
beforeAll(async () => {
  network = await Network.start();
  await network.register(aRelease());
});
afterAll(() => network[Symbol.asyncDispose]());

const uidOf = (pid: number): number => Number.parseInt(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!, 10);

describe('the worker’s user', () => {
  test('is one of its own under root, which cannot read the key, and is the node’s otherwise', async () => {
    const node = await network.node('auto', { uid: 'auto', plan: { delayMs: 60_000 } });
    await node.start();
    expect((await node.status()).worker).toBe(isRoot ? 'separate-user' : 'same-user');
    await node.until(({ running }) => running === 1);
    const children = `/proc/${node.service!.child.pid}/task/${node.service!.child.pid}/children`;
    // A job is running from before its worker is a process of that user.
    const sameUser = (): boolean => uidOf(Number.parseInt(readFileSync(children, 'utf8'), 10)) === process.getuid!();
    await expect.poll(sameUser, { timeout: 60_000 }).toBe(!isRoot);
    const { mode, uid: keyOwner } = statSync(`${node.folder}.key`);
    expect(mode & 0o777).toBe(0o600);
    expect(keyOwner).toBe(process.getuid!());
    const modes = readdirSync(node.folder).map((name) => [name, statSync(join(node.folder, name)).mode & 0o777]);
    expect(modes).toEqual([
      ['control.sock', 0o600],
      ['state', 0o700],
      ['work', 0o711],
    ]);
    await node.stop();
  });

  test('can make its sandbox: the real worker says hello', async () => {
    const node = await network.node('hello', { uid: 'auto' });
    await node.start({ worker: WORKER_ENTRY });
    await node.control('POST', '/drain');
    expect((await node.status()).worker).toBe(isRoot ? 'separate-user' : 'same-user');
    await node.stop('SIGKILL');
  });

  test('has a control group of its own under root, where there are any, and none when the node has stopped', async () => {
    const node = await network.node('counted', { uid: 'auto', plan: { delayMs: 60_000 } });
    const { limits } = await detectSandbox();
    await node.start();
    await node.until(({ running }) => running === 1);
    const { pid } = node.service!.child;
    const lent = (text: string): boolean => text.includes(`/verbatim-${pid}-`);
    // A moment after the job is leased there is a worker, and a moment later it is where it should be.
    const groupsOfWorker = (): string => {
      const [worker = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
      return worker === '' ? '' : readFileSync(`/proc/${worker}/cgroup`, 'utf8');
    };
    await expect.poll(() => lent(groupsOfWorker()), { timeout: 60_000 }).toBe(isRoot && limits !== 'rlimit');
    expect(lent(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))).toBe(false);
    expect(await node.stop()).toBe(0);
    expect(readdirSync('/sys/fs/cgroup', { recursive: true }).filter((path) => lent(`/${String(path)}`))).toEqual([]);
  });

  test('is the node’s where another one cannot get to its program', async () => {
    const node = await network.node('fallback', { uid: 'auto', plan: { step: 'hello', trouble: 'crash', onlyForOthers: true } });
    await node.start();
    expect((await node.status()).worker).toBe('same-user');
    await node.stop();
  });
});

test('a node whose worker cannot work does not start', async () => {
  const node = await network.node('unusable', { plan: { step: 'hello', trouble: 'crash' } });
  node.spawn();
  expect(await node.service!.ended).toBe(1);
  expect(node.service!.stderr).toContain('without a result');
});
