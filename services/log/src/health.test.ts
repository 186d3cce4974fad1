import { runChecks } from '@verbatim/service-kit';
import { expect, test } from 'vitest';
import type { Engine } from './engine/engine.ts';
import { type HealthOptions, healthChecks } from './health.ts';

const NOW = 1_000_000_000_000;

/** What the checks read of an engine; an hour-old, fully published log by default. */
function options(
  overrides: {
    signed?: bigint;
    signedAt?: number;
    published?: bigint | null;
    cosignedAt?: number;
    closed?: boolean;
    failed?: boolean;
    low?: boolean;
    witnessed?: boolean;
    silent?: readonly string[];
  } = {},
): HealthOptions {
  const {
    signed = 10n,
    signedAt = NOW - 3_600_000,
    published = 10n,
    cosignedAt = NOW / 1000 - 60,
    closed = false,
    failed = false,
    low = false,
    witnessed = true,
    silent = [],
  } = overrides;
  const signature = new Uint8Array(72);
  new DataView(signature.buffer).setBigUint64(0, BigInt(cosignedAt));
  const note = { text: '', signatures: witnessed ? [{ name: 'w', keyId: 1, signature }] : [] };
  const engine = {
    failed,
    standing: { isOpen: silent.length === 0, silent },
    signed: { size: signed, at: signedAt },
    published: { size: published ?? 0n, current: published === null ? null : { size: published, note, at: NOW } },
    stage: { states: () => [{ name: 'w', closed }] },
  } as unknown as Engine;
  return {
    engine,
    disk: { low, free: 5 } as HealthOptions['disk'],
    stuckMs: 20_000,
    renewMs: 600_000,
    witnessed,
    now: () => NOW,
    monotonic: () => NOW,
  };
}

const failing = async (overrides: Parameters<typeof options>[0]): Promise<string[]> => {
  const { checks } = await runChecks(healthChecks(options(overrides)));
  return Object.entries(checks)
    .filter(([, { ok }]) => !ok)
    .map(([name]) => name);
};

test('a log that published everything, with fresh cosignatures, is healthy', async () => {
  expect(await failing({})).toEqual([]);
});

test('a checkpoint that waits for its witnesses a moment is healthy, one that waits for long is not', async () => {
  expect(await failing({ signed: 11n, signedAt: NOW - 1000 })).toEqual([]);
  expect(await failing({ signed: 11n, signedAt: NOW - 21_000 })).toEqual(['publishing']);
});

test('cosignatures that nobody renews make the checkpoint stale', async () => {
  expect(await failing({ cosignedAt: NOW / 1000 - 1200 })).toEqual([]);
  expect(await failing({ cosignedAt: NOW / 1000 - 1300 })).toEqual(['checkpoint']);
});

test('a new log without a checkpoint is not ready', async () => {
  expect(await failing({ published: null })).toEqual(['publishing', 'checkpoint']);
});

test('without witnesses a quiet log stays healthy', async () => {
  expect(await failing({ witnessed: false, cosignedAt: 0 })).toEqual([]);
});

test('a stopped log, a closed witness, a full disk: each is told by name', async () => {
  expect(await failing({ failed: true, closed: true, low: true })).toEqual(['running', 'witnesses', 'storage']);
});

test('a log whose size is not confirmed yet says whom it waits for', async () => {
  const report = await runChecks(healthChecks(options({ silent: ['w1', 'w2'] })));
  expect(report).toMatchObject({ status: 'failing' });
  expect(JSON.stringify(report)).toContain('not heard from: w1, w2');
});

test('a clock that is behind the witnesses’ is told', async () => {
  expect(await runChecks(healthChecks(options({ cosignedAt: NOW / 1000 + 300 })))).toMatchObject({ status: 'ok' });
  const report = await runChecks(healthChecks(options({ cosignedAt: NOW / 1000 + 301 })));
  expect(report.checks['checkpoint']?.detail).toContain("301 s ahead of this machine's clock");
});
