import { testVkey } from '@verbatim/testkit';
import { KEY_TYPE_COSIGNATURE, parseTlogPolicy } from '@verbatim/tlog';
import { expect, test } from 'vitest';
import { quorumPolicy } from '../config.ts';
import { Standing } from './standing.ts';

const NOW = 1_800_000_000_000;
const SECONDS = BigInt(NOW / 1000);
const NAMES = ['w1', 'w2', 'w3', 'w4'];

function standing(quorum: 'all' | 'none' | number, names: readonly string[] = NAMES): Standing {
  const witnesses = names.map((name) => ({ name, key: { text: testVkey(name, KEY_TYPE_COSIGNATURE) }, url: 'http://127.0.0.1' }));
  return new Standing(parseTlogPolicy(quorumPolicy(witnesses as never, quorum)), names);
}

async function proved(each: Standing): Promise<boolean> {
  return Promise.race([each.proof.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}

/** How many witnesses must have spoken. */
test.each([
  ['all', 4],
  [4, 4],
  [3, 3],
  // Two others could have made a larger checkpoint public without these two.
  [2, 3],
  [1, 4],
] as const)('with quorum %s of four, %i must speak', async (quorum, needed) => {
  const each = standing(quorum);
  for (let count = 1; count <= NAMES.length; count++) {
    each.heard([{ witness: NAMES[count - 1]!, timestamp: SECONDS }], NOW);
    expect(await proved(each)).toBe(count >= needed);
  }
});

test('the same witness twice is one', async () => {
  const each = standing(2, ['w1', 'w2', 'w3']);
  for (let i = 0; i < 3; i++) each.heard([{ witness: 'w1', timestamp: SECONDS }], NOW);
  expect(await proved(each)).toBe(false);
  expect(each.silent).toEqual(['w2', 'w3']);
});

test('an old cosignature, which anybody may have kept, says nothing', async () => {
  const each = standing('all', ['w1']);
  each.heard([{ witness: 'w1', timestamp: SECONDS - 301n }], NOW);
  expect(await proved(each)).toBe(false);
  each.heard([{ witness: 'w1', timestamp: SECONDS - 300n }], NOW);
  expect(await proved(each)).toBe(true);
});

test('without a quorum a database is believed, a copy of one is not', () => {
  expect(standing('none').proveAtOnce(null, () => {})).toBe(true);
  expect(() => standing('none').proveAtOnce({ copiedAt: 0, lastCheckpoint: null }, () => {})).toThrow(
    expect.objectContaining({ code: 'unproven' }),
  );
});

test('the operator’s last checkpoint is proof, if the database covers it', () => {
  const copy = { copiedAt: 0, lastCheckpoint: new Uint8Array(1) };
  for (const quorum of ['all', 'none'] as const) {
    expect(standing(quorum).proveAtOnce(copy, () => {})).toBe(true);
    const refuse = (): never => {
      throw new Error('behind');
    };
    expect(() => standing(quorum).proveAtOnce(copy, refuse)).toThrow('behind');
  }
});

test('who waits is told when it opens, and when it never will', async () => {
  const each = standing('none');
  expect(await each.wait(1)).toBe(false);
  const waiting = each.wait(60_000);
  each.open();
  expect(await waiting).toBe(true);
  const other = standing('all');
  const hopeless = other.wait(60_000);
  other.refuse(new Error('rolled back'));
  expect(await hopeless).toBe(false);
  await expect(other.proof).rejects.toThrow('rolled back');
});
