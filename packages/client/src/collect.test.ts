/** Limits on what a log can make a client read for one question; the rest of the work is tested in gather.test.ts. */
import type { AnsweredLookup } from './index-answer.ts';
import type { LogView } from './log-reader.ts';
import { expect, it } from 'vitest';
import { codeOf } from './_support.ts';
import { Collected } from './collect.ts';
import { WholeLog } from './whole-log.ts';

/** A log of that size, of which no entry may be asked for. */
function viewOf(size: bigint): LogView {
  const refuse = (): never => {
    throw new Error('nothing is read');
  };
  const tree = { entry: refuse, entries: refuse, proved: refuse } as unknown as LogView['tree'];
  return { note: new Uint8Array(0), checkpoint: { origin: 'log.test', size, root: new Uint8Array(32) }, tree };
}

const under = (value: string, from: number, count: number): AnsweredLookup => ({
  lookup: { type: 'artifact', value },
  entries: Array.from({ length: count }, (_, i) => BigInt(from + i)),
  proof: new Uint8Array(0),
});

it('more entries than a bundle may hold are not read, over how many keys they may be spread', async () => {
  const answers = [under('a', 0, 4096), under('b', 4096, 1)];
  expect(await codeOf(Collected.read(viewOf(10_000n), answers))).toBe('bad-lookup');
  await expect(Collected.read(viewOf(10_000n), answers)).rejects.toThrow('at most 4096');
});

it('a log that does not fit into memory is not read whole', async () => {
  expect(await codeOf(WholeLog.read(viewOf(100_001n), 'file:///log'))).toBe('too-large');
  await expect(WholeLog.read(viewOf(100_001n), 'file:///log')).rejects.toThrow('read the log at an address that answers index');
});
