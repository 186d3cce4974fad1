/**
 * That nothing logged was left out (DESIGN §3.5). Withholding, by whomever, gives `unavailable` under a policy that demands completeness, or
 * leaves the verdict as it is; it never makes a better one.
 */
import { makeControl } from '@verbatim/statements';
import { indexPairs, indexRoot, proveLookup } from '@verbatim/testkit';
import { toHex } from '@verbatim/tlog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUDITED, judge, reproducedWorld } from './_judging.ts';
import { digest, FILE, key, ORIGIN, type PolicySketch, PURL, World } from './_world.ts';
import type { Evidence } from './evidence.ts';
import { MAX_LISTED_MEMBERS } from './lookups.ts';
import type { Verdict } from './verdict.ts';

const OTHER = digest('other bytes');
const ADVISORY: PolicySketch = { lines: ['require 2', 'completeness advisory'] };

const without = (evidence: Evidence, ...hidden: bigint[]): Evidence => ({
  ...evidence,
  entries: evidence.entries.filter(({ index }) => !hidden.includes(index)),
});
const codes = ({ errors }: Verdict): string[] => errors.map(({ code }) => code);

describe('everything that is logged about a file', () => {
  it('is complete by the log\u2019s root when the proofs hold', () => {
    expect(judge(reproducedWorld().evidence())).toMatchObject({ verdict: 'reproduced', completeness: 'complete-by-root', auditedBy: [] });
  });

  const hidden: [what: string, hide: (world: World) => bigint[], whole: string][] = [
    ['dissent', (world) => [world.observe('zeta-1', 1n, OTHER)], 'not-reproduced'],
    ['second attempt', (world) => [world.observe('acme-1', 1n, OTHER, { attempt: 2 })], 'not-reproduced'],
    ['revocation with compromised-since', (world) => [world.revoke('umbra-1', 3)], 'insufficient'],
    [
      'claim, which names another source and was contradicted',
      (world) => {
        const other = world.release({ purl: 'pkg:npm/other@2.0.0', module: 'example.com/other' });
        return [other, world.observe('zeta-1', other, OTHER)];
      },
      'not-reproduced',
    ],
    [
      'control entry',
      (world) => [world.log.addStatement(makeControl({ action: 'freeze', origin: ORIGIN, reason: 'over' }), key('test-root'))],
      'reproduced',
    ],
  ];
  it.each(hidden)('less a %s is not complete', (_what, hide, whole) => {
    const world = reproducedWorld();
    const indexes = hide(world);
    const evidence = world.evidence();
    expect(judge(evidence)).toMatchObject({ verdict: whole, completeness: 'complete-by-root' });
    const verdict = judge(without(evidence, ...indexes));
    expect(verdict).toMatchObject({ verdict: 'unavailable', exitCode: 4, completeness: 'advisory' });
    expect(codes(verdict)).toContain('incomplete');
    expect(verdict.errors.at(-1)!.message).toMatch(/expected completeness root, which the policy demands, found: the proof about/);
    expect(verdict.next[0]).toContain('another address');
    // The word of whoever served it, for those who want no more.
    expect(judge(without(evidence, ...indexes), ADVISORY)).toMatchObject({ verdict: 'reproduced', completeness: 'advisory' });
  });

  it('less a match, the genesis or the release is not complete either', () => {
    const evidence = reproducedWorld().evidence();
    for (const index of [0n, 1n, 2n, 3n]) expect(judge(without(evidence, index)).verdict).toBe('unavailable');
  });

  it('about other files proves nothing, and says which they are', () => {
    const evidence = reproducedWorld().evidence();
    const sha256 = digest('another file');
    const verdict = judge(evidence, {}, { file: { sha256 } });
    expect(verdict).toMatchObject({ verdict: 'unavailable', expected: [{ sha256: FILE }] });
    expect(codes(verdict)).toEqual(['another-file']);
    expect(verdict.errors[0]!.message).toContain(`expected a proof about sha256:${sha256}, found sha256:${FILE}`);
    expect(verdict.next.join(' ')).toMatch(/compare it with the digests above.*the bundle that was made for this file/);
    const asked = { file: { sha256 } };
    expect(judge(reproducedWorld().evidence({ about: asked }), {}, asked).verdict).toBe('unknown-file');
  });

  it('is not complete without the index root, or without one of the proofs', () => {
    const evidence = reproducedWorld().evidence();
    expect(judge(without(evidence, 4n)).errors[0]!.message).toContain('the index root, entry 4, was not shown');
    for (const type of ['control', 'artifact']) {
      const index = evidence.index.filter(({ lookup }) => lookup.type !== type);
      expect(judge({ ...evidence, index }).errors[0]!.message).toContain(`no proof about ${type}:`);
    }
    const release = evidence.index.filter(({ lookup }) => lookup.type !== 'release');
    expect(judge({ ...evidence, index: release }, {}, { release: PURL }).verdict).toBe('reproduced');
  });

  it('is not proved by the proof of another key, of another root, or a changed one', () => {
    const evidence = reproducedWorld().evidence();
    const proofs = evidence.index.map(({ proof }) => proof);
    const swapped = evidence.index.map(({ lookup }, i) => ({ lookup, proof: proofs[(i + 1) % proofs.length]! }));
    expect(judge({ ...evidence, index: swapped }).verdict).toBe('unavailable');
    const larger = reproducedWorld();
    larger.observe('zeta-1', 1n, FILE);
    expect(judge({ ...evidence, index: larger.evidence().index }).verdict).toBe('unavailable');
    fc.assert(
      fc.property(fc.nat(2), fc.nat(1000), fc.integer({ min: 1, max: 255 }), (which, at, mask) => {
        const index = evidence.index.map((each, i) => {
          const position = at % each.proof.length;
          return i === which && each.lookup.type !== 'release'
            ? { ...each, proof: each.proof.with(position, each.proof[position]! ^ mask) }
            : each;
        });
        fc.pre(evidence.index[which]!.lookup.type !== 'release');
        expect(judge({ ...evidence, index }).verdict).toBe('unavailable');
      }),
      { numRuns: 100 },
    );
  });

  it('may be nothing at all: that nobody claims a file is proved, too', () => {
    const world = reproducedWorld();
    const file = { sha256: digest('unlogged') };
    const evidence = world.evidence({ about: { file } });
    expect(judge(evidence, {}, { file })).toMatchObject({ verdict: 'unknown-file', completeness: 'complete-by-root' });
    const index = evidence.index.filter(({ lookup }) => lookup.value !== file.sha256);
    expect(judge({ ...evidence, index }, {}, { file }).next[0]).toContain('nothing is proved about these bytes');
    expect(judge({ ...evidence, index }, {}, { file }).verdict).toBe('unavailable');
    const claimed = evidence.index.find(({ lookup }) => lookup.value === FILE)!;
    expect(
      judge({ ...evidence, index: [...index, { ...claimed, lookup: { type: 'artifact', value: file.sha256 } }] }, {}, { file }).verdict,
    ).toBe('unavailable');
  });

  it('includes what the named release claims instead of an unknown file', () => {
    const file = { sha256: digest('unlogged') };
    const evidence = reproducedWorld().evidence({ about: { file, release: PURL } });
    const asked = { file, release: PURL };
    expect(judge(evidence, {}, asked)).toMatchObject({ verdict: 'unknown-file', expected: [{ sha256: FILE }] });
    expect(judge(without(evidence, 1n, 2n, 3n), {}, asked).verdict).toBe('unavailable');
    const index = evidence.index.filter(({ lookup }) => lookup.type !== 'release');
    expect(judge({ ...evidence, index }, {}, asked).errors[0]!.message).toContain(`release:${PURL}`);
  });

  it('about a member is what is about its own bytes as well', () => {
    const container = digest('tool.tgz');
    const world = new World();
    const release = world.release({ members: { tool: { path: 'bin/tool', container } } });
    for (const rebuilder of ['acme-1', 'umbra-1']) world.observe(rebuilder, release, FILE);
    const elsewhere = world.release();
    const dissent = world.observe('zeta-1', elsewhere, OTHER);
    const question = { file: { sha256: container }, member: { path: 'bin/tool', sha256: FILE } };
    const evidence = world.evidence({ about: question });
    expect(judge(evidence, {}, question).verdict).toBe('not-reproduced');
    expect(judge(without(evidence, elsewhere, dissent), {}, question).verdict).toBe('unavailable');
    const index = evidence.index.filter(({ lookup }) => lookup.value !== FILE);
    expect(judge({ ...without(evidence, elsewhere, dissent), index }, {}, question).verdict).toBe('unavailable');
  });
});

describe('a container whose members are claimed', () => {
  const container = digest('tool.tgz');
  const question = { file: { sha256: container }, contents: [{ path: 'bin/tool', sha256: FILE }] };

  it('is listed by what is about each member, in whatever container', () => {
    const world = new World();
    const release = world.release({ members: { tool: { path: 'bin/tool', container } } });
    for (const rebuilder of ['acme-1', 'umbra-1']) world.observe(rebuilder, release, FILE);
    const elsewhere = world.release();
    const dissent = world.observe('zeta-1', elsewhere, OTHER);
    const evidence = world.evidence({ about: question });
    expect(judge(evidence, {}, question)).toMatchObject({ verdict: 'not-reproduced', members: [{ state: 'differing' }] });
    expect(judge(without(evidence, elsewhere, dissent), {}, question).verdict).toBe('unavailable');
    const index = evidence.index.filter(({ lookup }) => lookup.value !== FILE);
    expect(judge({ ...without(evidence, elsewhere, dissent), index }, {}, question).verdict).toBe('unavailable');
  });

  it('of very many members is listed by what is about itself', () => {
    const names = Array.from({ length: MAX_LISTED_MEMBERS + 1 }, (_, i) => `tool-${i}`);
    const world = new World();
    world.release({
      files: Object.fromEntries(names.map((name) => [name, digest(name)])),
      members: Object.fromEntries(names.map((name) => [name, { path: `bin/${name}`, container }])),
    });
    const evidence = world.evidence({ about: question });
    const index = evidence.index.filter(({ lookup: { type, value } }) => type === 'control' || value === container);
    const contents = names.map((name) => ({ path: `bin/${name}`, sha256: digest(name) }));
    expect(judge({ ...evidence, index }, {}, { ...question, contents })).toMatchObject({
      verdict: 'insufficient',
      completeness: 'complete-by-root',
    });
  });
});

describe('an index root', () => {
  /** The world's log with something else where its index root should be. */
  function ending(add: (world: World) => void): Evidence {
    const world = reproducedWorld();
    add(world);
    return world.evidence({ seal: false });
  }
  const stating =
    (size: number, root: string, origin = ORIGIN, signer = key(ORIGIN)) =>
    (world: World): void =>
      void world.log.addStatement(makeControl({ action: 'index-root', origin, size, root }), signer);

  it.each([
    ['over another number of entries', stating(3, digest('root')), 'one over 3 entries'],
    ['of another log', stating(4, digest('root'), 'other.test'), 'one of other.test'],
    ['by another key than the log\u2019s', stating(4, digest('root'), ORIGIN, key('test-root')), 'one that another key signed'],
    ['that is a dissent', (world: World) => void world.observe('zeta-1', 1n, OTHER), 'observation'],
    [
      'that is another control entry',
      (world: World) => void world.log.addStatement(makeControl({ action: 'freeze', origin: ORIGIN, reason: 'over' }), key('test-root')),
      'freeze',
    ],
  ])('%s is misbehaviour: the log signed a size that it ends', (_what, add, found) => {
    const verdict = judge(ending(add));
    expect(verdict).toMatchObject({ verdict: 'log-misbehaviour', exitCode: 1 });
    expect(codes(verdict)).toEqual(['index-root-wrong']);
    expect(verdict.errors[0]!.message).toContain(found);
  });

  it('need not be there for a policy that demands no completeness', () => {
    const evidence = reproducedWorld().evidence({ seal: false });
    expect(judge(evidence, ADVISORY)).toMatchObject({ verdict: 'reproduced', completeness: 'advisory' });
    expect(judge(ending(stating(3, digest('root'))), ADVISORY).verdict).toBe('log-misbehaviour');
  });

  it('whose signature does not verify is misbehaviour', () => {
    const world = reproducedWorld();
    const evidence = ending(stating(4, digest('root'), ORIGIN, { ...key(ORIGIN), sign: () => new Uint8Array(64) }));
    expect(codes(judge(evidence))).toContain('signature-failed');
    expect(judge(world.evidence()).verdict).toBe('reproduced');
  });

  it('that leaves a dissent out is believed, unless somebody audits: that is why only an audit is sound', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, OTHER);
    // The index is made as if the log had no entry 4.
    const pairs = indexPairs(
      [0n, 1n, 2n, 3n].map((index) => world.log.entry(index)),
      ORIGIN,
    );
    stating(5, toHex(indexRoot(pairs)))(world);
    const evidence = world.evidence({ seal: false });
    const index = [{ type: 'artifact', value: FILE } as const, { type: 'control', value: ORIGIN } as const].map((lookup) => ({
      lookup,
      proof: proveLookup(pairs, lookup),
    }));
    const lying = without({ ...evidence, index }, 4n);
    expect(judge(lying)).toMatchObject({ verdict: 'reproduced', completeness: 'complete-by-root' });
    expect(judge(lying, AUDITED)).toMatchObject({ verdict: 'unavailable' });
  });
});
