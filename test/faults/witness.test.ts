/** A real witness, killed or given an error at its system calls: what it cosigned it knows after a restart, and it never cosigns another history. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialise, startService, type Service } from '@verbatim/local';
import { InMemoryLog } from '@verbatim/testkit';
import { formatAddCheckpoint, utf8Encode } from '@verbatim/tlog';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Call, type Fault, inject, record, removeTraces } from './_strace.ts';

const MAIN = 'node-MainThread';
/** More than there are faults. */
const SIZE = 200;

const log = new InMemoryLog({ origin: 'log.example/witnessed' });
const fork = new InMemoryLog({ origin: log.origin, signer: log.signer });
for (let i = 0; i < SIZE; i++) {
  log.add(utf8Encode(`entry ${i}`));
  fork.add(utf8Encode(i === 0 ? 'another' : `entry ${i}`));
}

let folder: string;
let witness: Service;
/** The largest size that it was heard to cosign. */
let cosigned = 0;

const start = async (): Promise<void> => {
  witness = await startService('witness', 'witness', join(folder, 'witness.toml'), join(folder, 'witness.log'));
};

beforeAll(async () => {
  process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'verbatim-compile-cache');
  folder = await mkdtemp(join(tmpdir(), 'verbatim-witness-'));
  const config = join(folder, 'witness.toml');
  const listen = 'listen = { host = "127.0.0.1", port = 0 }\nmetrics_listen = { host = "127.0.0.1", port = 0 }\n';
  await writeFile(
    config,
    `name = "witness.example/w1"\ndata_dir = "data"\nkey_file = "witness.key"\n${listen}[[logs]]\nvkey = "${log.vkey}"\n`,
  );
  await initialise('witness', config);
  await start();
});

afterAll(async () => {
  await witness[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
  removeTraces();
});

/** Status of the answer; null when the connection died with the process. */
async function ask(history: InMemoryLog, from: number, to: number): Promise<number | null> {
  const proof = from === 0 || from === to ? [] : history.consistencyProof(BigInt(from), BigInt(to));
  const body = formatAddCheckpoint({ oldSize: BigInt(from), proof, checkpoint: history.checkpoint({ size: BigInt(to) }) });
  const answer = await fetch(`${witness.ready.url}/add-checkpoint`, { method: 'POST', body: new Uint8Array(body) }).catch(() => null);
  return answer?.status ?? null;
}

/** Asked with a size that it cannot have, it tells its own. */
async function size(): Promise<number> {
  const body = formatAddCheckpoint({
    oldSize: BigInt(SIZE - 1),
    proof: log.consistencyProof(BigInt(SIZE - 1), BigInt(SIZE)),
    checkpoint: log.checkpoint({ size: BigInt(SIZE) }),
  });
  const answer = await fetch(`${witness.ready.url}/add-checkpoint`, { method: 'POST', body: new Uint8Array(body) });
  expect(answer.status).toBe(409);
  return Number(await answer.text());
}

/** One entry more than `from`. */
async function grow(from: number): Promise<number | null> {
  const status = await ask(log, from, from + 1);
  if (status === 200) cosigned = from + 1;
  return status;
}

async function strike(call: Call, fault: Fault): Promise<void> {
  const from = await size();
  const armed = await inject(witness.pid, call, fault, true);
  await grow(from);
  await armed.disarm();
  expect(armed.hit(), `${fault} at ${call.name} of ${call.path}`).not.toBeNull();
  // Whatever it made of the error: it is held to its word after a restart.
  try {
    process.kill(witness.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
  await witness.ended;
  await start();
}

test('after SIGKILL, EIO or ENOSPC at any call on its database, every size that it cosigned is known, and no other history is cosigned', async () => {
  expect(await grow(0)).toBe(200);
  const calls = await record(witness.pid, [MAIN], () => grow(1));
  const distinct = new Map(
    calls.filter(({ path }) => path.startsWith(folder)).map((call) => [`${call.name} ${call.path}`, { ...call, nthOnPath: 1 }]),
  );
  expect([...distinct.values()].map(({ name, path }) => `${name} ${path.slice(folder.length)}`)).toEqual(
    expect.arrayContaining(['pwrite64 /data/witness.sqlite-wal', 'fsync /data/witness.sqlite-wal']),
  );
  for (const call of distinct.values()) {
    for (const fault of ['SIGKILL', 'EIO', 'ENOSPC'] as const) {
      await strike(call, fault);
      const known = await size();
      // One size may have been written and not answered.
      expect(known - cosigned, `${fault} at ${call.name}`).toBeGreaterThanOrEqual(0);
      expect(known - cosigned, `${fault} at ${call.name}`).toBeLessThanOrEqual(1);
      expect(await ask(fork, known, known)).toBe(422);
      expect(await grow(known)).toBe(200);
    }
  }
  expect(cosigned).toBeGreaterThan(6);
});
