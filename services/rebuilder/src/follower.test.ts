import { LogMisbehaviour, LogReader, openSource } from '@verbatim/client';
import { createLogger } from '@verbatim/service-kit';
import { testVkey } from '@verbatim/testkit';
import { parseVkey } from '@verbatim/tlog';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Follower } from './follower.ts';

/** Of a log that shows nothing. */
async function following(): Promise<() => Follower> {
  const folder = mkdtempSync(join(tmpdir(), 'follower-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const source = await openSource(pathToFileURL(folder).href);
  onTestFinished(() => source.close());
  const unused = (): never => {
    throw new Error('expected nothing to be followed');
  };
  return () =>
    new Follower({
      reader: new LogReader({ source, logKey: parseVkey(testVkey('log')) }),
      openSuccessor: unused,
      ingest: { take: unused } as never,
      queue: { position: () => null },
      pollMs: 10,
      evidenceFolder: join(folder, 'evidence'),
      alarmFile: join(folder, 'stopped.json'),
      logger: createLogger({ name: 'test', level: 'silent' }),
      onIngested: unused,
      onCaughtUp: unused,
    });
}

test('two histories that whoever hands in was shown end following, and no later process begins', async () => {
  const open = await following();
  const follower = open();
  const never = new AbortController().signal;
  const ended = follower.loop(never).catch((error: unknown) => error);
  await follower.stopFor(new LogMisbehaviour('fork', 'signed two histories', { evidencePath: '/evidence' }));
  expect(await ended).toMatchObject({ code: 'fork', evidencePath: '/evidence' });
  expect(follower.misbehaved).toBe(true);
  await expect(open().loop(never)).rejects.toMatchObject({ code: 'fork', message: expect.stringContaining('remove that file') as string });
});
