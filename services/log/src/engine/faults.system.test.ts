/**
 * Every write point of DESIGN §3.6, once as "failed" and once as "failed but persisted" (sunlight's matrix, transparency-logs.md §2). After each
 * fault the log must have stopped without acknowledging anything, and a restart on the same folder must repair it: what was acknowledged is there
 * under its index, what was not may be there or not, but only once.
 */
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { durable, type Durable } from '@verbatim/service-kit';
import { decodeEntry, keyidOf, PREDICATE, signStatement } from '@verbatim/statements';
import { bytesEqual, toHex } from '@verbatim/tlog';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { expect, test } from 'vitest';
import { checkWholeLog, fromFolder } from '../_check-log.ts';
import { startLog, type TestLog } from '../_log.ts';
import { blobMessage } from '../http/blobs.ts';
import type { CheckpointStore } from '../store/checkpoints.ts';
import type { EngineOptions } from './engine.ts';

type Ports = Partial<Pick<EngineOptions, 'durable' | 'wrapCheckpoints' | 'wrapLedger'>>;

class InjectedError extends Error {}

/** One write that is let fail on command. */
class Fault {
  armed = false;
  readonly persisted: boolean;

  constructor(persisted: boolean) {
    this.persisted = persisted;
  }

  /** `partly` stands for a write that came half way. */
  async around<T>(write: () => Promise<T>, partly: () => Promise<unknown> = async () => {}): Promise<T> {
    if (!this.armed) return write();
    await (this.persisted ? write() : partly());
    throw new InjectedError('injected');
  }

  aroundSync<T>(write: () => T): T {
    if (!this.armed) return write();
    if (this.persisted) write();
    throw new InjectedError('injected');
  }
}

const withDurable = (overrides: (real: Durable) => Partial<Durable>): Ports => ({ durable: { ...durable, ...overrides(durable) } });

function storeWith(method: 'swapSigned' | 'recordPublished', fault: Fault): Ports {
  return {
    wrapCheckpoints: (store) =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== 'function') return member;
          const call = (...parts: unknown[]): unknown => Reflect.apply(member, target, parts);
          return name === method ? (...parts: unknown[]) => fault.aroundSync(() => call(...parts)) : call;
        },
      }) as CheckpointStore,
  };
}

const WRITE_POINTS: readonly [name: string, ports: (fault: Fault) => Ports][] = [
  [
    'the sequencing transaction',
    (fault) => ({ wrapLedger: (ledger) => ({ sequence: (candidates, at) => fault.aroundSync(() => ledger.sequence(candidates, at)) }) }),
  ],
  [
    'writing tiles and bundles, with nothing or all of them written',
    (fault) => withDurable((real) => ({ writeImmutableAll: (files) => fault.around(() => real.writeImmutableAll(files)) })),
  ],
  [
    'writing tiles and bundles, with some of them written',
    (fault) =>
      withDurable((real) => ({
        writeImmutableAll: (files) =>
          fault.around(
            () => real.writeImmutableAll(files),
            () => real.writeImmutableAll(files.slice(0, 1)),
          ),
      })),
  ],
  ['the compare-and-swap of the signed checkpoint', (fault) => storeWith('swapSigned', fault)],
  [
    'writing public/checkpoint',
    (fault) => withDurable((real) => ({ writeFile: (path, bytes, options) => fault.around(() => real.writeFile(path, bytes, options)) })),
  ],
  ['recording what was published', (fault) => storeWith('recordPublished', fault)],
];

const enrolment = (log: TestLog, name: string): Uint8Array => signStatement(anEnrolment(testSigner(name)), [log.admin]);

for (const [name, ports] of WRITE_POINTS) {
  test.each([
    ['failed', false],
    ['failed but persisted', true],
  ])(`${name} %s: nothing is acknowledged, and a restart repairs it`, async (_, persisted) => {
    const prepared = await startLog();
    // Nearly a full tile with the index roots, so that the fault also meets the step to the next one.
    const acknowledged = new Map<string, number>();
    const names = Array.from({ length: 249 }, (__, i) => `before-${i}`);
    const { body } = await prepared.batch(names.map((each) => enrolment(prepared, each)));
    names.forEach((each, i) => acknowledged.set(each, body.results[i].index));
    const folder = await prepared.stop();

    const fault = new Fault(persisted);
    await using log = await startLog({ dir: folder, engine: ports(fault) });
    acknowledged.set('just-before', (await log.post(enrolment(log, 'just-before'))).body.index);
    fault.armed = true;
    const attempts = await Promise.all(['during-0', 'during-1', 'during-2'].map((each) => log.post(enrolment(log, each))));
    for (const { status } of attempts) expect(status).toBeGreaterThanOrEqual(500);
    expect(log.fatal).toHaveLength(1);
    // It has stopped: the same, and anything else, is refused from now on.
    expect((await log.post(enrolment(log, 'after'))).status).toBe(503);
    expect((await log.fetch('/readyz')).status).toBe(503);
    await log.stop();

    await using again = await startLog({ dir: folder });
    for (const [each, index] of acknowledged) {
      const repeated = await again.post(enrolment(again, each));
      expect(repeated).toMatchObject({ status: 200, body: { index, duplicate: true } });
    }
    const indexes = new Set<number>();
    for (const each of ['during-0', 'during-1', 'during-2', 'after']) {
      const first = await again.post(enrolment(again, each));
      expect(first.status).toBe(200);
      expect((await again.post(enrolment(again, each))).body).toMatchObject({ index: first.body.index, duplicate: true });
      indexes.add(first.body.index);
    }
    expect(indexes.size).toBe(4);
    const entries = await checkWholeLog(fromFolder(join(folder, 'data/public')), again.logKey);
    // 249 before, one just before, three during, one after: each exactly once.
    const enrolled = entries.filter((entry) => decodeEntry(entry).statement.predicateType === PREDICATE.roster);
    expect(enrolled).toHaveLength(254);
    expect(new Set(enrolled.map(toHex)).size).toBe(254);
    expect(entries.filter((entry) => bytesEqual(entry, enrolment(again, 'during-1')))).toHaveLength(1);
    await again.stop();
    await rm(folder, { recursive: true });
  });
}

test('a blob that could not be written is refused, and the log goes on', async () => {
  const bytes = new TextEncoder().encode('evidence');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await using log = await startLog();
  const signer = testSigner('acme-1');
  await log.scene([signer]);
  // A file where the folder of this blob would be: mkdir fails as it would on a broken disk.
  await mkdir(join(log.config.data_dir, 'blobs'));
  await writeFile(join(log.config.data_dir, 'blobs', sha256.slice(0, 2)), 'in the way');
  const signature = Buffer.from(signer.sign(blobMessage(log.config.origin, sha256, bytes.length))).toString('base64');
  const put = () =>
    log.json(`/blobs/${sha256}`, {
      method: 'PUT',
      headers: { 'x-verbatim-signature': `${keyidOf(signer.name, signer.publicKey)} ${signature}` },
      body: bytes,
    });
  expect(await put()).toMatchObject({ status: 503, body: { code: 'storage-failed' } });
  expect((await log.fetch(`/blobs/${sha256}`)).status).toBe(404);
  expect(log.fatal).toEqual([]);
  expect((await log.post(enrolment(log, 'a'))).status).toBe(200);
  await rm(join(log.config.data_dir, 'blobs', sha256.slice(0, 2)));
  expect((await put()).status).toBe(201);
});
