import { forkedLog, InMemoryLog } from '@verbatim/testkit';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../_support.ts';
import { LogMisbehaviour } from '../errors.ts';
import { grow, Kept, served, upTo } from './_followed.ts';
import { catchUp, follow } from './follow.ts';

/** Followed to 300 entries; then the log shows another history. */
async function forked() {
  const log = grow(new InMemoryLog(), 300);
  const it = { ...(await served(log)), alarmFile: join(await temporaryFolder(), 'state', 'stopped.json') };
  const consumer = new Kept();
  await catchUp(it.reader, consumer, it);
  it.state.log = grow(forkedLog(log, 250n), 400, 'another');
  const look = async (): Promise<void> => void (await catchUp(await it.open(), consumer, it));
  return { ...it, log, consumer, look };
}

describe('the stop at a log that signed two histories', () => {
  it('outlives the process, whatever the log shows by then, and says what was found and what to do', async () => {
    const { look, state, log, alarmFile, evidenceFolder, consumer } = await forked();
    const first = await look().catch((error: unknown) => error as LogMisbehaviour);
    state.log = grow(log, 310);
    const error = await look().catch((caught: unknown) => caught as LogMisbehaviour);
    expect(error).toBeInstanceOf(LogMisbehaviour);
    expect(error).toMatchObject({ code: 'fork', evidencePath: (first as LogMisbehaviour).evidencePath });
    const [evidence] = readdirSync(evidenceFolder);
    for (const part of [join(evidenceFolder, evidence!), alarmFile, 'remove that file to go on']) {
      expect((error as LogMisbehaviour).message).toContain(part);
    }
    rmSync(alarmFile);
    await look();
    expect(consumer.indexes).toEqual(upTo(310));
  });

  it('ends following for good, before anything is asked of the log', async () => {
    const { open, alarmFile, evidenceFolder, consumer, look, state } = await forked();
    await expect(look()).rejects.toMatchObject({ code: 'fork' });
    state.down = true;
    await expect(follow(await open(), consumer, { evidenceFolder, alarmFile })).rejects.toMatchObject({ code: 'fork' });
  });

  it('is made by a consumer that knows of another history, also for one who outlasts damage', async () => {
    const { reader, evidenceFolder } = await served(grow(new InMemoryLog(), 10));
    const [alarmFile, stop] = [join(evidenceFolder, 'stopped.json'), new AbortController()];
    const consumer = new Kept();
    consumer.before = () => {
      throw new LogMisbehaviour('fork', 'signed two histories: one was handed in here');
    };
    const options = { evidenceFolder, alarmFile, outlastDamage: true, signal: stop.signal, onTrouble: () => stop.abort() };
    await expect(follow(reader, consumer, options)).rejects.toMatchObject({ code: 'fork' });
    expect(existsSync(alarmFile)).toBe(true);
  });

  it('holds with a damaged file, too', async () => {
    const { look, state, log, alarmFile } = await forked();
    await expect(look()).rejects.toMatchObject({ code: 'fork' });
    state.log = log;
    for (const damage of ['', '{', '{"code": "other", "detail": 1}']) {
      writeFileSync(alarmFile, damage);
      await expect(look()).rejects.toMatchObject({ code: 'fork', message: expect.stringContaining(alarmFile) as string });
    }
  });

  it('is told also where it cannot be kept, and so is that', async () => {
    const { open, state, alarmFile, evidenceFolder, consumer } = await forked();
    const warnings: string[] = [];
    state.override = () => {
      // Where its folder should be.
      writeFileSync(dirname(alarmFile), '');
      return undefined;
    };
    const options = { evidenceFolder, alarmFile, onWarning: (message: string) => void warnings.push(message) };
    await expect(catchUp(await open(), consumer, options)).rejects.toMatchObject({ code: 'fork' });
    expect(warnings).toEqual([expect.stringContaining(`cannot keep the alarm in ${alarmFile}`)]);
  });

  it('is not made to last by bytes that anybody may have served', async () => {
    const { look, state, log, alarmFile, consumer } = await forked();
    state.log = grow(log, 310);
    const other = grow(forkedLog(log, 305n), 310, 'another');
    state.override = (path) => (path === 'checkpoint' ? undefined : other.read(path));
    await expect(look()).rejects.toMatchObject({ code: 'tile-mismatch' });
    expect(existsSync(alarmFile)).toBe(false);
    state.override = () => undefined;
    await look();
    expect(consumer.indexes).toEqual(upTo(310));
  });
});
