import { createLogger } from '@verbatim/service-kit';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { FakePlan } from './_fake-worker.ts';
import { WorkerProcess } from './worker-process.ts';

const entry = fileURLToPath(new URL('_fake-worker.ts', import.meta.url));
const logger = createLogger({ name: 'test', level: 'silent' });
const never = new AbortController().signal;

function start(plan: FakePlan = {}, hungAfterMs = 20_000): WorkerProcess {
  return new WorkerProcess({ entry, environment: { FAKE_WORKER: JSON.stringify(plan) }, owner: null, logger, hungAfterMs });
}

const isAlive = (pid: number): boolean => spawnSync('kill', ['-0', String(pid)]).status === 0;

/** What its descriptors are; one that was closed while we looked is none. */
function descriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

describe('a worker process', () => {
  test('says hello, and is gone when it is disposed of', async () => {
    let pid = 0;
    {
      await using worker = start();
      pid = worker.pid;
      expect(await worker.answer(20_000, never)).toMatchObject({ type: 'hello' });
      expect(isAlive(pid)).toBe(true);
    }
    expect(isAlive(pid)).toBe(false);
  });

  test('has the environment that it was given and nothing else, and no descriptor but its pipes', async () => {
    process.env['REBUILDER_TEST_SECRET'] = 'a secret of the node';
    await using worker = start();
    await worker.answer(20_000, never);
    const environment = readFileSync(`/proc/${worker.pid}/environ`, 'utf8').split('\0').filter(Boolean);
    expect(environment).toEqual(['FAKE_WORKER={}']);
    const kinds = descriptors(worker.pid);
    // stdio are sockets (libuv) or pipes; the rest are the runtime's own (event loop, /dev/null).
    expect(kinds.filter((kind) => !/^(socket:|pipe:|anon_inode:|\/dev\/(null|urandom))/.test(kind))).toEqual([]);
  });

  test('that crashes is a worker-crashed', async () => {
    await using worker = start({ step: 'hello', trouble: 'crash' });
    await expect(worker.answer(20_000, never)).rejects.toMatchObject({ code: 'worker-crashed' });
  });

  test('that cannot even be started is a worker-crashed', async () => {
    await using worker = new WorkerProcess({ entry: '/nonexistent.ts', environment: {}, owner: null, logger });
    await expect(worker.answer(20_000, never)).rejects.toMatchObject({ code: 'worker-crashed' });
  });

  test('that says nothing is a worker-hung', async () => {
    await using worker = start({ step: 'hello', trouble: 'silence' }, 500);
    await expect(worker.answer(20_000, never)).rejects.toMatchObject({ code: 'worker-hung' });
  });

  test('that beats for ever is a worker-hung as well', async () => {
    await using worker = start({ step: 'hello', trouble: 'hang' });
    await expect(worker.answer(1_000, never)).rejects.toMatchObject({ code: 'worker-hung' });
  });

  test.each(['nonsense', 'flood'] as const)('that talks %s is a worker-protocol', async (trouble) => {
    await using worker = start({ step: 'hello', trouble });
    await expect(worker.answer(20_000, never)).rejects.toMatchObject({ code: 'worker-protocol' });
  });

  test('is no longer waited for when the signal aborts', async () => {
    await using worker = start({ step: 'hello', trouble: 'silence' });
    const stop = new AbortController();
    const waiting = worker.answer(20_000, stop.signal);
    stop.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow('stopping');
  });
});
