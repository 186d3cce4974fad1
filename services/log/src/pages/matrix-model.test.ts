import type { RosterKey } from '../admission/view.ts';
import type { ObservationListing } from '../store/pages.ts';
import { expect, test } from 'vitest';
import { buildMatrix, type Matrix } from './matrix-model.ts';
import { CELL_WORDS } from './states.ts';
import { summarySentence } from './words.ts';

const key = (name: string, operator: string, more: Partial<RosterKey> = {}): RosterKey => ({
  keyid: name,
  role: 'rebuilder',
  name,
  publicKey: new Uint8Array(),
  operator,
  scope: [],
  threshold: 1,
  group: null,
  enrolledAt: 1n,
  revokedAt: null,
  ...more,
});

let next = 10n;
const saw = (keyid: string, artifact: string, result: string, attempt = 1): ObservationListing => ({
  index: next++,
  artifact,
  keyid,
  attempt,
  host: 'linux/amd64',
  result,
  reason: null,
  loggedAt: 0,
});

const ARTIFACTS = [
  { name: 'a', sha256: 'aa' },
  { name: 'b', sha256: 'bb' },
];
const REBUILDERS = [key('acme-1', 'Acme'), key('beta-1', 'Beta'), key('acme-2', 'Acme')];
const cellStates = ({ rows }: Matrix): string[][] => rows.map(({ cells }) => cells.map(({ state }) => state));
const matrix = (observations: readonly ObservationListing[], rebuilders: readonly RosterKey[] = REBUILDERS): Matrix =>
  buildMatrix(ARTIFACTS, observations, rebuilders, 1000n);

test('everybody enrolled has a column, in a fixed order, and waits', () => {
  const found = matrix([]);
  expect(found.columns.map(({ name }) => name)).toEqual(['acme-1', 'acme-2', 'beta-1']);
  expect(cellStates(found)).toEqual([Array(3).fill('waiting'), Array(3).fill('waiting')]);
  expect(found.summary).toMatchObject({ state: 'waiting', matching: 0, differing: 0 });
});

test('no later attempt hides a difference', () => {
  const found = matrix([saw('beta-1', 'a', 'differ'), saw('beta-1', 'a', 'match', 2), saw('beta-1', 'a', 'match', 3)]);
  expect(cellStates(found)[0]).toEqual(['waiting', 'waiting', 'differs']);
  expect(found.summary).toMatchObject({ state: 'differs', differing: 1 });
});

test('trouble after a result does not hide the result', () => {
  expect(cellStates(matrix([saw('beta-1', 'a', 'match'), saw('beta-1', 'a', 'timeout', 2)]))[0]![2]).toBe('reproduced');
  expect(cellStates(matrix([saw('beta-1', 'a', 'infrastructure'), saw('beta-1', 'a', 'build-failed', 2)]))[0]![2]).toBe('build-failed');
});

test('operators are counted, not keys, and only those that reproduced every artifact', () => {
  const found = matrix([saw('acme-1', 'a', 'match'), saw('acme-2', 'b', 'match'), saw('beta-1', 'a', 'match')]);
  expect(found.summary).toEqual({ state: 'reproduced', matching: 1, differing: 0, artifactsReproduced: 2, artifacts: 2 });
  expect(summarySentence(found.summary)).toBe('2 of 2 artifacts reproduced by at least one operator; 1 operator reproduced all of them.');
});

test('an operator with one key that matches and one that differs counts as a difference as well', () => {
  expect(matrix([saw('acme-1', 'a', 'match'), saw('acme-2', 'a', 'differ')]).summary).toMatchObject({ state: 'differs', differing: 1 });
});

test('a revoked key keeps its column when it has spoken, and loses it otherwise; newer revocations are not known yet', () => {
  const revoked = [
    key('gone', 'Gone', { revokedAt: 50n }),
    key('spoke', 'Spoke', { revokedAt: 51n }),
    key('later', 'Later', { revokedAt: 5000n }),
  ];
  const found = matrix([saw('spoke', 'a', 'match')], revoked);
  expect(found.columns.map(({ name, revokedAt }) => [name, revokedAt])).toEqual([
    ['later', null],
    ['spoke', 51n],
  ]);
});

test('states between: some reproduced, none yet, built only', () => {
  expect(matrix([saw('beta-1', 'a', 'match')]).summary.state).toBe('partly-reproduced');
  expect(matrix([saw('beta-1', 'a', 'build-failed')]).summary.state).toBe('no-match-yet');
  expect(buildMatrix([{ name: 'x', sha256: null }], [saw('beta-1', 'x', 'built')], REBUILDERS, 1000n).rows[0]!.cells[2]!.state).toBe(
    'built',
  );
});

test('every state has words of its own', () => {
  const words = Object.values(CELL_WORDS).map((each) => each.words);
  expect(new Set(words).size).toBe(words.length);
});
