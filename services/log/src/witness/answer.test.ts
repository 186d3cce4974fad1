import { expect, test } from 'vitest';
import { interpretAnswer, type WitnessAnswer } from './answer.ts';

const answer = (status: number, body = '', retryAfter: string | null = null) => ({ status, body, retryAfter });

/** The rows of measured-peers.md §4 that a log can provoke: lw litewitness, o1/o2 omniwitness, sl sunlight. */
test.each<[string, ReturnType<typeof answer>, boolean, WitnessAnswer['kind']]>([
  ['all: cosigned', answer(200, '— w line\n'), true, 'signed'],
  ['all: stale old size', answer(409, '5\n'), true, 'at-size'],
  ['a size without its newline', answer(409, '5'), true, 'at-size'],
  ['o1: split view at one size', answer(409, ''), false, 'split-view'],
  ['spec, lw, o2, sl: split view at one size', answer(422, 'root mismatch\n'), false, 'split-view'],
  ['o2: the same with an empty body', answer(422, ''), false, 'split-view'],
  ['all: growth of a fork, or a bad proof', answer(422, 'bad proof\n'), true, 'proof-refused'],
  ['spec, lw: unknown origin', answer(404, 'unknown log\n'), true, 'refused'],
  ['sl, older lw: unknown origin', answer(403, 'unknown log\n'), true, 'refused'],
  ['o1, o2: unknown origin or bad signature', answer(500, ''), true, 'refused'],
  ['all: malformed', answer(400, ''), true, 'refused'],
  ['omniwitness: overlapping updates', answer(429, ''), true, 'pushed-back'],
  ['a proxy in front of it', answer(503, '<html>', '7'), true, 'pushed-back'],
  ['a redirect', answer(302, ''), true, 'refused'],
  ['a conflict with words', answer(409, 'conflict'), true, 'split-view'],
  ['a conflict with a size that is none', answer(409, '007\n'), true, 'split-view'],
  ['a conflict with a size beyond 2^63', answer(409, '99999999999999999999\n'), true, 'split-view'],
])('%s', (_, http, growth, kind) => {
  expect(interpretAnswer(http, growth).kind).toBe(kind);
});

test.each([
  ['3', 3],
  ['0', 1],
  ['999999', 3600],
  ['Wed, 21 Oct 2026 07:28:00 GMT', 1],
  ['-5', 1],
  [null, 1],
])('Retry-After %s waits %s seconds', (header, seconds) => {
  expect(interpretAnswer(answer(429, '', header), true)).toEqual({ kind: 'pushed-back', seconds });
});

test('what goes into our log is short and printable', () => {
  const found = interpretAnswer(answer(500, `\u001b[31m${'x'.repeat(1000)}`), true);
  expect(found).toMatchObject({ kind: 'refused' });
  const { detail } = found as { detail: string };
  expect(detail.length).toBeLessThan(260);
  expect(detail).not.toContain('\u001b');
});
