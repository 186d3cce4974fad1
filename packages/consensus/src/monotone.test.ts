/**
 * Nothing that a log, a bundle or a rebuilder can do by leaving out, repeating or adding makes a verdict better than the matches in it
 * allow. Small worlds with real signatures, made by fast-check.
 */
import { decodeEntry, PREDICATE } from '@verbatim/statements';
import { verifyEd25519 } from '@verbatim/tlog/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest, FILE, NOW, policyOf, type PolicySketch, World } from './_world.ts';
import { evaluate } from './evaluate.ts';
import type { Evidence } from './evidence.ts';
import type { Verdict } from './verdict.ts';

const OPERATORS = {
  acme: { 'acme-1': 'linux/amd64', 'acme-2': 'linux/amd64' },
  beta: { 'beta-1': 'linux/amd64' },
  gamma: { 'gamma-1': 'linux/amd64' },
  umbra: { 'umbra-1': 'linux/arm64', 'umbra-2': 'linux/arm64' },
};
const REBUILDERS = Object.values(OPERATORS).flatMap((keys) => Object.keys(keys));
const operatorOf = (rebuilder: string): string => rebuilder.split('-')[0]!;

/** What a key saw: the file, two kinds of other bytes, or nothing. */
const SIGHTS = { match: FILE, other: digest('other bytes'), third: digest('third bytes'), nothing: 'infrastructure' };
type Sight = keyof typeof SIGHTS;

interface Act {
  readonly rebuilder: string;
  readonly sight: Sight;
}

const act: fc.Arbitrary<Act> = fc.record({
  rebuilder: fc.constantFrom(...REBUILDERS, 'stranger-1'),
  sight: fc.constantFrom<Sight>('match', 'match', 'other', 'third', 'nothing'),
});
const revocation = fc.option(fc.record({ rebuilder: fc.constantFrom(...REBUILDERS), since: fc.option(fc.nat(12)) }), { freq: 3 });
const rules: fc.Arbitrary<PolicySketch> = fc
  .record({ require: fc.integer({ min: 1, max: 3 }), more: fc.nat(1), dissent: fc.nat(1), arch: fc.boolean() })
  .map(({ require, more, dissent, arch }) => ({
    operators: OPERATORS,
    lines: [`require ${require}`, `answers ${require + more}`, `dissent ${dissent}`, ...(arch ? ['distinct arch 2'] : [])],
  }));

/** The log after these acts; attempts are numbered as admission demands. */
function play(acts: readonly Act[], revoked: { rebuilder: string; since: number | null } | null = null): World {
  const world = new World();
  const release = world.release();
  const attempts = new Map<string, number>();
  for (const { rebuilder, sight } of acts) {
    const attempt = (attempts.get(rebuilder) ?? 0) + 1;
    attempts.set(rebuilder, attempt);
    world.observe(rebuilder, release, SIGHTS[sight], { attempt });
  }
  if (revoked !== null) world.revoke(revoked.rebuilder, revoked.since);
  return world;
}

function judge(evidence: Evidence, sketch: PolicySketch): Verdict {
  return evaluate({ policy: policyOf(sketch), evidence, file: { sha256: FILE }, now: NOW, offline: false, verify: verifyEd25519 });
}

/** Operators with a logged match among these entries: no verdict may count more of them. */
function operatorsWhoMatched({ entries }: Evidence): Set<string> {
  const found = new Set<string>();
  for (const { entry } of entries) {
    const { statement } = decodeEntry(entry);
    if (statement.predicateType !== PREDICATE.observation || statement.predicate.observed?.sha256 !== FILE) continue;
    const operator = operatorOf(statement.subject[0]!.name === 'tool' ? nameOf(statement.predicate.rebuilder) : '');
    if (Object.hasOwn(OPERATORS, operator)) found.add(operator);
  }
  return found;
}

const policyKeys = policyOf({ operators: OPERATORS, lines: ['require 1'] }).rebuilders;
const nameOf = (keyid: string): string => policyKeys.find((rebuilder) => rebuilder.keyid === keyid)?.name ?? 'stranger-1';

const acts = fc.array(act, { maxLength: 10 });
const runs = { numRuns: 60 };

describe('whatever is shown of a log', () => {
  it('a file is reproduced only by k operators whose matches are shown', () => {
    fc.assert(
      fc.property(acts, revocation, rules, fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }), (acts, revoked, sketch, shown) => {
        const whole = play(acts, revoked).evidence();
        const part = { ...whole, entries: whole.entries.filter((_, i) => shown[i]) };
        const verdict = judge(part, sketch);
        const matched = operatorsWhoMatched(part);
        expect(verdict.claim?.matches ?? 0).toBeLessThanOrEqual(matched.size);
        if (verdict.verdict === 'reproduced') {
          expect(matched.size).toBeGreaterThanOrEqual(policyOf(sketch).require);
        }
      }),
      runs,
    );
  });

  it('leaving out a match, or everything of one operator who matches, never makes a file reproduced', () => {
    fc.assert(
      fc.property(acts, revocation, rules, fc.nat(15), (acts, revoked, sketch, leftOut) => {
        const whole = play(acts, revoked).evidence();
        const before = judge(whole, sketch);
        fc.pre(before.verdict !== 'reproduced' && before.claim !== null);
        const matching = before.claim!.operators.filter(({ standing }) => standing === 'matches');
        const matches = matching.flatMap(({ observations }) =>
          observations.filter(({ counts }) => counts === 'match').map(({ index }) => index),
        );
        const one = matches[leftOut % Math.max(1, matches.length)];
        const all = matching[leftOut % Math.max(1, matching.length)]?.observations.map(({ index }) => index) ?? [];
        for (const hidden of [[one], all]) {
          const entries = whole.entries.filter(({ index }) => !hidden.includes(index));
          expect(judge({ ...whole, entries }, sketch).verdict).not.toBe('reproduced');
        }
      }),
      runs,
    );
  });

  it('repeating entries changes nothing', () => {
    fc.assert(
      fc.property(acts, revocation, rules, (acts, revoked, sketch) => {
        const whole = play(acts, revoked).evidence();
        const twice = { ...whole, entries: [...whole.entries, ...whole.entries.toReversed()] };
        const [once, again] = [judge(whole, sketch), judge(twice, sketch)];
        expect(again.verdict).toBe(once.verdict);
        expect(again.claim).toEqual(once.claim);
      }),
      runs,
    );
  });

  it('leaving out the revocation\u2019s authority never restores a vote', () => {
    fc.assert(
      fc.property(
        acts,
        fc.record({ rebuilder: fc.constantFrom(...REBUILDERS), since: fc.option(fc.nat(12)) }),
        rules,
        (acts, revoked, sketch) => {
          const whole = play(acts, revoked).evidence();
          const headless = { ...whole, entries: whole.entries.filter(({ index }) => index !== 0n) };
          expect(judge(headless, sketch).claim?.matches).toBe(judge(whole, sketch).claim?.matches);
        },
      ),
      runs,
    );
  });
});

describe('whatever rebuilders add', () => {
  it('a dissent never adds a match, and never makes a file reproduced when the policy counts matches alone', () => {
    fc.assert(
      fc.property(acts, revocation, rules, fc.constantFrom(...REBUILDERS), (acts, revoked, sketch, rebuilder) => {
        const before = judge(play(acts, revoked).evidence(), sketch);
        const after = judge(play([...acts, { rebuilder, sight: 'other' }], revoked).evidence(), sketch);
        // The revocation may name an index; the dissent is logged before it, as every act is.
        expect(after.claim!.matches).toBeLessThanOrEqual(before.claim!.matches);
        expect(after.claim!.dissents).toBeGreaterThanOrEqual(before.claim!.dissents);
        const policy = policyOf(sketch);
        // By the design's formula dissenters are answers: they can complete a turnout larger than k, where dissent is tolerated.
        if (policy.answers === policy.require || policy.dissent === 0) {
          if (before.verdict !== 'reproduced') expect(after.verdict).not.toBe('reproduced');
        }
      }),
      runs,
    );
  });

  it('another attempt never erases a dissent', () => {
    fc.assert(
      fc.property(acts, rules, act, (acts, sketch, more) => {
        const dissenters = (verdict: Verdict): string[] =>
          verdict.claim!.operators.filter(({ standing }) => standing === 'dissents').map(({ operator }) => operator);
        const before = dissenters(judge(play(acts).evidence(), sketch));
        const after = dissenters(judge(play([...acts, more]).evidence(), sketch));
        expect(after).toEqual(expect.arrayContaining(before));
      }),
      runs,
    );
  });

  it('keys of one operator, and keys that the policy does not know, never add votes', () => {
    fc.assert(
      fc.property(acts, rules, fc.constantFrom(...REBUILDERS), (acts, sketch, rebuilder) => {
        const before = judge(play(acts).evidence(), sketch).claim!;
        const standing = before.operators.find(({ operator }) => operator === operatorOf(rebuilder))!.standing;
        const after = judge(
          play([...acts, { rebuilder, sight: 'match' }, { rebuilder: 'stranger-1', sight: 'match' }]).evidence(),
          sketch,
        ).claim!;
        expect(after.matches - before.matches).toBe(standing === 'not-answered' ? 1 : 0);
        expect(after.dissents).toBe(before.dissents);
      }),
      runs,
    );
  });
});
