import { NodeCache, Tree } from '@verbatim/service-kit/tree';
import {
  CompactRange,
  cosign,
  formatCheckpoint,
  formatMirrorInfo,
  formatSignatureLine,
  hashLeaf,
  KEY_TYPE_COSIGNATURE,
  parseVkey,
  signNote,
  utf8Encode,
} from '@verbatim/tlog';
import { generateSeed, signerFromSeed, verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import type { HttpAnswer } from '../witness/answer.ts';
import { feedRound, type FeedOutcome, type MirrorBelief } from './feed-round.ts';

const SIZE = 9000;
const entries = Array.from({ length: SIZE }, (_, i) => utf8Encode(`entry ${i}`));
const nodes = new NodeCache(() => {
  throw new Error('not in memory');
});
const tree = new Tree(new CompactRange(), nodes, []);
tree.append(entries.map((entry) => ({ entry, leafHash: hashLeaf(entry) })));
const log = signerFromSeed('log.example', generateSeed());
const text = formatCheckpoint({ origin: log.name, size: BigInt(SIZE), root: tree.root() });
const target = { size: BigInt(SIZE), text, note: signNote(text, [log]) };
const mirror = signerFromSeed('mirror.example', generateSeed());
const NOW = 1_800_000_000_000;
const line = (at = NOW / 1000, of = text): string => formatSignatureLine(cosign(of, mirror, BigInt(at)));

const ok = (body = ''): HttpAnswer => ({ status: 200, body, retryAfter: null });
const answer = (status: number, body = '', retryAfter: string | null = null): HttpAnswer => ({ status, body, retryAfter });
const info = (status: 202 | 409, next: number, pending = SIZE): HttpAnswer =>
  answer(status, formatMirrorInfo({ pending: BigInt(pending), next: BigInt(next), ticket: utf8Encode(`ticket ${next}`) }));

/** One round against a mirror that gives these answers, one after another. Every one must be asked for. */
async function round(
  script: readonly (readonly ['add-checkpoint' | 'add-entries', HttpAnswer])[],
  belief: MirrorBelief = { pending: 0n, next: null },
): Promise<{ outcome: FeedOutcome; belief: MirrorBelief; bodies: Uint8Array[] }> {
  const left = [...script];
  const bodies: Uint8Array[] = [];
  const outcome = await feedRound({
    ...{ origin: log.name, key: parseVkey(vkeyOf(mirror, KEY_TYPE_COSIGNATURE)), mlDsaKey: undefined, target, nodes, belief },
    entries: (start, end) => entries.slice(Number(start), Number(end)).map((entry) => ({ entry })),
    verify: verifyEd25519,
    now: () => NOW,
    async post(path, body) {
      const [expected, given] = left.shift() ?? [];
      expect(path).toBe(expected);
      bodies.push(body);
      return given!;
    },
  });
  expect(left).toEqual([]);
  return { outcome, belief, bodies };
}

test('a new mirror: announced, asked where to begin, fed in requests of 32 packages, its line taken', async () => {
  const { outcome, belief, bodies } = await round([
    ['add-checkpoint', ok()],
    ['add-entries', info(409, 0)],
    ['add-entries', info(202, 8192)],
    ['add-entries', ok(line())],
  ]);
  expect(outcome).toMatchObject({ kind: 'cosigned', timestamp: BigInt(NOW / 1000), lines: [{ name: 'mirror.example' }] });
  expect(belief).toEqual({ pending: BigInt(SIZE), next: BigInt(SIZE) });
  expect(new TextDecoder().decode(bodies[2])).toContain('entry 8191');
  expect(new TextDecoder().decode(bodies[2])).not.toContain('entry 8192');
  // The ticket of the last answer comes back.
  expect(new TextDecoder().decode(bodies[3])).toContain('ticket 8192');
});

test('a mirror that we know is fed at once; one that has all is asked for a fresh line', async () => {
  const known = await round(
    [
      ['add-checkpoint', ok()],
      ['add-entries', ok(line())],
    ],
    { pending: 8000n, next: 8000n },
  );
  expect(new TextDecoder().decode(known.bodies[1])).toContain('entry 8000');
  const whole = await round(
    [
      ['add-checkpoint', ok()],
      ['add-entries', ok(line())],
    ],
    { pending: BigInt(SIZE), next: BigInt(SIZE) },
  );
  expect(whole.bodies[1]!.length).toBeLessThan(50);
});

test('a belief that is wrong is corrected, of the pending size and of the next entry', async () => {
  const { outcome } = await round(
    [
      ['add-checkpoint', answer(409, '77\n')],
      ['add-checkpoint', ok()],
      ['add-entries', info(409, 8500)],
      ['add-entries', ok(line())],
    ],
    { pending: 5n, next: 8999n },
  );
  expect(outcome.kind).toBe('cosigned');
});

test('a mirror that somebody else brought further is left alone until the next round', async () => {
  expect((await round([['add-checkpoint', answer(409, `${SIZE + 5}\n`)]])).outcome).toEqual({ kind: 'ahead', size: BigInt(SIZE + 5) });
  expect(
    (
      await round([
        ['add-checkpoint', ok()],
        ['add-entries', info(409, 8000, SIZE + 5)],
      ])
    ).outcome,
  ).toEqual({
    kind: 'ahead',
    size: BigInt(SIZE + 5),
  });
});

test('a mirror that never gets on, or never agrees on the old size, is given up', async () => {
  const stuck = await round([['add-checkpoint', ok()], ...Array.from({ length: 3 }, () => ['add-entries', info(202, 512)] as const)], {
    pending: 512n,
    next: 512n,
  });
  expect(stuck.outcome).toMatchObject({ kind: 'refused', detail: expect.stringContaining('512') as string });
  const confused = await round(['5\n', '6\n', '7\n'].map((size) => ['add-checkpoint', answer(409, size)] as const));
  expect(confused.outcome.kind).toBe('refused');
});

test.each([
  ['of another checkpoint', line(NOW / 1000, text.replace(String(SIZE), '8999'))],
  ['from the future', line(NOW / 1000 + 301)],
  ['of somebody else', formatSignatureLine(cosign(text, signerFromSeed('other.example', generateSeed()), 5n))],
  ['that is none', 'thank you\n'],
  ['that is not there', ''],
])('a line %s is not taken', async (_, body) => {
  const { outcome } = await round([
    ['add-checkpoint', ok()],
    ['add-entries', ok(body)],
  ]);
  expect(outcome.kind).toBe('refused');
});

test.each([
  ['500', answer(500, 'oops'), 'refused'],
  ['404', answer(404), 'refused'],
  ['a 409 without mirror-info', answer(409, '12\n'), 'refused'],
  ['429', answer(429, '', '7'), 'pushed-back'],
  ['503', answer(503), 'pushed-back'],
])('%s to an upload: %s', async (_, given, kind) => {
  expect(
    (
      await round([
        ['add-checkpoint', ok()],
        ['add-entries', given],
      ])
    ).outcome.kind,
  ).toBe(kind);
});

test('a refused checkpoint is not followed by entries', async () => {
  for (const given of [answer(403), answer(404), answer(422), answer(409, '')]) {
    expect((await round([['add-checkpoint', given]])).outcome.kind).toBe('refused');
  }
  expect((await round([['add-checkpoint', answer(503, '', '3')]])).outcome).toEqual({ kind: 'pushed-back', seconds: 3 });
});

test('a mirror that takes less than a bundle of each request is given up', async () => {
  const { outcome } = await round(
    [ok(), info(202, 512), info(202, 513), info(202, 514), info(202, 515)].map((given, i) => [
      i === 0 ? 'add-checkpoint' : 'add-entries',
      given,
    ]),
    { pending: 0n, next: 0n },
  );
  expect(outcome).toEqual({ kind: 'refused', detail: 'add-entries: it does not get beyond entry 515' });
});
