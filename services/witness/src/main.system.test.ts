/** The witness as a process: signals, kill -9, a full disk. */
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TestLog } from './_log.ts';
import { cosignedAt, prepareWitness, runMain, spawnWitness, witnessToml, type TestFolder, type WitnessProcess } from './_witness.ts';

const log = new TestLog({ size: 3000 });
const fork = new TestLog({ size: 3000, history: 'b' });

/** Asked with an old size that it cannot have, the witness tells its own. */
async function sizeOf(witness: WitnessProcess): Promise<number> {
  const { status, body } = await witness.post(log.request(2999, 3000));
  if (status !== 409) throw new Error(`expected 409, found ${status} ${body}`);
  return Number(body);
}

/** Grow by one entry a request until a request fails; the last size that was acknowledged. */
async function growUntilDead(witness: WitnessProcess, from: number): Promise<number> {
  for (let size = from; ; size++) {
    const answer = await witness.post(log.request(size, size + 1)).catch(() => null);
    if (answer?.status !== 200) return size;
    cosignedAt(log.checkpoint(size + 1), answer.body, witness.vkey);
  }
}

test('whenever it is killed, the restarted witness knows every size that it acknowledged, and no other history', async () => {
  const prepared = await prepareWitness([log.vkey]);
  let acknowledged = 0;
  // However slow the machine is: enough kills, and enough in between to lose.
  for (let round = 0; round < 12 || acknowledged <= 20; round++) {
    const witness = await spawnWitness(prepared);
    const size = await sizeOf(witness);
    // One request may have been written and not answered.
    expect(size - acknowledged).toBeGreaterThanOrEqual(0);
    expect(size - acknowledged).toBeLessThanOrEqual(1);
    expect((await witness.post(log.request(size, size))).status).toBe(200);
    setTimeout(() => witness.process.kill('SIGKILL'), 20 + 23 * (round % 6));
    acknowledged = await growUntilDead(witness, size);
    expect((await witness.exited).signal).toBe('SIGKILL');
  }
});

test('SIGTERM: what was being answered is answered, the exit code is 0', async () => {
  const witness = await spawnWitness(await prepareWitness([log.vkey]));
  const answers = Array.from({ length: 30 }, () => witness.post(log.request(0, 1)).catch(() => null));
  // Whichever comes first is cosigned; all others find that the witness is past their old size.
  await Promise.race(answers);
  witness.process.kill('SIGTERM');
  const statuses = (await Promise.all(answers)).flatMap((answer) => (answer === null ? [] : [answer.status]));
  expect(statuses.toSorted()).toEqual([200, ...Array.from({ length: statuses.length - 1 }, () => 409)]);
  expect(await witness.exited).toMatchObject({ code: 0, signal: null });
});

test('two processes on one database: the second is refused', async () => {
  const prepared = await prepareWitness([log.vkey]);
  await spawnWitness(prepared);
  const { code, stderr } = await runMain('serve', '--config', prepared.config).exited;
  expect(code).toBe(1);
  expect(stderr).toContain('another process');
});

test('when it cannot write, it cosigns nothing, and forgets nothing', async () => {
  const prepared = await prepareWitness([log.vkey]);
  const witness = await spawnWitness(prepared, { fileBlocks: 200 });
  const acknowledged = await growUntilDead(witness, 0);
  expect(acknowledged).toBeGreaterThan(5);
  expect(acknowledged).toBeLessThan(50);
  // What reached the disk is unknown now: it has stopped by itself.
  expect(await witness.exited).toMatchObject({ code: 1, stderr: expect.stringContaining('SQLITE_IOERR') as string });
  const restarted = await spawnWitness(prepared);
  const size = await sizeOf(restarted);
  expect([acknowledged, acknowledged + 1]).toContain(size);
  expect((await restarted.post(log.request(size, size + 5))).status).toBe(200);
});

test('a lost or emptied database stops it: it never starts from nothing', async () => {
  const emptied = await prepareWitness([log.vkey]);
  truncateSync(join(emptied.folder, 'data', 'witness.sqlite'), 0);
  const lost = await prepareWitness([log.vkey]);
  rmSync(join(lost.folder, 'data', 'witness.sqlite'));
  for (const { config } of [emptied, lost]) {
    const { code, stderr } = await runMain('serve', '--config', config).exited;
    expect(code).toBe(1);
    expect(stderr).toContain('restore it');
  }
});

test('a log that was taken out of the configuration is unknown, can still be read, and is not forgotten when it comes back', async () => {
  const prepared = await prepareWitness([log.vkey]);
  const run = async (vkeys: string[], use: (witness: WitnessProcess) => Promise<void>): Promise<void> => {
    writeFileSync(prepared.config, witnessToml(vkeys));
    const witness = await spawnWitness(prepared);
    await use(witness);
    witness.process.kill('SIGTERM');
    expect((await witness.exited).code).toBe(0);
  };
  await run([log.vkey], async (witness) => expect((await witness.post(log.request(0, 7))).status).toBe(200));
  await run([], async (witness) => {
    expect((await witness.post(log.request(7, 8))).status).toBe(404);
    expect((await witness.read(log.origin)).status).toBe(200);
  });
  await run([log.vkey], async (witness) => expect(await sizeOf(witness)).toBe(7));
});

test('init and serve as commands; wrong use and a configuration that cannot be read are exit code 2', async () => {
  const prepared: TestFolder = await prepareWitness([log.vkey], { init: false });
  const init = runMain('init', '--config', prepared.config);
  expect((await init.exited).code).toBe(0);
  const vkey = init.stdout().slice(0, -1);
  const witness = await spawnWitness({ ...prepared, vkey });
  const answer = await witness.post(log.request(0, 5));
  cosignedAt(log.checkpoint(5), answer.body, vkey);
  expect((await witness.post(fork.request(0, 5))).status).toBe(403);
  for (const args of [[], ['serve'], ['init', 'serve', '--config', 'x'], ['run', '--config', 'x'], ['serve', '--port', '1']]) {
    const { code, stderr } = await runMain(...args).exited;
    expect([code, stderr]).toEqual([2, expect.stringContaining('Usage')]);
  }
  for (const command of ['init', 'serve']) {
    const { code, stderr } = await runMain(command, '--config', '/nonexistent.toml').exited;
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^\/nonexistent\.toml: expected a readable configuration file.*\n$/)]);
  }
});
