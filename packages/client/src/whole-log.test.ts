import { Scene } from '@verbatim/testkit';
import { utf8Encode } from '@verbatim/tlog';
import { expect, onTestFinished, test } from 'vitest';
import { codeOf, logHandler, logKey, serve, writeLog } from './_support.ts';
import { LogReader, type LogView } from './log-reader.ts';
import { openSource } from './source.ts';
import { readWholeLog, WholeLog } from './whole-log.ts';

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

test('what was read for one question is there for the next, which has a deadline of its own', async () => {
  const { log } = new Scene();
  // More bundles than a tree keeps in memory.
  while (log.size < 2400n) log.add(utf8Encode(`entry ${log.size}`));
  log.seal();
  const { url, asked } = await serve(logHandler(log, (path) => (path.startsWith('index?') ? null : undefined)));
  const source = await openSource(url);
  onTestFinished(() => source.close());
  const reader = new LogReader({ source, logKey: logKey(log) });
  const first = new AbortController();
  await readWholeLog(reader, first.signal);
  first.abort(new Error('the first question is over'));
  const bundles = (): number => asked.filter((path) => path.startsWith('tile/entries/')).length;
  const before = bundles();
  const { view } = await readWholeLog(reader, new AbortController().signal);
  expect(bundles()).toBe(before);
  expect((await view.tree.proved(0n)).entry).toEqual(log.entry(0n));
});
