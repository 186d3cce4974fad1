import { memberLeaf, type MemberEntry } from '@verbatim/statements';
import { type Hash, hashLeaf, hashNode, toHex } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { describe, expect, it } from 'vitest';
import { digest, FILE, NOW, policyOf, PURL, World } from './_world.ts';
import { evaluate } from './evaluate.ts';
import type { MemberProof } from './member-proof.ts';
import type { Verdict } from './verdict.ts';

/** The container is the file of the small world. */
const CONTAINER = FILE;
const TOOL = digest('extracted tool');
const PATH = 'usr/bin/tool';
const LIST = digest('the list of members');

/** usr, usr/bin, usr/bin/tool. */
function membersWith(tool: Partial<MemberEntry> = {}): { root: Hash; proof: MemberProof } {
  const folder = { type: 'folder', mode: 0o755, size: 0, sha256: digest('') } as const;
  const entry: MemberEntry = { path: PATH, type: 'file', mode: 0o755, size: 14, sha256: TOOL, ...tool };
  const entries: MemberEntry[] = [{ path: 'usr', ...folder }, { path: 'usr/bin', ...folder }, entry];
  const [a, b, c] = entries.map((each) => hashLeaf(memberLeaf(each))) as [Hash, Hash, Hash];
  const left = hashNode(a, b);
  return { root: hashNode(left, c), proof: { entry, index: 2n, proof: [left] } };
}

const { root: ROOT, proof: PROOF } = membersWith();

interface Seen {
  readonly by: string;
  /** Member root that it signs; none by default. */
  readonly root?: Hash;
  readonly built?: string;
}

function ask(seen: readonly Seen[], extracted: { sha256?: string; path?: string; proof?: MemberProof | null } = {}): Verdict {
  const world = new World();
  const release = world.release();
  for (const { by, root, built = CONTAINER } of seen) {
    const members = root === undefined ? {} : { members: { root: toHex(root), size: 3 } };
    const evidence = root === undefined ? [] : [{ kind: 'members' as const, sha256: LIST, size: 400 }];
    world.observe(by, release, built, { observed: { sha256: built, ...members }, evidence });
  }
  return evaluate({
    policy: policyOf(),
    evidence: world.evidence(),
    file: { sha256: CONTAINER },
    extracted: { sha256: TOOL, path: PATH, proof: PROOF, ...extracted },
    now: NOW,
    offline: false,
    verify: verifyEd25519,
  });
}

const TWO: readonly Seen[] = [
  { by: 'acme-1', root: ROOT },
  { by: 'umbra-1', root: ROOT },
];

describe('a file out of a container is', () => {
  it('reproduced when k operators that rebuilt the container signed the root that it is under', () => {
    const verdict = ask(TWO);
    expect(verdict).toMatchObject({ verdict: 'reproduced', exitCode: 0, sha256: TOOL, claim: { purl: PURL, matches: 2 } });
    expect(verdict.extracted).toEqual({ container: CONTAINER, path: PATH, mode: 0o755, size: 14, root: toHex(ROOT) });
    expect(verdict.claim!.operators[0]!.observations[0]).toMatchObject({ memberRoot: toHex(ROOT), memberList: LIST });
  });

  it('insufficient when one of them signed no root', () => {
    const verdict = ask([TWO[0]!, { by: 'umbra-1' }]);
    expect(verdict).toMatchObject({ verdict: 'insufficient', claim: { matches: 1, dissents: 0 } });
    expect(verdict.claim!.operators[1]!.observations[0]!.because).toBe('it signed no member root');
  });

  it('not reproduced when an operator signed another root of the same bytes', () => {
    const other = membersWith({ mode: 0o644 }).root;
    expect(ask([...TWO, { by: 'zeta-1', root: other }])).toMatchObject({ verdict: 'not-reproduced', claim: { matches: 2, dissents: 1 } });
  });

  it('not reproduced when the container is not', () => {
    const built = digest('other container');
    expect(ask([...TWO, { by: 'zeta-1', built, root: ROOT }]).verdict).toBe('not-reproduced');
  });

  it('unknown when the container has other bytes there, which are named', () => {
    const verdict = ask(TWO, { sha256: digest('changed tool') });
    expect(verdict).toMatchObject({ verdict: 'unknown-file', exitCode: 1, extracted: null });
    expect(verdict.expected).toEqual([{ purl: PURL, index: 1n, artifact: PATH, sha256: TOOL }]);
  });

  it('unknown when the container has a link there, whatever its target is', () => {
    const { root, proof } = membersWith({ type: 'link' });
    const both = TWO.map(({ by }) => ({ by, root }));
    expect(ask(both, { proof })).toMatchObject({ verdict: 'unknown-file', expected: [] });
  });

  it('insufficient, and not unavailable, while nobody has rebuilt the container', () => {
    expect(ask([], { proof: null })).toMatchObject({ verdict: 'insufficient', errors: [] });
  });

  const [left] = PROOF.proof as [Hash];
  it.each([
    ['without a list of members', null],
    ['by the entry of another path', { ...PROOF, entry: { ...PROOF.entry, path: 'usr/bin/other' } }],
    ['at another place in the tree', { ...PROOF, index: 1n }],
    ['with a hash too many', { ...PROOF, proof: [left, left] }],
    ['with a hash too few', { ...PROOF, proof: [] }],
    ['with an inner node', { ...PROOF, proof: [hashLeaf(left)] }],
    ['for an entry that says what the file in hand is', { ...PROOF, entry: { ...PROOF.entry, sha256: digest('evil'), mode: 0o4755 } }],
  ])('not checked %s', (_, proof) => {
    const verdict = ask(TWO, { proof, sha256: proof?.entry.sha256 ?? TOOL });
    expect(verdict).toMatchObject({ verdict: 'unavailable', exitCode: 4, extracted: null });
    expect(verdict.errors.map(({ code }) => code)).toEqual(['member-unproved']);
    expect(verdict.next.join()).toContain('--members');
  });

  it('not vouched for by a root that a stranger signed', () => {
    const evil = membersWith({ sha256: digest('evil') });
    const verdict = ask([...TWO, { by: 'stranger-1', root: evil.root }], { sha256: digest('evil'), proof: evil.proof });
    expect(verdict.verdict).toBe('unavailable');
  });

  it('unknown when nobody claims the container', () => {
    const verdict = evaluate({
      policy: policyOf(),
      evidence: new World().evidence(),
      file: { sha256: CONTAINER },
      extracted: { sha256: TOOL, path: PATH, proof: PROOF },
      now: NOW,
      offline: false,
      verify: verifyEd25519,
    });
    expect(verdict.verdict).toBe('unknown-file');
    expect(verdict.steps.find(({ ok }) => !ok)!.detail).toBe(`sha256:${CONTAINER}`);
  });
});
