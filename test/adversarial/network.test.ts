/** A network that comes apart and heals: processes that answer nothing, by SIGSTOP, and then go on where they were. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { join } from 'node:path';
import { outcomeOf, REBUILDERS, World, type Published } from './_world.ts';
import { reportOf } from './log-attacks.ts';

const [acme, beta, gamma] = REBUILDERS as [(typeof REBUILDERS)[0], (typeof REBUILDERS)[0], (typeof REBUILDERS)[0]];
let world: World;
let published: Published;

beforeAll(async () => {
  world = await World.start();
  published = await world.publish('pkg:npm/parted@1.0.0');
  for (const rebuilder of [acme, beta]) await world.observe(published, rebuilder);
});
afterAll(() => world[Symbol.asyncDispose]());

/** Nothing comes from that process while `action` runs; its system still accepts connections. */
async function whileSilent<T>(pid: number, action: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    return await action();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

test('a log that is cut off from its witnesses publishes nothing, and loses nothing', async () => {
  const client = await world.client();
  const entry = await world.anEntry();
  const before = await world.log.checkpoint();
  const apart = await whileSilent(world.witnesses[0]!.service!.pid, async () => {
    const answer = await world.log.post(entry);
    expect(`${answer.status} ${String(answer.body['code'])}`).toBe(reportOf('witness-cut-off'));
    expect((await world.log.checkpoint()).split('\n')[1]).toBe(before.split('\n')[1]);
    expect((await client.verify(published)).verdict).toBe('reproduced');
    return answer.body['index'];
  });
  const { index } = await world.log.logged(entry);
  expect(index).toBe(apart);
});

test('a client that is cut off from the log could not check, or has a bundle', async () => {
  const client = await world.client();
  const bundle = join(world.folder, 'parted.json');
  expect((await client.verify(published, {}, '--save-bundle', bundle)).code).toBe(0);
  await whileSilent(world.log.service!.pid, async () => {
    const [online, offline] = await Promise.all([client.verify(published), client.verify(published, {}, '--bundle', bundle, '--offline')]);
    expect(outcomeOf(online)).toBe(reportOf('log-cut-off'));
    expect(online.result.errors[0]!.code).toBe('timeout');
    expect(offline).toMatchObject({ verdict: 'reproduced', code: 0 });
    expect(offline.result.warnings.join()).toMatch(/later dissent unknown/);
  });
  // What was logged in the meantime, or comes now, is seen.
  await world.observe(published, gamma, { result: 'differ' });
  expect(await client.verify(published)).toMatchObject({ verdict: 'not-reproduced', code: 1 });
});
