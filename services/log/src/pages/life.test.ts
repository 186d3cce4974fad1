import type { ControlPredicate } from '@verbatim/statements';
import { testVkey } from '@verbatim/testkit';
import { expect, test } from 'vitest';
import { afterControl, firstState } from '../admission/control-state.ts';
import { lifeAt } from './life.ts';

const origin = 'log.example/test';
const keys = { log: testVkey(origin), root: testVkey('root'), admin: testVkey('admin') };
const next = { vkey: testVkey('log.example/next'), rootVkey: testVkey('next-root'), url: 'https://log.example/next/' };
/** By the entry that says it. */
const said: Readonly<Record<string, ControlPredicate>> = {
  4: { action: 'rotate', origin, key: 'admin', old: keys.admin, vkey: testVkey('admin-2') },
  6: { action: 'freeze', origin, reason: 'We move.' },
  8: { action: 'successor', origin, ...next, size: 8, root: '00'.repeat(32) },
};
const state = Object.entries(said).reduce((before, [index, predicate]) => afterControl(before, BigInt(index), predicate), firstState(keys));
const at = (size: bigint) => lifeAt(size, state, (index) => said[String(index)]!);

test('an entry says something from the size on that covers it, and nothing before: it may still be without witnesses', () => {
  expect(at(4n).keys.admin).toEqual([{ vkey: keys.admin, since: null }]);
  expect(at(5n).keys.admin).toEqual([
    { vkey: keys.admin, since: null },
    { vkey: testVkey('admin-2'), since: 4n },
  ]);
  expect([at(6n).frozen, at(7n).frozen]).toEqual([null, { index: 6n, reason: 'We move.' }]);
  expect([at(8n).successor, at(9n).successor]).toEqual([null, { index: 8n, origin: 'log.example/next', url: next.url }]);
});

test('a log that ends without having been frozen is frozen by its successor, for no other reason', () => {
  const ended = afterControl(firstState(keys), 8n, said['8']!);
  expect(lifeAt(9n, ended, () => said['8']!)).toMatchObject({ frozen: { index: 8n, reason: null }, successor: { index: 8n } });
});
