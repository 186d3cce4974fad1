/** A real witness, killed by strace or given an error at its system calls. */
import { afterAll, expect, test } from 'vitest';
import { distinctSites, strikeEachKind, writtenKinds } from './_each-kind.ts';
import { removeTraces } from './_strace.ts';
import { WitnessSubject } from './_witness-subject.ts';

afterAll(removeTraces);

test('after SIGKILL, EIO or ENOSPC at any call on its database, every size that it cosigned is known, and no other history is cosigned', async () => {
  await using subject = await WitnessSubject.start();
  const sites = await distinctSites(subject);
  expect(writtenKinds(sites)).toEqual(new Set(['witness.sqlite', 'witness.sqlite-wal']));
  const turns = await strikeEachKind(subject, sites);
  expect(Math.min(...Object.values(turns))).toBeGreaterThan(0);
  expect(subject.acknowledged).toBeGreaterThan(sites.length);
});
