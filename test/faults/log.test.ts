/**
 * A real log process, killed by strace or given an error at its system calls, in the style of tessera's fault test. Each distinct call on each kind
 * of path once, the faults taking turns; `test/recorded/faults.ts` lets every single call meet every fault.
 */
import { verbatim } from '@verbatim/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describe as describeSite, distinct, faultsOf, type Load, Matrix, NotReachedError, type Site } from './_matrix.ts';
import { removeTraces } from './_strace.ts';

const LOADS: readonly Load[] = ['entries', 'batch', 'blob', 'stop'];

let matrix: Matrix;
let sites: Site[];

beforeAll(async () => {
  matrix = await Matrix.start();
  const found: Site[] = [];
  for (const load of LOADS) found.push(...(await matrix.sites(load)));
  sites = distinct(found);
});

afterAll(async () => {
  await matrix[Symbol.asyncDispose]();
  removeTraces();
});

test('every kind of file that the log writes is among those that are hit', () => {
  const written = sites.filter(({ name }) => ['write', 'pwrite64', 'link', 'rename', 'fsync', 'mkdir'].includes(name));
  expect(new Set(written.map(({ kind }) => kind))).toEqual(
    new Set([
      'log.db',
      'log.db-wal',
      'tile',
      'folder of tiles',
      'checkpoint',
      'folder of the checkpoint',
      'blob',
      'folder of blobs',
      'blobs',
    ]),
  );
});

test('after SIGKILL, EIO or ENOSPC at any call, what was acknowledged is there under its index, and the log goes on', async () => {
  const turns: Record<string, number> = { SIGKILL: 0, EIO: 0, ENOSPC: 0 };
  for (const site of sites) {
    const faults = faultsOf(site);
    const [fault] = faults.toSorted((a, b) => turns[a]! - turns[b]!);
    const hit = await matrix.strike(site, fault!).catch((cause: unknown) => {
      // Which pages SQLite has in its cache is nobody's to say.
      if (cause instanceof NotReachedError && site.name === 'pread64') return null;
      throw new Error(`${fault} at ${describeSite(site)}`, { cause });
    });
    if (hit === null) continue;
    const { outcome } = hit;
    turns[fault!]! += 1;
    if (fault === 'SIGKILL') expect(outcome).toBe('log ended with SIGKILL');
    // It stops by itself, or nothing had been promised.
    else expect(outcome, describeSite(site)).toMatch(/^(?:log ended with [01]|it went on)$/);
  }
  expect(Math.min(...Object.values(turns))).toBeGreaterThan(8);
  expect(matrix.acknowledged).toBeGreaterThan(100);
});

test('the log that went through all this is sound to "log fsck" and "log audit": every statement, tile and index root', async () => {
  const { log } = matrix;
  for (const command of ['fsck', 'audit']) {
    const { exitCode, stdout, stderr } = await verbatim(['log', command, '--log', log.url, '--vkey', log.vkey]);
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' });
  }
});
