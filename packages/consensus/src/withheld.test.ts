/**
 * For any subset of logged evidence withheld, and any subset of parties silent, a verdict under a policy that demands completeness never
 * improves (DESIGN §3.5). Small worlds with real signatures.
 */
import { decodeEntry, PREDICATE } from '@verbatim/statements';
import { ADMIN, aRevocation } from '@verbatim/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INDEX_WITNESSES, judge } from './_judging.ts';
import { digest, FILE, key, type PolicySketch, PURL, World } from './_world.ts';
import type { Question } from './evaluate.ts';
import type { Verdict } from './verdict.ts';

const OTHER = digest('other bytes');

describe('whatever subset is withheld, by whatever subset of parties', () => {
  const OPERATORS = {
    acme: { 'acme-1': 'linux/amd64', 'acme-2': 'linux/amd64' },
    umbra: { 'umbra-1': 'linux/arm64' },
    zeta: { 'zeta-1': 'linux/amd64' },
  };
  const REBUILDERS = Object.values(OPERATORS).flatMap((keys) => Object.keys(keys));

  type Act =
    | { readonly kind: 'observe'; readonly rebuilder: string; readonly saw: string; readonly of: number }
    | { readonly kind: 'release'; readonly purl: string; readonly module: string }
    | { readonly kind: 'revoke'; readonly rebuilder: string; readonly since: number | null };
  const observe = fc.record({
    kind: fc.constant('observe' as const),
    rebuilder: fc.constantFrom(...REBUILDERS, 'stranger-1'),
    saw: fc.constantFrom(FILE, FILE, FILE, OTHER, 'infrastructure'),
    of: fc.nat(2),
  });
  const release = fc.record({
    kind: fc.constant('release' as const),
    purl: fc.constantFrom(PURL, 'pkg:npm/other@2.0.0'),
    module: fc.constantFrom('example.com/tool', 'example.com/other'),
  });
  const revoke = fc.record({
    kind: fc.constant('revoke' as const),
    rebuilder: fc.constantFrom(...REBUILDERS),
    since: fc.option(fc.nat(8)),
  });
  const acts: fc.Arbitrary<Act[]> = fc.array(fc.oneof({ weight: 6, arbitrary: observe }, release, revoke), { maxLength: 9 });

  /** The log after these acts, in several batches; attempts are numbered as admission demands. */
  function play(acts: readonly Act[], batches: readonly number[]): World {
    const world = new World();
    const releases = [world.release()];
    const attempts = new Map<string, number>();
    for (const [i, act] of acts.entries()) {
      if (batches.includes(i)) world.log.seal();
      if (act.kind === 'release') releases.push(world.release(act));
      else if (act.kind === 'revoke') world.log.addStatement(aRevocation(key(act.rebuilder), { compromisedSince: act.since }), ADMIN);
      else {
        const of = releases[act.of % releases.length]!;
        const chain = `${act.rebuilder} ${of}`;
        const attempt = (attempts.get(chain) ?? 0) + 1;
        attempts.set(chain, attempt);
        world.observe(act.rebuilder, of, act.saw, { attempt });
      }
    }
    return world;
  }

  const sketches: fc.Arbitrary<PolicySketch> = fc
    .record({ require: fc.integer({ min: 1, max: 2 }), dissent: fc.nat(1), audited: fc.boolean() })
    .map(({ require, dissent, audited }) => ({
      operators: OPERATORS,
      lines: [
        `require ${require}`,
        `dissent ${dissent}`,
        ...(audited ? ['completeness audited', ...INDEX_WITNESSES, 'index-quorum 2'] : ['completeness root']),
      ],
    }));
  const questions = fc.constantFrom<Pick<Question, 'file' | 'release'>>(
    { file: { sha256: FILE } },
    { file: { sha256: FILE }, release: PURL },
    { file: { sha256: FILE }, release: 'pkg:npm/other@2.0.0' },
    { file: { sha256: digest('unlogged') } },
    { file: { sha256: digest('unlogged') }, release: PURL },
  );
  const SIGNERS = ['w1', 'w2', 'index-i1', 'index-i2', 'index-i3'];

  /** What may come out when something is missing: the same, or that it could not be checked, or something that is worse. */
  function isNoBetter(part: Verdict, whole: Verdict): boolean {
    return part.verdict === whole.verdict || ['unavailable', 'not-reproduced', 'log-misbehaviour'].includes(part.verdict);
  }

  it('no verdict improves', () => {
    fc.assert(
      fc.property(
        acts,
        fc.array(fc.nat(8), { maxLength: 2 }),
        sketches,
        questions,
        fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
        fc.subarray(SIGNERS),
        (acts, batches, sketch, question, dice, silent) => {
          const world = play(acts, batches);
          const whole = world.evidence({ witnesses: SIGNERS, about: question });
          const before = judge(whole, sketch, question);
          expect(before.completeness).not.toBe('advisory');
          const thrown = (): boolean => dice.next().value === 0;
          const signers = thrown() ? SIGNERS.filter((name) => !silent.includes(name)) : SIGNERS;
          const { checkpoint } = world.evidence({ witnesses: signers });
          const entries = whole.entries.filter(() => !thrown());
          const index = whole.index.filter(() => !thrown());
          const after = judge({ checkpoint, entries, index }, sketch, question);
          const wasGood = before.verdict === 'reproduced';
          if (!wasGood) expect(after.verdict).not.toBe('reproduced');
          if (signers === SIGNERS) expect(isNoBetter(after, before), `${before.verdict} → ${after.verdict}`).toBe(true);
          // Whatever is called complete gives the verdict of the whole log.
          const complete = after.completeness !== 'advisory' && after.errors.length === 0;
          if (complete) expect(after.verdict).toBe(before.verdict);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('in small worlds, each of all subsets', () => {
    const acts: Act[] = [
      { kind: 'observe', rebuilder: 'acme-1', saw: FILE, of: 0 },
      { kind: 'observe', rebuilder: 'umbra-1', saw: FILE, of: 0 },
      { kind: 'observe', rebuilder: 'zeta-1', saw: OTHER, of: 0 },
      { kind: 'revoke', rebuilder: 'umbra-1', since: 3 },
    ];
    for (let length = 0; length <= acts.length; length++) {
      const world = play(acts.slice(0, length), [2]);
      const whole = world.evidence();
      const before = judge(whole);
      const needed = whole.index.filter(({ lookup }) => lookup.type !== 'release');
      for (let mask = 0; mask < 2 ** whole.entries.length; mask++) {
        const entries = whole.entries.filter((_, i) => (mask >> i) & 1);
        const after = judge({ ...whole, entries, index: needed });
        expect(isNoBetter(after, before)).toBe(true);
        const isIndexRoot = (entry: Uint8Array): boolean => {
          const { statement } = decodeEntry(entry);
          return statement.predicateType === PREDICATE.control && statement.predicate.action === 'index-root';
        };
        // Only index roots before the last one may be missing.
        const left = whole.entries.filter(
          (entry, i) => !((mask >> i) & 1) && (!isIndexRoot(entry.entry) || entry.index === world.log.size - 1n),
        );
        expect(after.completeness, `${left.map(({ index }) => index).join()} of ${whole.entries.length}`).toBe(
          left.length === 0 ? 'complete-by-root' : 'advisory',
        );
      }
    }
  });
});
