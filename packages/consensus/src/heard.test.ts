import { type ObservationPredicate, signStatement } from '@verbatim/statements';
import { verifyEd25519 } from '@verbatim/tlog/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest, FILE, key, NOW, policyOf, type PolicySketch, World } from './_world.ts';
import { evaluate } from './evaluate.ts';
import { hear, type Hearing } from './heard.ts';
import { isWorse } from './verdict-kind.ts';

const OTHER = digest('other bytes');

/** A log in which these rebuilders match, and entries that nobody logged. */
class Unlogged {
  readonly world = new World();
  readonly release = this.world.release();
  readonly entries: Uint8Array[] = [];

  constructor(matching: readonly string[] = ['acme-1', 'umbra-1']) {
    for (const rebuilder of matching) this.world.observe(rebuilder, this.release, FILE);
  }

  /** Signed by `signer`, kept from the log. */
  say(rebuilder: string, saw: string, overrides: Partial<ObservationPredicate> = {}, signer = rebuilder): this {
    this.entries.push(signStatement(this.world.observation(rebuilder, this.release, saw, overrides), [key(signer)]));
    return this;
  }

  hear(sketch: PolicySketch = {}): Hearing {
    const policy = policyOf(sketch);
    const evidence = this.world.evidence();
    const judged = evaluate({ policy, evidence, file: { sha256: FILE }, now: NOW, offline: false, verify: verifyEd25519 });
    return hear(judged, this.entries, policy, verifyEd25519);
  }
}

describe('what rebuilders say themselves', () => {
  it('is nothing, and then nothing changes', () => {
    const { judged, heard } = new Unlogged().hear();
    expect(heard).toEqual([]);
    expect(judged).toMatchObject({ verdict: 'reproduced', exitCode: 0, claim: { matches: 2, dissents: 0 } });
  });

  it('counts as a dissent, of somebody who was silent or of somebody whose match was logged', () => {
    for (const rebuilder of ['zeta-1', 'acme-1']) {
      const { judged, heard } = new Unlogged().say(rebuilder, OTHER, { attempt: 2 }).hear();
      expect(judged).toMatchObject({ verdict: 'not-reproduced', exitCode: 1, claim: { dissents: 1 } });
      expect(heard).toMatchObject([{ rebuilder, observed: OTHER, counts: 'dissent', because: null }]);
    }
  });

  it('takes a match away even where a dissent is tolerated', () => {
    const { judged } = new Unlogged().say('acme-1', OTHER, { attempt: 2 }).hear({ lines: ['require 2', 'dissent 1'] });
    expect(judged).toMatchObject({ verdict: 'insufficient', exitCode: 3, claim: { matches: 1, dissents: 1 } });
  });

  it('does not help by answering', () => {
    const lines = ['require 2', 'answers 3', 'dissent 1'];
    const { judged } = new Unlogged().say('zeta-1', OTHER).hear({ lines });
    expect(judged).toMatchObject({ verdict: 'insufficient', exitCode: 3 });
  });

  it('does not count as a match, and is shown', () => {
    const { judged, heard } = new Unlogged(['acme-1']).say('zeta-1', FILE).hear();
    expect(judged).toMatchObject({ verdict: 'insufficient', claim: { matches: 1 } });
    expect(heard).toMatchObject([{ rebuilder: 'zeta-1', counts: null, because: 'a match counts when it is logged' }]);
  });

  it('is named as equivocation when the log has another statement about the same attempt', () => {
    const { judged } = new Unlogged().say('acme-1', OTHER).hear();
    expect(judged.verdict).toBe('not-reproduced');
    expect(judged.warnings.join()).toMatch(/acme-1 signed two statements about attempt 1/);
  });

  it.each<[string, (said: Unlogged) => unknown]>([
    ['of somebody whom the policy does not name', (said) => said.say('stranger-1', OTHER)],
    ['signed by somebody else', (said) => said.say('zeta-1', OTHER).entries.push(...said.entries.splice(0).map((entry) => forged(entry)))],
    ['about another log', (said) => said.say('zeta-1', OTHER, { log: 'other.test' })],
    ['about another release', (said) => said.say('zeta-1', OTHER, { release: { index: 0, leafHash: 'a'.repeat(64) } })],
    ['that is no entry', (said) => said.entries.push(new Uint8Array([1, 2, 3]), said.world.log.entry(0n))],
    ['that the log has', (said) => said.say('acme-1', FILE)],
  ])('says nothing when it is %s', (_what, prepare) => {
    const said = new Unlogged();
    prepare(said);
    const { judged, heard } = said.hear();
    expect(heard).toEqual([]);
    expect(judged.verdict).toBe('reproduced');
  });

  it.each<[string, Partial<ObservationPredicate>, RegExp]>([
    ['by another recipe', { recipe: { sha256: OTHER } }, /built by recipe/],
    ['on another host than the policy says', { platform: { host: 'linux/arm64', target: 'linux/amd64' } }, /void: built on/],
  ])('does not count when it was made %s', (_how, overrides, because) => {
    const { judged, heard } = new Unlogged().say('zeta-1', OTHER, overrides).hear();
    expect(heard[0]!.because).toMatch(because);
    expect(judged.verdict).toBe('reproduced');
  });

  it('never makes a verdict better, whatever is said', () => {
    const names = ['acme-1', 'umbra-1', 'zeta-1', 'stranger-1'];
    const said = fc.array(
      fc.record({ rebuilder: fc.constantFrom(...names), saw: fc.constantFrom(FILE, OTHER, 'timeout'), attempt: fc.nat(2) }),
    );
    const rules = fc.record({ require: fc.integer({ min: 1, max: 3 }), more: fc.nat(1), dissent: fc.nat(2) });
    fc.assert(
      fc.property(fc.subarray(names.slice(0, 3)), said, rules, (matching, all, { require, more, dissent }) => {
        const lines = [`require ${require}`, `answers ${Math.min(3, require + more)}`, `dissent ${Math.min(dissent, 3 - require)}`];
        const before = new Unlogged(matching).hear({ lines }).judged.verdict;
        const told = new Unlogged(matching);
        for (const { rebuilder, saw, attempt } of all) told.say(rebuilder, saw, { attempt: attempt + 1 });
        expect(isWorse(before, told.hear({ lines }).judged.verdict)).toBe(false);
      }),
      { numRuns: 25 },
    );
  });
});

/** The same entry with a signature that is not the rebuilder's. */
function forged(entry: Uint8Array): Uint8Array {
  const text = Buffer.from(entry).toString('utf8');
  return Buffer.from(text.replace(/"sig":"..../, '"sig":"AAAA'));
}
