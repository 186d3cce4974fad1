/** The mirror as a process: signals, kill -9, a full disk. */
import { parseMirrorInfo } from '@verbatim/tlog';
import { expect, test } from 'vitest';
import { TestLog } from './_log.ts';
import { prepareMirror, spawnMirror, type MirrorProcess } from './_mirror.ts';

const log = new TestLog({ size: 2500 });
const SIZE = 2500;

/** Uploads two packages a request until one fails; the last entry that an answer counted as stored. */
async function uploadUntilDead({ client }: MirrorProcess, from: number): Promise<number> {
  let next = from;
  while (next < SIZE) {
    const answer = await client.addEntries(log.upload(next, SIZE, { count: 2 })).catch(() => null);
    if (answer?.status === 200) return SIZE;
    if (answer?.status !== 202) return next;
    next = Number(answer.body.split('\n')[1]);
  }
  return next;
}

/** How many entries it has: an upload from the end is refused as long as something is missing, and has nothing to bring then. */
async function nextOf({ client }: MirrorProcess): Promise<number> {
  const { status, body } = await client.addEntries(log.header(SIZE, SIZE));
  // It may have been killed between the last cosignature and the answer.
  if (status === 200) return SIZE;
  return Number(parseMirrorInfo(body).next);
}

test('whenever it is killed, the restarted mirror has every entry that it counted, and goes on from there', async () => {
  const prepared = await prepareMirror([log]);
  let counted = 0;
  for (let round = 0; counted < SIZE; round++) {
    const mirror = await spawnMirror(prepared);
    if (round === 0) expect((await mirror.client.addCheckpoint(log.request(0, SIZE))).status).toBe(200);
    const next = await nextOf(mirror);
    expect(next).toBeGreaterThanOrEqual(counted);
    // Later and later, so that something is counted in the end however slow the machine is.
    setTimeout(() => mirror.process.kill('SIGKILL'), 40 + 40 * round);
    counted = await uploadUntilDead(mirror, next);
    if (counted === SIZE) mirror.process.kill('SIGKILL');
    expect((await mirror.exited).signal).toBe('SIGKILL');
  }
  const mirror = await spawnMirror(prepared);
  expect(await mirror.client.size(log.origin, log.vkey, ...prepared.vkeys)).toBe(SIZE);
});

test('when it cannot write, it counts and cosigns nothing more; a restart with room goes on', async () => {
  const prepared = await prepareMirror([log]);
  const limited = await spawnMirror(prepared, { fileBlocks: 80 });
  expect((await limited.client.addCheckpoint(log.request(0, SIZE))).status).toBe(200);
  const counted = await uploadUntilDead(limited, 0);
  expect(counted).toBeLessThan(SIZE);
  const mirror = await (async () => {
    limited.process.kill('SIGTERM');
    await limited.exited;
    return spawnMirror(prepared);
  })();
  expect(await mirror.client.size(log.origin)).toBeNull();
  const next = await nextOf(mirror);
  expect(next).toBeGreaterThanOrEqual(counted);
  expect((await mirror.client.addEntries(log.upload(next, SIZE))).status).toBe(200);
});

test('SIGTERM: what was being answered is answered, the exit code is 0', async () => {
  const mirror = await spawnMirror(await prepareMirror([log]));
  await mirror.client.addCheckpoint(log.request(0, 1000));
  const answers = Array.from({ length: 8 }, () => mirror.client.addEntries(log.upload(0, 1000)).catch(() => null));
  expect((await answers[0])!.status).toBe(200);
  mirror.process.kill('SIGTERM');
  for (const answer of await Promise.all(answers)) expect([undefined, 200]).toContain(answer?.status);
  expect(await mirror.exited).toMatchObject({ code: 0, signal: null });
});

test('two processes on one database: the second is refused', async () => {
  const prepared = await prepareMirror([log]);
  await spawnMirror(prepared);
  await expect(spawnMirror(prepared)).rejects.toThrow('another process');
});
