import { Scene } from '@verbatim/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { codeOf, logKey, writeLog } from './_support.ts';
import { LogReader, type LogView } from './log-reader.ts';
import { openSource } from './source.ts';
import { WholeLog } from './whole-log.ts';

test('a log is read whole as far as it fits into memory: its entries count in bytes, too', async () => {
  const { log } = new Scene();
  log.seal();
  const source = await openSource(await writeLog(log.tiles()));
  onTestFinished(() => source.close());
  const view: LogView = await new LogReader({ source, logKey: logKey(log) }).latest();
  const bytes = Array.from({ length: Number(log.size) }, (_, index) => log.entry(BigInt(index)).length).reduce((a, b) => a + b);
  expect((await WholeLog.read(view, 'here', bytes)).audited).toEqual(view.checkpoint);
  expect(await codeOf(WholeLog.read(view, 'here', bytes - 1))).toBe('too-large');
});
