import { signStatement } from '@verbatim/statements';
import { InMemoryLog, ROOT, testSigner } from '@verbatim/testkit';
import { utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { describe, expect, it } from 'vitest';
import {
  digest,
  FILE,
  key,
  NOW,
  nowSeconds,
  ORIGIN,
  policyOf,
  policyText,
  PURL,
  REGISTRAR,
  type PolicySketch,
  vkey,
  World,
} from './_world.ts';
import { evaluate, type Question } from './evaluate.ts';
import { parsePolicy } from './policy.ts';
import type { Verdict } from './verdict.ts';

const OTHER = digest('other bytes');
/** For evidence of which something was left out. */
const ADVISORY: PolicySketch = { lines: ['require 2', 'completeness advisory'] };

function verdictOf(world: World, overrides: Partial<Question> = {}, sketch: PolicySketch = {}): Verdict {
  return evaluate({
    policy: policyOf(sketch),
    evidence: world.evidence({ about: overrides }),
    file: { sha256: FILE },
    now: NOW,
    offline: false,
    verify: verifyEd25519,
    ...overrides,
  });
}

/** Two of three operators saw the file. */
function reproducedWorld(): World {
  const world = new World();
  const release = world.release();
  world.observe('acme-1', release, FILE);
  world.observe('umbra-1', release, FILE);
  return world;
}

const codes = (verdict: Verdict): string[] => verdict.errors.map(({ code }) => code);

describe('a file is reproduced', () => {
  it('when k operators built exactly its bytes; the verdict names release, claimant, source and operators', () => {
    const verdict = verdictOf(reproducedWorld());
    expect(verdict).toMatchObject({
      verdict: 'reproduced',
      exitCode: 0,
      completeness: 'complete-by-root',
      auditedBy: [],
      errors: [],
      warnings: [],
      next: [],
      others: [],
    });
    expect(verdict.claim).toMatchObject({
      purl: PURL,
      index: 1n,
      claimants: [{ name: 'watch', kind: 'registrar' }],
      source: { module: 'example.com/tool' },
      matches: 2,
      dissents: 0,
      unsatisfied: [],
    });
    expect(verdict.claim!.operators.map(({ operator, standing }) => `${operator} ${standing}`)).toEqual([
      'acme matches',
      'umbra matches',
      'zeta not-answered',
    ]);
    expect(verdict.checkpoint).toMatchObject({ size: 5n, asOf: nowSeconds - 60n });
    expect(verdict.steps.every(({ ok }) => ok)).toBe(true);
    expect(verdict.steps.map(({ clause }) => clause)).toEqual(['§3.4', '§3.1', '§3.1', '§3.13', '§3.1', '§3.2', '§3.4', '§3.4', '§3.5']);
  });

  it('bound to its release', () => {
    expect(verdictOf(reproducedWorld(), { release: PURL }).verdict).toBe('reproduced');
    const other = verdictOf(reproducedWorld(), { release: 'pkg:npm/tool@1.0.1' });
    expect(other).toMatchObject({ verdict: 'unknown-file', exitCode: 1, claim: null, expected: [] });
  });

  it('despite infrastructure trouble of others, which counts against nobody', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, 'infrastructure');
    const verdict = verdictOf(world);
    expect(verdict.verdict).toBe('reproduced');
    expect(verdict.claim!.operators[2]).toMatchObject({
      standing: 'not-answered',
      observations: [{ counts: null, result: 'infrastructure', reason: 'infrastructure-in-test' }],
    });
  });

  it('offline, as of the time of its cosignatures', () => {
    const old = { w1: nowSeconds - 29n * 86_400n, w2: nowSeconds - 86_400n };
    const evidence = reproducedWorld().evidence({ cosigned: old });
    const verdict = verdictOf(reproducedWorld(), { evidence, offline: true });
    expect(verdict.verdict).toBe('reproduced');
    expect(verdict.warnings).toEqual(['as of 2026-10-23T12:00:00Z; later dissent unknown']);
    expect(verdictOf(reproducedWorld(), { evidence }).verdict).toBe('unavailable');
  });

  it('without witnesses if the policy demands none', () => {
    const verdict = verdictOf(reproducedWorld(), { offline: true }, { witnesses: [] });
    expect(verdict.verdict).toBe('reproduced');
    expect(verdict.warnings[0]).toContain('as of an unknown time');
  });
});

describe('a policy', () => {
  it('that expired is an error, at the very second', () => {
    const expires = new Date('2027-11-01T00:00:00Z');
    expect(verdictOf(reproducedWorld(), { now: expires })).toMatchObject({ verdict: 'policy-error', exitCode: 2 });
    expect(verdictOf(reproducedWorld(), { now: new Date(expires.getTime() - 1000) }).verdict).not.toBe('policy-error');
  });

  it('is expired at a moment that is no time', () => {
    expect(verdictOf(reproducedWorld(), { now: new Date(Number.NaN) }).verdict).toBe('policy-error');
  });
});

describe('a checkpoint', () => {
  const judged = (evidence: Question['evidence']): Verdict => verdictOf(reproducedWorld(), { evidence });

  it('that the log did not sign is misbehaviour', () => {
    const impostor = new InMemoryLog({ origin: ORIGIN, signer: testSigner(ORIGIN, 'impostor') });
    const verdict = judged(reproducedWorld().evidence({ log: impostor }));
    expect(codes(verdict)).toEqual(['checkpoint-unverified']);
    expect(verdict).toMatchObject({ verdict: 'log-misbehaviour', exitCode: 1 });
  });

  it('that the log did not sign, in a bundle, may have been changed on its way', () => {
    const impostor = new InMemoryLog({ origin: ORIGIN, signer: testSigner(ORIGIN, 'impostor') });
    const evidence = reproducedWorld().evidence({ log: impostor });
    const hint = expect.stringContaining('changed on its way') as string;
    expect(verdictOf(reproducedWorld(), { evidence, offline: true }).next).toContainEqual(hint);
    expect(verdictOf(reproducedWorld(), { evidence }).next).not.toContainEqual(hint);
  });

  it('with another root under the log\u2019s signature is misbehaviour', () => {
    const evidence = reproducedWorld().evidence();
    const text = new TextDecoder().decode(evidence.checkpoint).replace('\n5\n', '\n6\n');
    expect(judged({ ...evidence, checkpoint: utf8Encode(text) })).toMatchObject({ verdict: 'log-misbehaviour' });
  });

  it('that is no checkpoint at all could not be checked', () => {
    for (const text of ['', '<html>sign in to the café network</html>', 'log.test\n1\n']) {
      expect(judged({ ...reproducedWorld().evidence(), checkpoint: utf8Encode(text) })).toMatchObject({
        verdict: 'unavailable',
        exitCode: 4,
      });
    }
  });

  it('without a witness of the quorum is not enough', () => {
    const verdict = judged(reproducedWorld().evidence({ witnesses: ['w1'] }));
    expect(verdict).toMatchObject({ verdict: 'insufficient', exitCode: 3 });
    expect(codes(verdict)).toEqual(['quorum-missing']);
  });

  it('whose cosignature does not verify is misbehaviour', () => {
    const evidence = reproducedWorld().evidence();
    const other = new World();
    other.release();
    const foreign = new TextDecoder()
      .decode(other.evidence().checkpoint)
      .split('\n')
      .find((line) => line.startsWith('\u2014 w2'))!;
    const text = new TextDecoder().decode(evidence.checkpoint).replace(/\u2014 w2 .*/, foreign);
    expect(codes(judged({ ...evidence, checkpoint: utf8Encode(text) }))).toEqual(['cosignature-forged']);
  });

  it('is as old as its quorum, not as its newest cosignature', () => {
    const stale = reproducedWorld().evidence({ cosigned: { w1: nowSeconds, w2: nowSeconds - 86_401n } });
    expect(judged(stale)).toMatchObject({ verdict: 'unavailable', exitCode: 4 });
    const fresh = reproducedWorld().evidence({ cosigned: { w1: nowSeconds, w2: nowSeconds - 86_400n } });
    expect(judged(fresh).verdict).toBe('reproduced');
  });

  it('from more than five minutes ahead of us does not count', () => {
    const ahead = reproducedWorld().evidence({ cosigned: { w1: nowSeconds + 301n } });
    expect(judged(ahead)).toMatchObject({ verdict: 'insufficient', exitCode: 3 });
    expect(judged(ahead).warnings[0]).toContain('w1');
    expect(judged(reproducedWorld().evidence({ cosigned: { w1: nowSeconds + 300n } })).verdict).toBe('reproduced');
  });

  it('that is stale still shows dissent, and does not show that nobody claims a file', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, OTHER);
    const evidence = world.evidence({ cosigned: { w1: nowSeconds - 90_000n } });
    expect(verdictOf(world, { evidence })).toMatchObject({ verdict: 'not-reproduced', exitCode: 1 });
    expect(verdictOf(world, { evidence, file: { sha256: digest('unlogged') } }).verdict).toBe('unavailable');
  });
});

describe('an entry', () => {
  it('that was changed, or moved, is not in the tree: misbehaviour', () => {
    const evidence = reproducedWorld().evidence();
    const [first, second, ...rest] = evidence.entries;
    const changed = { ...second!, entry: second!.entry.with(20, second!.entry[20]! ^ 1) };
    expect(codes(verdictOf(new World(), { evidence: { ...evidence, entries: [first!, changed, ...rest] } }))).toEqual(['inclusion-failed']);
    const moved = { ...second!, index: 0n };
    expect(codes(verdictOf(new World(), { evidence: { ...evidence, entries: [moved, ...rest] } }))).toEqual(['inclusion-failed']);
  });

  it('that cannot be decoded is misbehaviour of the log that admitted it', () => {
    const world = reproducedWorld();
    world.log.add(utf8Encode('{"payload":1}'));
    expect(codes(verdictOf(world))).toEqual(['entry-malformed']);
  });

  it('with a wrong signature of a known key is misbehaviour', () => {
    const world = new World();
    const release = world.release();
    const statement = world.observation('acme-1', release, FILE);
    const honest = new TextDecoder().decode(signStatement(statement, [key('acme-1')]));
    const signature = /"sig":"([^"]+)"/.exec(honest)![1]!;
    world.log.add(utf8Encode(honest.replace(signature, Buffer.alloc(64, 1).toString('base64'))));
    expect(codes(verdictOf(world))).toEqual(['signature-failed']);
  });

  it('for another log is misbehaviour', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, FILE, { log: 'other-log.test' });
    expect(codes(verdictOf(world))).toEqual(['other-origin']);
  });

  it('about another release entry under this index is misbehaviour', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, FILE, { release: { index: 1, leafHash: digest('another release') } });
    expect(codes(verdictOf(world))).toEqual(['release-mismatch']);
  });

  it('about something that is no release, or comes later, is misbehaviour', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, FILE, { release: { index: 0, leafHash: digest('genesis') } });
    world.observe('zeta-1', 1n, FILE, { release: { index: 9, leafHash: digest('later') } });
    expect(codes(verdictOf(world))).toEqual(['release-mismatch', 'release-mismatch']);
  });

  it('about an artifact that the release does not list is misbehaviour', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, FILE, { artifact: 'another', attempt: 1 });
    expect(codes(verdictOf(world))).toEqual(['artifact-not-listed']);
  });

  it('that repeats an attempt is misbehaviour; the same entry shown twice is not', () => {
    const world = reproducedWorld();
    world.observe('acme-1', 1n, FILE, { finished: '2026-11-21T12:06:00Z' });
    expect(codes(verdictOf(world))).toEqual(['attempt-repeated']);
    const evidence = reproducedWorld().evidence();
    const twice = { ...evidence, entries: [...evidence.entries, ...evidence.entries] };
    expect(verdictOf(world, { evidence: twice }, { lines: ['require 3'] }).verdict).toBe('insufficient');
  });

  it('whose attempts are logged out of order is misbehaviour', () => {
    const world = new World();
    const release = world.release();
    world.observe('acme-1', release, FILE, { attempt: 2 });
    world.observe('acme-1', release, 'timeout', { attempt: 1 });
    expect(codes(verdictOf(world))).toEqual(['attempt-order']);
  });

  it('of genesis that the pinned root key did not sign is misbehaviour', () => {
    const world = new World({ genesis: false });
    world.log.add(new World().log.entry(0n));
    expect(verdictOf(world).verdict).toBe('unknown-file');
    const policy = parsePolicy(policyText().replace(vkey(ROOT.name), vkey('root2.test')));
    expect(codes(verdictOf(world, { policy }))).toEqual(['genesis-mismatch']);
  });
});

describe('a dissent', () => {
  it('makes a file not reproduced, whoever matches', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, OTHER);
    const verdict = verdictOf(world);
    expect(verdict).toMatchObject({ verdict: 'not-reproduced', exitCode: 1, claim: { matches: 2, dissents: 1 } });
    expect(verdict.next[1]).toContain('entries 4');
  });

  it('is tolerated only as far as the policy says', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, OTHER);
    expect(verdictOf(world, {}, { lines: ['require 2', 'dissent 1'] }).verdict).toBe('reproduced');
  });

  it('is not erased by later attempts, nor by another key of the same operator', () => {
    const world = new World();
    const release = world.release();
    world.observe('umbra-1', release, FILE);
    world.observe('acme-1', release, OTHER, { attempt: 1 });
    world.observe('acme-1', release, FILE, { attempt: 2 });
    world.observe('acme-2', release, FILE);
    const operators = { acme: { 'acme-1': 'linux/amd64', 'acme-2': 'linux/amd64' }, umbra: { 'umbra-1': 'linux/arm64' } };
    expect(verdictOf(world, {}, { operators }).verdict).toBe('not-reproduced');
  });

  it('that is held back between attempts leaves the operator without a vote', () => {
    const world = new World();
    const release = world.release();
    world.observe('umbra-1', release, FILE);
    world.observe('acme-1', release, OTHER, { attempt: 1 });
    world.observe('acme-1', release, FILE, { attempt: 2 });
    const verdict = verdictOf(world, { evidence: world.evidence({ indexes: [0n, 1n, 2n, 4n] }) }, ADVISORY);
    expect(verdict.verdict).toBe('insufficient');
    expect(verdict.claim!.operators[0]!.observations[0]).toMatchObject({
      counts: null,
      because: 'attempt 1 of acme-1 is logged but was not shown',
    });
  });

  it('outlives the revocation of its key', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, OTHER);
    world.revoke('zeta-1', 0);
    expect(verdictOf(world).verdict).toBe('not-reproduced');
  });
});

describe('a vote', () => {
  it('belongs to an operator: two keys are one vote', () => {
    const world = new World();
    const release = world.release();
    world.observe('acme-1', release, FILE);
    world.observe('acme-2', release, FILE);
    const operators = { acme: { 'acme-1': 'linux/amd64', 'acme-2': 'linux/amd64' }, umbra: { 'umbra-1': 'linux/arm64' } };
    expect(verdictOf(world, {}, { operators })).toMatchObject({ verdict: 'insufficient', claim: { matches: 1 } });
  });

  it('of a key that the policy does not know is none', () => {
    const world = new World();
    const release = world.release();
    world.observe('acme-1', release, FILE);
    world.observe('stranger-1', release, FILE);
    expect(verdictOf(world)).toMatchObject({ verdict: 'insufficient', claim: { matches: 1 } });
  });

  it('is void when the host is not the policy\u2019s', () => {
    const world = reproducedWorld();
    const policy = { operators: { acme: { 'acme-1': 'linux/arm64' }, umbra: { 'umbra-1': 'linux/arm64' } } };
    const verdict = verdictOf(world, {}, policy);
    expect(verdict).toMatchObject({ verdict: 'insufficient', claim: { matches: 1 } });
    expect(verdict.claim!.operators[0]!.observations[0]!.because).toContain('void');
  });

  it('by another recipe is none', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, OTHER, { recipe: { sha256: digest('another recipe') } });
    expect(verdictOf(world)).toMatchObject({ verdict: 'reproduced', claim: { dissents: 0 } });
  });

  it('for another release of the same file is none', () => {
    const world = new World();
    const first = world.release();
    const second = world.release({ purl: 'pkg:npm/tool@1.0.1', tags: ['x'] });
    world.observe('acme-1', first, FILE);
    world.observe('umbra-1', second, FILE);
    expect(verdictOf(world)).toMatchObject({ verdict: 'insufficient', claim: { matches: 1 } });
  });

  it('that compared with another file is no match, and is a dissent when the bytes differ', () => {
    const world = reproducedWorld();
    world.observe('zeta-1', 1n, 'x', {
      result: 'differ',
      reason: null,
      claimed: { sha256: OTHER },
      received: { sha256: OTHER },
      observed: { sha256: FILE },
    });
    expect(verdictOf(world, {}, { lines: ['require 3'] })).toMatchObject({ verdict: 'insufficient', claim: { matches: 2, dissents: 0 } });
    const second = reproducedWorld();
    second.observe('zeta-1', 1n, 'x', {
      result: 'match',
      reason: null,
      claimed: { sha256: OTHER },
      received: { sha256: OTHER },
      observed: { sha256: OTHER },
    });
    expect(verdictOf(second)).toMatchObject({ verdict: 'not-reproduced', claim: { dissents: 1 } });
  });

  it('of a revoked key does not count from the index that the revocation names', () => {
    const world = reproducedWorld();
    const before = world.evidence();
    world.revoke('umbra-1', 3);
    expect(verdictOf(world)).toMatchObject({ verdict: 'insufficient', claim: { matches: 1 } });
    expect(verdictOf(world, { evidence: before }).verdict).toBe('reproduced');
    const later = reproducedWorld();
    later.revoke('umbra-1', 4);
    expect(verdictOf(later).verdict).toBe('reproduced');
    const plain = reproducedWorld();
    plain.revoke('umbra-1', null);
    expect(verdictOf(plain).verdict).toBe('reproduced');
  });

  it('does not come back when the entry that names the admin is left out', () => {
    const world = reproducedWorld();
    world.revoke('umbra-1', 0);
    expect(verdictOf(world, { evidence: world.evidence({ indexes: [1n, 2n, 3n, 4n] }) }, ADVISORY).verdict).toBe('insufficient');
  });

  it('after a plain revocation does not count', () => {
    const world = new World();
    const release = world.release();
    world.observe('acme-1', release, FILE);
    world.revoke('umbra-1', null);
    world.observe('umbra-1', release, FILE);
    expect(verdictOf(world).verdict).toBe('insufficient');
  });
});

describe('the rules', () => {
  it('of distinct architectures hold over different operators', () => {
    const world = new World();
    const release = world.release();
    world.observe('acme-1', release, FILE);
    world.observe('zeta-1', release, FILE);
    const sketch = { lines: ['require 2', 'distinct arch 2'] };
    const verdict = verdictOf(world, {}, sketch);
    expect(verdict.verdict).toBe('insufficient');
    expect(verdict.claim!.unsatisfied).toEqual(['distinct arch 2: the matching operators differ in 1']);
    world.observe('umbra-1', release, FILE);
    expect(verdictOf(world, {}, sketch).verdict).toBe('reproduced');
  });

  it('of answers ask for a turnout', () => {
    const world = reproducedWorld();
    const sketch = { lines: ['require 2', 'answers 3'] };
    expect(verdictOf(world, {}, sketch).claim!.unsatisfied).toEqual(['answers 3: 2 answered']);
    world.observe('zeta-1', 1n, FILE);
    expect(verdictOf(world, {}, sketch).verdict).toBe('reproduced');
  });
});

describe('a claim', () => {
  it('is missing for a file that nobody logged', () => {
    const verdict = verdictOf(reproducedWorld(), { file: { sha256: digest('unlogged') } });
    expect(verdict).toMatchObject({ verdict: 'unknown-file', exitCode: 1, claim: null });
  });

  it('says what was expected when the release has other files', () => {
    const verdict = verdictOf(reproducedWorld(), { file: { sha256: digest('unlogged') }, release: PURL });
    expect(verdict).toMatchObject({ verdict: 'unknown-file', expected: [{ purl: PURL, artifact: 'tool', sha256: FILE, index: 1n }] });
  });

  it('by nobody whom the policy knows is none', () => {
    const world = new World();
    const release = world.release({ by: ['stranger.test'] });
    world.observe('acme-1', release, FILE);
    world.observe('umbra-1', release, FILE);
    const verdict = verdictOf(world);
    expect(verdict.verdict).toBe('unknown-file');
    expect(verdict.ignored).toEqual([{ index: 1n, reason: `release ${PURL}: no claimant of the policy signed it` }]);
  });

  it('outside of the claimant\u2019s scope, or of another kind, or after its revocation, is none', () => {
    const outside = reproducedWorld();
    const claimants = [`claimant watch registrar pkg:cargo/ ${vkey(REGISTRAR)}`];
    expect(verdictOf(outside, {}, { claimants }).ignored[0]!.reason).toContain('pkg:cargo/ only');
    const kind = [`claimant watch publisher pkg:npm/tool ${vkey(REGISTRAR)}`];
    expect(verdictOf(outside, {}, { claimants: kind }).ignored[0]!.reason).toContain('expected a publisher');
    const similar = [`claimant watch publisher pkg:npm/too ${vkey(REGISTRAR)}`];
    expect(verdictOf(outside, {}, { claimants: similar }).verdict).toBe('unknown-file');
    const revoked = reproducedWorld();
    revoked.revoke(REGISTRAR, 1);
    expect(verdictOf(revoked).ignored[0]!.reason).toContain('revoked');
    expect(verdictOf(revoked).verdict).toBe('unknown-file');
  });

  it('of a publisher in scope counts', () => {
    const world = new World();
    const release = world.release({ claim: 'publisher', by: ['maker.test', 'maker2.test'] });
    world.observe('acme-1', release, FILE);
    world.observe('umbra-1', release, FILE);
    const claimants = [`claimant maker publisher pkg:npm/tool ${vkey('maker.test')}`];
    expect(verdictOf(world, {}, { claimants })).toMatchObject({
      verdict: 'reproduced',
      claim: { claimants: [{ name: 'maker', kind: 'publisher' }] },
    });
  });
});

describe('of several claims to one file', () => {
  const claimants = [`claimant watch registrar pkg:npm/ ${vkey(REGISTRAR)}`, `claimant other registrar pkg:npm/ ${vkey('other.test')}`];

  it('a corrected recipe of the same source is judged by itself, and the failure stays visible', () => {
    const world = new World();
    const wrong = world.release({ tags: ['wrong'] });
    for (const name of ['acme-1', 'umbra-1', 'zeta-1']) world.observe(name, wrong, OTHER);
    const right = world.release();
    world.observe('acme-1', right, FILE);
    world.observe('umbra-1', right, FILE);
    const verdict = verdictOf(world);
    expect(verdict).toMatchObject({
      verdict: 'reproduced',
      claim: { index: right },
      others: [{ index: wrong, verdict: 'not-reproduced', dissents: 3 }],
    });
    expect(verdict.warnings[0]).toContain('not reproduced');
  });

  it('a dissent is not shed by registering the same recipe again', () => {
    const world = new World();
    const first = world.release({ by: ['stranger.test'] });
    world.observe('zeta-1', first, OTHER);
    const again = world.release({ purl: 'pkg:npm/tool@1.0.1' });
    world.observe('acme-1', again, FILE);
    world.observe('umbra-1', again, FILE);
    const verdict = verdictOf(world, { release: 'pkg:npm/tool@1.0.1' });
    expect(verdict).toMatchObject({ verdict: 'not-reproduced', claim: { index: again, verdict: 'reproduced' } });
    expect(verdict.warnings[0]).toContain('overruled');
  });

  it('a source that was contradicted is not replaced by another claimant\u2019s', () => {
    const world = new World();
    const honest = world.release();
    world.observe('acme-1', honest, OTHER);
    const evil = world.release({ module: 'example.com/evil', by: ['other.test'] });
    world.observe('acme-1', evil, FILE);
    world.observe('umbra-1', evil, FILE);
    expect(verdictOf(world, {}, { claimants }).verdict).toBe('not-reproduced');
  });

  it('a claimant may correct its own source', () => {
    const world = new World();
    const wrong = world.release({ module: 'example.com/typo' });
    world.observe('acme-1', wrong, OTHER);
    const right = world.release();
    world.observe('acme-1', right, FILE);
    world.observe('umbra-1', right, FILE);
    expect(verdictOf(world).verdict).toBe('reproduced');
  });

  it('the file is not reproduced when none is and one was contradicted', () => {
    const world = new World();
    const first = world.release();
    world.release({ tags: ['x'] });
    world.observe('acme-1', first, OTHER);
    expect(verdictOf(world)).toMatchObject({ verdict: 'not-reproduced', others: [{ verdict: 'insufficient' }] });
  });
});

describe('a container', () => {
  const CONTAINER = digest('container');
  const files = { tool: FILE, lib: digest('lib') };
  const members = { tool: { path: 'package/bin/tool', container: CONTAINER }, lib: { path: 'package/lib', container: CONTAINER } };
  const contents = [
    { path: 'package/README', sha256: digest('readme') },
    { path: 'package/bin/tool', sha256: FILE },
    { path: 'package/lib', sha256: digest('lib') },
  ];
  function world(): World {
    const made = new World();
    const release = made.release({ files, members });
    for (const name of ['acme-1', 'umbra-1']) made.observe(name, release, FILE, { artifact: 'tool' });
    return made;
  }
  const states = (verdict: Verdict): string[] => verdict.members!.map(({ path, state }) => `${path} ${state}`);

  it('is insufficient and lists each member', () => {
    const verdict = verdictOf(world(), { file: { sha256: CONTAINER }, contents });
    expect(verdict).toMatchObject({ verdict: 'insufficient', exitCode: 3, claim: null });
    expect(states(verdict)).toEqual(['package/README not-claimed', 'package/bin/tool reproduced', 'package/lib insufficient']);
    expect(verdict.next[0]).toContain('--member');
  });

  it('is insufficient even if all that it holds is reproduced', () => {
    const made = world();
    for (const name of ['acme-1', 'umbra-1']) made.observe(name, 1n, digest('lib'), { artifact: 'lib' });
    const verdict = verdictOf(made, { file: { sha256: CONTAINER }, contents: contents.slice(1) });
    expect(verdict.verdict).toBe('insufficient');
    expect(states(verdict)).toEqual(['package/bin/tool reproduced', 'package/lib reproduced']);
  });

  it('lists the claimed members when it could not be read', () => {
    expect(states(verdictOf(world(), { file: { sha256: CONTAINER } }))).toEqual([
      'package/bin/tool reproduced',
      'package/lib insufficient',
    ]);
  });

  it('is not reproduced when a member is contradicted', () => {
    const made = world();
    made.observe('zeta-1', 1n, OTHER, { artifact: 'tool' });
    const verdict = verdictOf(made, { file: { sha256: CONTAINER }, contents });
    expect(verdict.verdict).toBe('not-reproduced');
    expect(states(verdict)).toContain('package/bin/tool differing');
  });

  it('differs where it holds other bytes than were claimed for it', () => {
    const changed = contents.with(1, { path: 'package/bin/tool', sha256: OTHER });
    const verdict = verdictOf(world(), { file: { sha256: CONTAINER }, contents: changed });
    expect(verdict.members![1]).toMatchObject({ state: 'differing', claim: null });
    expect(verdict.members![1]!.detail).toContain(FILE);
  });

  it('has members that are judged by themselves', () => {
    const member = { path: 'package/bin/tool', sha256: FILE };
    expect(verdictOf(world(), { file: { sha256: CONTAINER }, member })).toMatchObject({ verdict: 'reproduced', sha256: FILE, exitCode: 0 });
    const lib = { path: 'package/lib', sha256: digest('lib') };
    expect(verdictOf(world(), { file: { sha256: CONTAINER }, member: lib }).verdict).toBe('insufficient');
  });

  it('has no other member, at no other path, in no other container', () => {
    const at = (path: string, sha256: string, container = CONTAINER): string =>
      verdictOf(world(), { file: { sha256: container }, member: { path, sha256 } }).verdict;
    expect(at('package/README', digest('readme'))).toBe('unknown-file');
    expect(at('package/bin/other', FILE)).toBe('unknown-file');
    expect(at('package/bin/tool', OTHER)).toBe('unknown-file');
    expect(at('package/bin/tool', FILE, digest('another container'))).toBe('unknown-file');
    const verdict = verdictOf(world(), { file: { sha256: CONTAINER }, member: { path: 'package/bin/tool', sha256: OTHER } });
    expect(verdict.expected).toMatchObject([{ artifact: 'tool', sha256: FILE }]);
  });

  it('does not shed a dissent about a member by being packed again', () => {
    const made = world();
    made.observe('zeta-1', 1n, OTHER, { artifact: 'tool' });
    const repacked = digest('another container');
    const again = made.release({
      purl: 'pkg:npm/tool@1.0.1',
      files,
      members: { tool: { path: 'tool', container: repacked }, lib: { path: 'lib', container: repacked } },
    });
    for (const name of ['acme-1', 'umbra-1']) made.observe(name, again, FILE, { artifact: 'tool' });
    const member = { path: 'tool', sha256: FILE };
    for (const release of [{}, { release: 'pkg:npm/tool@1.0.1' }]) {
      expect(verdictOf(made, { file: { sha256: repacked }, member, ...release }).verdict).toBe('not-reproduced');
      expect(states(verdictOf(made, { file: { sha256: repacked }, contents: [member], ...release }))).toContain('tool differing');
    }
  });

  it('of another release is unknown when bound', () => {
    expect(verdictOf(world(), { file: { sha256: CONTAINER }, contents, release: 'pkg:npm/else@1.0.0' }).verdict).toBe('unknown-file');
    expect(verdictOf(world(), { file: { sha256: CONTAINER }, contents, release: PURL }).verdict).toBe('insufficient');
  });
});
