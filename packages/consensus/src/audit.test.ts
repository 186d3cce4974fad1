/** Who may say that a log's index is whole (DESIGN §3.5): index-witnesses of the policy, and this machine. */
import { utf8Encode } from '@verbatim/tlog';
import { describe, expect, it } from 'vitest';
import { AUDITED, INDEX_WITNESSES, judge, reproducedWorld } from './_judging.ts';
import { nowSeconds, type PolicySketch, World } from './_world.ts';
import type { Evidence } from './evidence.ts';
import type { Verdict } from './verdict.ts';

const codes = ({ errors }: Verdict): string[] => errors.map(({ code }) => code);

describe('an audit', () => {
  /** `evidence` with cosignatures of index-witnesses at these ages in seconds. */
  function cosigned(world: World, ages: Readonly<Record<string, bigint>>): Evidence {
    const names = Object.keys(ages).map((name) => `index-${name}`);
    const times = Object.fromEntries(Object.entries(ages).map(([name, age]) => [`index-${name}`, nowSeconds - age]));
    return world.evidence({ witnesses: ['w1', 'w2', ...names], cosigned: times });
  }

  it('by a quorum of index-witnesses is sound', () => {
    const verdict = judge(cosigned(reproducedWorld(), { i1: 60n, i3: 60n }), AUDITED);
    expect(verdict).toMatchObject({ verdict: 'reproduced', completeness: 'complete-and-audited', auditedBy: ['i1', 'i3'] });
    // Not demanded, and said all the same.
    const lines = ['require 2', ...INDEX_WITNESSES, 'index-quorum 2'];
    expect(judge(cosigned(reproducedWorld(), { i1: 60n, i2: 60n }), { lines }).completeness).toBe('complete-and-audited');
  });

  it.each([
    ['too few of them', { i1: 60n }],
    ['too old', { i1: 60n, i2: 86_401n }],
    ['from ahead of us', { i1: 60n, i2: -301n }],
  ])('by index-witnesses that are %s is none', (_what, ages) => {
    const verdict = judge(cosigned(reproducedWorld(), ages), AUDITED);
    expect(verdict).toMatchObject({ verdict: 'unavailable', completeness: 'complete-by-root', exitCode: 4 });
    expect(codes(verdict)).toEqual(['unaudited']);
    expect(verdict.next[0]).toContain('verbatim log audit');
  });

  it('must be of all index-witnesses unless the policy says how many', () => {
    const all: PolicySketch = { lines: ['require 2', 'completeness audited', ...INDEX_WITNESSES] };
    expect(judge(cosigned(reproducedWorld(), { i1: 60n, i3: 60n }), all).verdict).toBe('unavailable');
    expect(judge(cosigned(reproducedWorld(), { i1: 60n, i2: 60n, i3: 60n }), all).verdict).toBe('reproduced');
  });

  it('says nothing where the proofs are missing', () => {
    const evidence = { ...cosigned(reproducedWorld(), { i1: 60n, i2: 60n }), index: [] };
    expect(judge(evidence, AUDITED)).toMatchObject({ verdict: 'unavailable', completeness: 'advisory', auditedBy: [] });
  });

  it('by ordinary witnesses does not exist, and index-witnesses are no witnesses', () => {
    expect(judge(reproducedWorld().evidence({ witnesses: ['w1', 'w2'] }), AUDITED).verdict).toBe('unavailable');
    expect(codes(judge(reproducedWorld().evidence({ witnesses: ['w1', 'index-i1', 'index-i2'] }), AUDITED))).toContain('quorum-missing');
  });

  it('with a cosignature that does not verify is misbehaviour', () => {
    const evidence = cosigned(reproducedWorld(), { i1: 60n, i2: 60n });
    const foreign = new TextDecoder()
      .decode(cosigned(new World(), { i2: 60n }).checkpoint)
      .split('\n')
      .find((line) => line.startsWith('\u2014 index-i2'))!;
    const checkpoint = utf8Encode(new TextDecoder().decode(evidence.checkpoint).replace(/\u2014 index-i2 .*/, foreign));
    expect(codes(judge({ ...evidence, checkpoint }, AUDITED))).toEqual(['cosignature-forged']);
  });

  it('by this machine counts for exactly the tree that it read', () => {
    const world = reproducedWorld();
    const evidence = world.evidence();
    const tree = { size: world.log.size, root: world.log.root() };
    const lines = ['require 2', 'completeness audited'];
    expect(judge(evidence, { lines }, { audited: [tree] })).toMatchObject({ verdict: 'reproduced', auditedBy: ['this machine'] });
    expect(judge(evidence, { lines }).verdict).toBe('unavailable');
    for (const other of [
      { ...tree, size: tree.size - 1n },
      { ...tree, root: tree.root.with(0, tree.root[0]! ^ 1) },
    ])
      expect(judge(evidence, { lines }, { audited: [other] }).verdict).toBe('unavailable');
  });
});
