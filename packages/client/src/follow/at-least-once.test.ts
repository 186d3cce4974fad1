import { InMemoryLog } from '@verbatim/testkit';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../_support.ts';
import { atLeastOnce, type PlainBatch } from './at-least-once.ts';
import { grow, served, upTo } from './_followed.ts';
import { catchUp } from './follow.ts';

/** Index and whether it was called a replay, of everything that was handled. */
async function handling(log: InMemoryLog) {
  const it = await served(log);
  const folder = await temporaryFolder();
  const handled: [number, boolean][] = [];
  const run = async (before: (batch: PlainBatch) => void = () => {}): Promise<void> => {
    const consumer = atLeastOnce(folder, 'mail', (batch) => {
      before(batch);
      handled.push(...batch.entries.map(({ index, replayed }): [number, boolean] => [Number(index), replayed]));
    });
    await catchUp(await it.open(), consumer, it);
  };
  return { run, handled, file: join(folder, 'mail.json') };
}

describe('a follower without a database', () => {
  it('handles each entry once while nothing happens to it', async () => {
    const log = grow(new InMemoryLog(), 300);
    const { run, handled } = await handling(log);
    await run();
    grow(log, 320);
    await run();
    expect(handled).toEqual(upTo(320).map((index) => [index, false]));
  });

  it('repeats what it had in its hands when it ended, calls that a replay, and nothing else', async () => {
    const log = grow(new InMemoryLog(), 260);
    const { run, handled } = await handling(log);
    const fails = run(({ entries }) => {
      if (entries[0]!.index === 256n) throw new Error('mail server down');
    });
    await expect(fails).rejects.toThrow('mail server down');
    expect(handled).toHaveLength(256);
    // By now the batch is longer.
    grow(log, 270);
    await run();
    expect(handled.slice(256)).toEqual([...upTo(260, 256).map((index) => [index, true]), ...upTo(270, 260).map((index) => [index, false])]);
    grow(log, 271);
    await run();
    expect(handled.at(-1)).toEqual([270, false]);
  });

  it('refuses a damaged file and says what to do', async () => {
    const { run, file } = await handling(grow(new InMemoryLog(), 5));
    await run();
    const kept = readFileSync(file, 'utf8');
    for (const damage of ['', '{}', kept.replace('"version": 1', '"version": 2'), kept.replace('"next": "5"', '"next": 5'), `${kept} `]) {
      writeFileSync(file, damage);
      await expect(run()).rejects.toMatchObject({ code: 'unusable', message: expect.stringContaining('move the file away') as string });
    }
    writeFileSync(file, kept);
    await run();
  });
});
