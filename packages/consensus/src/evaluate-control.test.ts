import { type ControlAction, type ControlPredicate, decodeEntry, makeControl, PREDICATE, signStatement } from '@verbatim/statements';
import { ADMIN, aGenesis, anEnrolment, aRevocation, continuedLog, InMemoryLog, ROOT, testSigner } from '@verbatim/testkit';
import { formatNote, parseNote, type Signer, toHex } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, it } from 'vitest';
import { judge } from './_judging.ts';
import { digest, FILE, key, ORIGIN, policyText, World } from './_world.ts';
import type { Evidence } from './evidence.ts';
import { parsePolicy } from './policy.ts';
import type { Verdict } from './verdict.ts';
import { isWorse } from './verdict-kind.ts';

const LOG2 = testSigner(ORIGIN, '2');
const ADMIN2 = testSigner('admin2');
const NEXT = { origin: 'next.test', log: testSigner('next.test'), root: testSigner('next-root'), admin: testSigner('next-admin') };
const OTHER = digest('other bytes');

const rotate = (office: ControlAction<'rotate'>['key'], old: Signer, added: Signer): ControlPredicate => ({
  action: 'rotate',
  origin: ORIGIN,
  key: office,
  old: vkeyOf(old),
  vkey: vkeyOf(added),
});
const freeze: ControlPredicate = { action: 'freeze', origin: ORIGIN, reason: 'We move.' };
/** Release and matches of `reproducedWorld`. */
const FACTS = new Set([1n, 2n, 3n]);
const codes = ({ errors }: Verdict): string[] => errors.map(({ code }) => code);

/** Two of three operators saw the file, and an index root ends it. */
function reproducedWorld(): { world: World; release: bigint } {
  const world = new World();
  const release = world.release();
  world.observe('acme-1', release, FILE);
  world.observe('umbra-1', release, FILE);
  world.log.seal();
  return { world, release };
}

const withoutControl = (evidence: Evidence, index: bigint): Evidence => ({
  ...evidence,
  entries: evidence.entries.filter((entry) => entry.index !== index),
});

/** Every subset of the entries but release, matches and index roots, withheld, whose verdict is better than that of all. Without proof there is none: `unavailable`. */
function neverBetter(evidence: Evidence): string[] {
  const whole = judge(evidence).verdict;
  const { entries } = evidence;
  const candidates = entries.filter(({ index, entry }) => !FACTS.has(index) && !isIndexRoot(entry));
  return Array.from({ length: 2 ** candidates.length }, (_, mask) => {
    const withheld = candidates.filter((_entry, i) => ((mask >> i) & 1) === 1);
    const { verdict } = judge({ ...evidence, entries: entries.filter((entry) => !withheld.includes(entry)) });
    return verdict !== 'unavailable' && isWorse(whole, verdict)
      ? `without ${withheld.map(({ index }) => index).join()}: ${verdict} instead of ${whole}`
      : null;
  }).filter((message) => message !== null);
}

function isIndexRoot(entry: Uint8Array): boolean {
  const { predicateType, predicate } = decodeEntry(entry).statement;
  return predicateType === PREDICATE.control && predicate.action === 'index-root';
}

describe('a log that changed its key', () => {
  const { world } = reproducedWorld();
  const at = world.log.addStatement(makeControl(rotate('log', key(ORIGIN), LOG2)), ROOT, LOG2);
  const rotated = continuedLog(world.log, LOG2);
  const evidence = world.evidence({ log: rotated });

  it('is followed by a policy that pins the old key, and the output says so', () => {
    const verdict = judge(evidence);
    expect(verdict).toMatchObject({ verdict: 'reproduced', completeness: 'complete-by-root', errors: [] });
    expect(verdict.steps.find(({ check }) => check.includes('root key'))?.detail).toBe(`${ORIGIN}: ${vkeyOf(LOG2)}, since entry ${at}`);
  });

  it('signs with both keys as well', () => {
    const note = parseNote(evidence.checkpoint);
    const old = parseNote(continuedLog(rotated, key(ORIGIN)).checkpoint()).signatures;
    const both = formatNote({ ...note, signatures: [...note.signatures, ...old] });
    expect(judge({ ...evidence, checkpoint: both }).verdict).toBe('reproduced');
  });

  it('is not believed by the old key alone: whoever has that one may have stolen it', () => {
    const stolen = continuedLog(world.log, key(ORIGIN));
    expect(codes(judge(world.evidence({ log: stolen })))).toEqual(['checkpoint-unverified']);
  });

  it('cannot hide it: by the old key alone, without the rotation, the evidence is incomplete', () => {
    const stolen = continuedLog(world.log, key(ORIGIN));
    const verdict = judge(withoutControl(world.evidence({ log: stolen }), at));
    expect(verdict.verdict).toBe('unavailable');
    expect(codes(verdict)).toEqual(['incomplete']);
  });

  it('gives no better verdict by anything that is withheld of it', () => {
    const { world: other, release } = reproducedWorld();
    other.log.addStatement(makeControl(rotate('admin', ADMIN, ADMIN2)), ROOT, ADMIN2);
    other.log.addStatement(makeControl(rotate('log', key(ORIGIN), LOG2)), ROOT, LOG2);
    other.log.addStatement(aRevocation(key('acme-1'), { compromisedSince: 0 }), ADMIN2);
    other.observe('zeta-1', release, OTHER);
    other.log.addStatement(makeControl(freeze), ROOT);
    expect(neverBetter(other.evidence({ log: continuedLog(other.log, LOG2) }))).toEqual([]);
  });

  it('is as it was before, in a checkpoint from before', () => {
    expect(judge(world.evidence({ log: continuedLog(world.log, key(ORIGIN), at) })).verdict).toBe('reproduced');
  });

  it('is not followed by a rotation that is not in the log', () => {
    const { world: other, release } = reproducedWorld();
    other.observe('zeta-1', release, FILE);
    const elsewhere = other.evidence({ log: continuedLog(other.log, LOG2), seal: false });
    const shown = evidence.entries.find(({ index }) => index === at);
    const verdict = judge({ ...elsewhere, entries: [...elsewhere.entries, shown!] });
    expect(verdict.verdict).toBe('log-misbehaviour');
    expect(codes(verdict)).toContain('inclusion-failed');
  });

  it('is misbehaving when another key than the root’s said so', () => {
    const { world: other } = reproducedWorld();
    other.log.addStatement(makeControl(rotate('log', key(ORIGIN), LOG2)), ADMIN, LOG2);
    expect(codes(judge(other.evidence()))).toEqual(['control-invalid']);
    expect(codes(judge(other.evidence({ log: continuedLog(other.log, LOG2) })))).toEqual(['checkpoint-unverified']);
  });
});

describe('a log that changed its admin key', () => {
  const rotated = (): World => {
    const { world } = reproducedWorld();
    world.log.addStatement(makeControl(rotate('admin', ADMIN, ADMIN2)), ROOT, ADMIN2);
    return world;
  };

  it('takes the roster from the new one', () => {
    const world = rotated();
    world.log.addStatement(aRevocation(key('acme-1'), { compromisedSince: 0 }), ADMIN2);
    expect(judge(world.evidence())).toMatchObject({ verdict: 'insufficient', errors: [] });
  });

  it('misbehaves when it takes the roster from the old one, or before from the new one', () => {
    const late = rotated();
    late.log.addStatement(aRevocation(key('acme-1')), ADMIN);
    expect(codes(judge(late.evidence()))).toEqual(['roster-unauthorised']);
    const early = new World();
    early.log.addStatement(anEnrolment(key('acme-1')), ADMIN2);
    expect(codes(judge(early.evidence()))).toEqual(['roster-unauthorised']);
  });
});

describe('a frozen log', () => {
  const { world, release } = reproducedWorld();
  const at = world.log.addStatement(makeControl(freeze), ROOT);
  const evidence = world.evidence();

  it('is said to be frozen, since when and why, and its verdicts stand', () => {
    const { verdict, warnings } = judge(evidence);
    expect(verdict).toBe('reproduced');
    expect(warnings).toEqual([
      `the log is frozen since entry ${at}: We move.; nothing new is logged there, so ask its operator where it goes on`,
    ]);
  });

  it('cannot hide that', () => {
    expect(codes(judge(withoutControl(evidence, at)))).toEqual(['incomplete']);
  });

  it('misbehaves when it goes on', () => {
    const other = continuedLog(world.log, key(ORIGIN));
    other.addStatement(world.observation('zeta-1', release, FILE), key('zeta-1'));
    expect(codes(judge(world.evidence({ log: other })))).toEqual(['after-freeze']);
  });
});

describe('a log that goes on elsewhere', () => {
  const { world, release } = reproducedWorld();
  world.log.addStatement(makeControl(freeze), ROOT);
  const size = Number(world.log.seal());
  const root = toHex(world.log.root());
  const successor: ControlAction<'successor'> = {
    action: 'successor',
    origin: ORIGIN,
    vkey: vkeyOf(NEXT.log),
    rootVkey: vkeyOf(NEXT.root),
    size,
    root,
    url: 'https://next.test/',
  };
  const ended = continuedLog(world.log, key(ORIGIN));
  ended.addStatement(makeControl(successor), ROOT);
  const predecessor = { origin: ORIGIN, size, root };
  const keys = { root: vkeyOf(NEXT.root), admin: vkeyOf(NEXT.admin) };

  /** The successor of these entries. */
  function next(of = ended): InMemoryLog {
    const log = continuedLog(of, NEXT.log, BigInt(size));
    log.addStatement(makeControl({ action: 'genesis', origin: NEXT.origin, ...keys, predecessor }), NEXT.root);
    log.add(ended.entry(BigInt(size)));
    return log;
  }

  it('has no verdict any more: dissent may be in the successor', () => {
    const verdict = judge(world.evidence({ log: ended }));
    expect(verdict.verdict).toBe('unavailable');
    expect(codes(verdict)).toEqual(['log-continued']);
    expect(verdict.errors[0]!.message).toContain('next.test goes on at https://next.test/');
    expect(verdict.next).toEqual(['Read the successor: gather the evidence again from there, and get a policy that names it.']);
    expect(judge(withoutControl(world.evidence({ log: ended }), BigInt(size))).verdict).not.toBe('reproduced');
  });

  it('is judged there, by the policy as it is', () => {
    const verdict = judge(world.evidence({ log: next() }));
    expect(verdict).toMatchObject({ verdict: 'reproduced', completeness: 'complete-by-root', errors: [], warnings: [] });
    expect(verdict.checkpoint?.origin).toBe(NEXT.origin);
    expect(verdict.steps.find(({ check }) => check.includes('root key'))?.detail).toBe(`${ORIGIN} → ${NEXT.origin}: ${vkeyOf(NEXT.log)}`);
  });

  it('is joined by what is observed there, dissents as well as matches', () => {
    const log = next();
    log.addStatement(world.observation('zeta-1', release, FILE, { log: NEXT.origin }), key('zeta-1'));
    expect(judge(world.evidence({ log }), { lines: ['require 3'] }).verdict).toBe('reproduced');
    const dissenting = next();
    dissenting.addStatement(world.observation('zeta-1', release, OTHER, { log: NEXT.origin }), key('zeta-1'));
    expect(judge(world.evidence({ log: dissenting })).verdict).toBe('not-reproduced');
  });

  it('cannot have what was made for the other log', () => {
    const log = next();
    log.addStatement(world.observation('zeta-1', release, FILE), key('zeta-1'));
    expect(codes(judge(world.evidence({ log })))).toEqual(['other-origin']);
    const early = new World();
    const of = early.release();
    early.observe('acme-1', of, FILE, { log: NEXT.origin });
    expect(codes(judge(early.evidence()))).toEqual(['other-origin']);
  });

  it('cannot have exchanged an entry that it took over', () => {
    const other = new InMemoryLog({ origin: ORIGIN, signer: key(ORIGIN) });
    for (let index = 0n; index < ended.size; index++) {
      const dropped = index === BigInt(size) - 3n;
      other.add(dropped ? other.entry(0n) : ended.entry(index));
    }
    const faked = next(other);
    const shown = withoutControl(world.evidence({ log: faked }), BigInt(size) - 3n);
    expect(codes(judge(shown))).toContain('continuity-broken');
  });

  it('gives no better verdict by anything that is withheld of it', () => {
    const log = next();
    log.addStatement(world.observation('zeta-1', release, OTHER, { log: NEXT.origin }), key('zeta-1'));
    log.addStatement(aRevocation(key('acme-1'), { compromisedSince: 0 }), NEXT.admin);
    expect(neverBetter(world.evidence({ log }))).toEqual([]);
    expect(neverBetter(world.evidence({ log: continuedLog(ended, key(ORIGIN)) }))).toEqual([]);
  });

  it('needs no word of the old log where the policy pins the new one, and misses it', () => {
    const pinned = policyText()
      .replace(vkeyOf(key(ORIGIN)), vkeyOf(NEXT.log))
      .replace(vkeyOf(ROOT), vkeyOf(NEXT.root));
    const evidence = world.evidence({ log: next() });
    const policy = parsePolicy(pinned);
    expect(judge(evidence, {}, { policy }).verdict).toBe('reproduced');
    const verdict = judge(withoutControl(evidence, BigInt(size) + 1n), {}, { policy });
    expect(verdict.verdict).toBe('unavailable');
    expect(codes(verdict)).toEqual(['incomplete']);
    const advisory = parsePolicy(`${pinned}completeness advisory\n`);
    expect(() => judge(withoutControl(evidence, BigInt(size) + 1n), {}, { policy: advisory })).not.toThrow();
  });

  it('is not followed without the word of the old root key', () => {
    const log = continuedLog(ended, NEXT.log, BigInt(size));
    log.addStatement(makeControl({ action: 'genesis', origin: NEXT.origin, ...keys, predecessor }), NEXT.root);
    const verdict = judge(world.evidence({ log }));
    expect(verdict.verdict).toBe('log-misbehaviour');
    expect(codes(verdict)).toEqual(['checkpoint-unverified']);
  });
});

it('is misbehaviour, and no crash, when the genesis of another log is shown in the place of its own', () => {
  const { world } = reproducedWorld();
  const evidence = world.evidence();
  const entry = signStatement(aGenesis('other.test'), [ROOT]);
  const entries = evidence.entries.map((each) => (each.index === 0n ? { ...each, entry } : each));
  const verdict = judge({ ...evidence, entries });
  expect(verdict.verdict).toBe('log-misbehaviour');
  expect(codes(verdict)).toContain('genesis-mismatch');
});

describe('a log that says what it admits', () => {
  const admission = (overrides: Partial<ControlAction<'admission'>>): ControlPredicate => ({
    action: 'admission',
    origin: ORIGIN,
    claims: ['publisher', 'registrar'],
    attempts: 1,
    approvals: 1,
    ...overrides,
  });

  it('misbehaves when it admits more attempts', () => {
    const { world, release } = reproducedWorld();
    world.log.addStatement(makeControl(admission({})), ROOT);
    world.observe('zeta-1', release, FILE);
    expect(judge(world.evidence()).verdict).toBe('reproduced');
    world.observe('zeta-1', release, FILE, { attempt: 2 });
    expect(codes(judge(world.evidence()))).toEqual(['admission-broken']);
  });

  it('misbehaves when it admits other claims, from then on', () => {
    const { world } = reproducedWorld();
    world.log.addStatement(makeControl(admission({ claims: ['publisher'] })), ROOT);
    expect(judge(world.evidence()).verdict).toBe('reproduced');
    world.release({ module: 'example.com/other' });
    expect(codes(judge(world.evidence()))).toEqual(['admission-broken']);
  });
});
