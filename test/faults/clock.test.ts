/** Clocks that jump while the services run, back and forth: by libfaketime, one for the log and one for its witness. */
import { globSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { parseNote } from '@verbatim/tlog';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startLog, type RunningLog } from '../_log.ts';

let folder: string;
let log: RunningLog;
let names = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verbatim-clock-'));
  await set('log', 0);
  await set('witness', 0);
  log = await startLog({
    witness: true,
    wrap: clock('log'),
    wrapWitness: clock('witness'),
    toml: 'renew_ms = 500\nwitness_timeout_ms = 1000\nwitness_request_timeout_ms = 1000\n',
  });
});

afterAll(async () => {
  await log[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await set('log', 0);
  await set('witness', 0);
});

/** Time of day comes from a file; timers go on as ever, as they do on a machine whose clock is set. */
function clock(name: string): string[] {
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
  if (library === undefined) throw new Error('expected libfaketime: run test/setup.sh');
  const file = join(folder, name);
  return ['env', `LD_PRELOAD=${library}`, `FAKETIME_TIMESTAMP_FILE=${file}`, 'FAKETIME_NO_CACHE=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1'];
}

/** @param seconds that the clock is ahead; it jumps when the file is written */
async function set(name: 'log' | 'witness', seconds: number): Promise<void> {
  await writeFile(join(folder, name), `${seconds < 0 ? '' : '+'}${seconds}\n`);
}

const enrolment = (): Uint8Array => signStatement(anEnrolment(testSigner(`rebuilder-${names++}`)), [log.admin]);

/** POSIX seconds of the witness's line on the published checkpoint. */
async function cosignedAt(): Promise<number> {
  const { signatures } = parseNote(new Uint8Array(await (await fetch(`${log.url}/checkpoint`)).arrayBuffer()));
  const { signature } = signatures.find(({ name }) => name === 'witness.example/w1')!;
  return Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
}

const MINUTES = 60;
const HOURS = 3600;

test.each([
  ['back by four minutes', -4 * MINUTES],
  ['forth by four minutes', 4 * MINUTES],
  ['forth by five hours', 5 * HOURS],
])('the log’s clock jumps %s: it takes entries as before, and its cosignatures are renewed', async (_, seconds) => {
  await expect.poll(() => log.submit(enrolment()), { timeout: 60_000 }).toMatchObject({ status: 200 });
  await set('log', seconds);
  const before = await cosignedAt();
  const entry = enrolment();
  // A busy machine may need more than the second that a submitter waits; the same entry is asked about again then.
  await expect.poll(() => log.submit(entry), { timeout: 60_000 }).toMatchObject({ status: 200 });
  await expect.poll(cosignedAt, { timeout: 60_000 }).toBeGreaterThan(before + 1);
});

test('the log’s clock is hours behind: no cosignature from its future is published, and it recovers with the clock', async () => {
  await set('log', -3 * HOURS);
  const entry = enrolment();
  const refused = await log.submit(entry);
  expect(refused).toMatchObject({ status: 503, body: { code: 'not-yet-witnessed' } });
  expect((await fetch(`${log.url}/readyz`)).status).toBe(503);
  await set('log', 0);
  await expect
    .poll(() => log.submit(entry), { timeout: 60_000 })
    .toMatchObject({ status: 200, body: { index: refused.body['index'], duplicate: true } });
  await expect.poll(async () => (await fetch(`${log.url}/readyz`)).status, { timeout: 60_000 }).toBe(200);
});

test('who waits for a silent witness is answered in time although the clock goes back', async () => {
  process.kill(log.witnessPid!, 'SIGSTOP');
  try {
    const answer = log.submit(enrolment());
    await new Promise((resolve) => setTimeout(resolve, 300));
    await set('log', -2 * HOURS);
    expect(await answer).toMatchObject({ status: 503, body: { code: 'not-yet-witnessed' } });
  } finally {
    process.kill(log.witnessPid!, 'SIGCONT');
  }
});

test('the witness’s clock goes back: what it says never does, and it calls itself unfit', async () => {
  await set('witness', 4 * MINUTES);
  await expect.poll(() => log.submit(enrolment()), { timeout: 60_000 }).toMatchObject({ status: 200 });
  const ahead = await cosignedAt();
  expect(ahead).toBeGreaterThan(Date.now() / 1000 + 3 * MINUTES);
  await set('witness', -5 * HOURS);
  const entry = enrolment();
  await expect.poll(() => log.submit(entry), { timeout: 60_000 }).toMatchObject({ status: 200 });
  expect(await cosignedAt()).toBeGreaterThanOrEqual(ahead);
  expect((await fetch(`${log.witnessUrl}/readyz`)).status).toBe(503);
});
