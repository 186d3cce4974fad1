/** A real rebuilder node, killed by strace or given an error at its system calls. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { distinctSites, strikeEachKind, writtenKinds } from './_each-kind.ts';
import type { Site } from './_matrix.ts';
import { RebuilderSubject } from './_rebuilder-subject.ts';
import { removeTraces } from './_strace.ts';

/** Some forty restarts, on however busy a machine. */
const PATIENCE_MS = 1_200_000;

let subject: RebuilderSubject;
let sites: Site[];

beforeAll(async () => {
  subject = await RebuilderSubject.start();
  sites = await distinctSites(subject);
});

afterAll(async () => {
  await subject[Symbol.asyncDispose]();
  removeTraces();
});

test('every kind of file that the node writes is among those that are hit', () => {
  expect(writtenKinds(sites)).toEqual(
    new Set(['rebuilder.db', 'rebuilder.db-wal', 'remembered checkpoint', 'folder of remembered checkpoints', 'work folder']),
  );
});

test(
  'after SIGKILL, EIO or ENOSPC at any call, each release is observed once, under the index that the log gave it',
  async () => {
    const turns = await strikeEachKind(subject, sites);
    expect(Math.min(...Object.values(turns))).toBeGreaterThan(2);
    expect(subject.acknowledged).toBeGreaterThan(sites.length);
  },
  PATIENCE_MS,
);
