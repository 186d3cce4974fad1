/** A real log process, killed by strace or given an error at its system calls, in the style of tessera's fault test. */
import { verbatim } from '@verbatim/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { distinctSites, strikeEachKind, writtenKinds } from './_each-kind.ts';
import { LogSubject } from './_log-subject.ts';
import type { Site } from './_matrix.ts';
import { removeTraces } from './_strace.ts';

/** Some sixty restarts, on however busy a machine. */
const PATIENCE_MS = 1_200_000;

let subject: LogSubject;
let sites: Site[];

beforeAll(async () => {
  subject = await LogSubject.start();
  sites = await distinctSites(subject);
});

afterAll(async () => {
  await subject[Symbol.asyncDispose]();
  removeTraces();
});

test('every kind of file that the log writes is among those that are hit', () => {
  expect(writtenKinds(sites)).toEqual(
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

test(
  'after SIGKILL, EIO or ENOSPC at any call, what was acknowledged is there under its index, and the log goes on',
  async () => {
    const turns = await strikeEachKind(subject, sites);
    expect(Math.min(...Object.values(turns))).toBeGreaterThan(8);
    expect(subject.acknowledged).toBeGreaterThan(100);
  },
  PATIENCE_MS,
);

test('the log that went through all this is sound to "log fsck" and "log audit": every statement, tile and index root', async () => {
  const { log } = subject;
  for (const command of ['fsck', 'audit']) {
    const { exitCode, stdout, stderr } = await verbatim(['log', command, '--log', log.url, '--vkey', log.vkey]);
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' });
  }
});
