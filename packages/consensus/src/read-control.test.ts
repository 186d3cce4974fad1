import {
  type ControlAction,
  type ControlPredicate,
  type ControlStatement,
  decodeEntry,
  makeControl,
  signStatement,
} from '@verbatim/statements';
import { ADMIN, aGenesis, ROOT, testSigner } from '@verbatim/testkit';
import { parseVkey, type Signer } from '@verbatim/tlog';
import { verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, test } from 'vitest';
import { admissionAt, eraAt, holderAt, logKeyOf, type ControlHistory } from './control-history.ts';
import { readControl, type ControlEntry } from './read-control.ts';

const origin = 'log.test';
const next = 'next.test';
const LOG = testSigner(origin);
const LOG2 = testSigner(origin, '2');
const [ROOT2, ADMIN2, THIEF] = [testSigner('root2'), testSigner('admin2'), testSigner('thief')];
const NEXT = { log: testSigner(next), root: testSigner('next-root'), admin: testSigner('next-admin') };
const hash = 'ab'.repeat(32);
const anchor = { root: parseVkey(vkeyOf(ROOT)), log: { key: parseVkey(vkeyOf(LOG)) } };
const genesis = aGenesis(origin).predicate;

type Said = readonly [predicate: ControlPredicate, ...signers: Signer[]];

/** Control entries at 0, 10, 20, …; `at` gives other indexes. */
function entries(said: readonly Said[], at: readonly number[] = []): ControlEntry[] {
  return said.map(([predicate, ...signers], i) => {
    const { statement, envelope } = decodeEntry(signStatement(makeControl(predicate), signers));
    return { index: BigInt(at[i] ?? 10 * i), statement: statement as ControlStatement, envelope };
  });
}

const read = (said: readonly Said[], at?: readonly number[], pinned = anchor): ControlHistory =>
  readControl(entries(said, at), pinned, verifyEd25519);
const faults = ({ findings }: ControlHistory): string[] => findings.map(({ code, index }) => `${code} ${index}`);
const rotate = (key: ControlAction<'rotate'>['key'], old: Signer, added: Signer, of = origin): ControlPredicate => ({
  action: 'rotate',
  origin: of,
  key,
  old: vkeyOf(old),
  vkey: vkeyOf(added),
});
const freeze = (of = origin): ControlPredicate => ({ action: 'freeze', origin: of, reason: 'It ends.' });
const admission = (attempts: number): ControlPredicate => ({ action: 'admission', origin, claims: ['registrar'], attempts, approvals: 1 });
const successor = (size: number, overrides: Partial<ControlAction<'successor'>> = {}): ControlPredicate => ({
  action: 'successor',
  origin,
  vkey: vkeyOf(NEXT.log),
  rootVkey: vkeyOf(NEXT.root),
  size,
  root: hash,
  url: 'https://next.test/',
  ...overrides,
});
const nextGenesis = (size: number, overrides: Partial<ControlAction<'genesis'>> = {}): ControlPredicate => ({
  action: 'genesis',
  origin: next,
  root: vkeyOf(NEXT.root),
  admin: vkeyOf(NEXT.admin),
  predecessor: { origin, size, root: hash },
  ...overrides,
});
const name = (term: { readonly key: { readonly text: string } } | null): string | null => term?.key.text ?? null;

describe('without control entries', () => {
  test('the policy’s keys are all there is', () => {
    const history = read([]);
    expect(faults(history)).toEqual([]);
    expect(name(logKeyOf(history, origin, 5n))).toBe(vkeyOf(LOG));
    expect(name(holderAt(history, 'root', 5n))).toBe(vkeyOf(ROOT));
    expect(holderAt(history, 'admin', 5n)).toBeNull();
    expect(logKeyOf(history, next, 5n)).toBeNull();
    expect(admissionAt(history, 5n)).toBeNull();
  });
});

describe('a rotation', () => {
  test('of the log key holds for the checkpoints that cover it', () => {
    const history = read([
      [genesis, ROOT],
      [rotate('log', LOG, LOG2), ROOT, LOG2],
    ]);
    expect(faults(history)).toEqual([]);
    expect(name(logKeyOf(history, origin, 10n))).toBe(vkeyOf(LOG));
    expect(name(logKeyOf(history, origin, 11n))).toBe(vkeyOf(LOG2));
  });

  test('of the admin key holds for the entries after it', () => {
    const history = read([
      [genesis, ROOT],
      [rotate('admin', ADMIN, ADMIN2), ROOT, ADMIN2],
    ]);
    expect(name(holderAt(history, 'admin', 10n))).toBe(vkeyOf(ADMIN));
    expect(name(holderAt(history, 'admin', 11n))).toBe(vkeyOf(ADMIN2));
  });

  test('of the root key makes the new one speak, and the old one no longer', () => {
    const rotated: Said[] = [
      [genesis, ROOT],
      [rotate('root', ROOT, ROOT2), ROOT, ROOT2],
    ];
    expect(faults(read([...rotated, [freeze(), ROOT2]]))).toEqual([]);
    expect(faults(read([...rotated, [freeze(), ROOT]]))).toEqual(['control-invalid 20']);
  });

  test('leads a policy that pins the later keys to the earlier ones as well', () => {
    const said: Said[] = [
      [genesis, ROOT],
      [rotate('root', ROOT, ROOT2), ROOT, ROOT2],
      [rotate('log', LOG, LOG2), ROOT2, LOG2],
    ];
    const later = { root: parseVkey(vkeyOf(ROOT2)), log: { key: parseVkey(vkeyOf(LOG2)) } };
    const history = read(said, undefined, later);
    expect(faults(history)).toEqual([]);
    expect(name(logKeyOf(history, origin, 15n))).toBe(vkeyOf(LOG));
    const stranger = { ...later, root: parseVkey(vkeyOf(THIEF)) };
    expect(faults(read(said, undefined, stranger))).toEqual(['genesis-mismatch 0']);
    expect(faults(read(said, undefined, { ...later, log: { key: parseVkey(vkeyOf(testSigner(origin, '3'))) } }))).toEqual([
      'genesis-mismatch 0',
    ]);
  });

  test('is followed from the pinned root key when genesis was not shown', () => {
    const history = read([[rotate('log', LOG, LOG2), ROOT, LOG2]], [10]);
    expect(faults(history)).toEqual([]);
    expect(name(logKeyOf(history, origin, 11n))).toBe(vkeyOf(LOG2));
  });

  test.each<[string, Said[]]>([
    ['by a key that is not root', [[rotate('log', LOG, LOG2), THIEF, LOG2]]],
    ['by the log’s own key', [[rotate('log', LOG, LOG2), LOG, LOG2]]],
    ['by the admin key', [[rotate('log', LOG, LOG2), ADMIN, LOG2]]],
    [
      'replayed from another log',
      [[rotate('log', testSigner('other.test'), testSigner('other.test', '2'), 'other.test'), ROOT, testSigner('other.test', '2')]],
    ],
    ['of a key that is not current', [[rotate('admin', THIEF, ADMIN2), ROOT, ADMIN2]]],
    ['to a key that holds another office', [[rotate('root', ROOT, ADMIN), ROOT, ADMIN]]],
    [
      'signed by the new key’s name only',
      [[rotate('admin', ADMIN, ADMIN2), ROOT, { ...THIEF, name: ADMIN2.name, publicKey: ADMIN2.publicKey }]],
    ],
    [
      'signed by the root’s name only',
      [[rotate('admin', ADMIN, ADMIN2), { ...THIEF, name: ROOT.name, publicKey: ROOT.publicKey }, ADMIN2]],
    ],
  ])('%s is a finding, and is not followed', (_, said) => {
    const history = read([[genesis, ROOT], ...said]);
    expect(faults(history)).toEqual(['control-invalid 10']);
    expect(name(logKeyOf(history, origin, 99n))).toBe(vkeyOf(LOG));
    expect(name(holderAt(history, 'admin', 99n))).toBe(vkeyOf(ADMIN));
  });

  test('that conflicts with an earlier one is a finding', () => {
    const other = testSigner(origin, '3');
    const history = read([
      [genesis, ROOT],
      [rotate('log', LOG, LOG2), ROOT, LOG2],
      [rotate('log', LOG, other), ROOT, other],
    ]);
    expect(faults(history)).toEqual(['control-invalid 20']);
    expect(name(logKeyOf(history, origin, 99n))).toBe(vkeyOf(LOG2));
  });

  test('back to a retired key is a finding', () => {
    const history = read([
      [genesis, ROOT],
      [rotate('log', LOG, LOG2), ROOT, LOG2],
      [rotate('log', LOG2, LOG), ROOT, LOG],
    ]);
    expect(faults(history)).toEqual(['control-invalid 20']);
  });
});

describe('genesis', () => {
  test.each<[string, Said[], string]>([
    ['of another origin', [[aGenesis('other.test').predicate, ROOT]], 'genesis-mismatch 0'],
    ['of another root key', [[{ ...(genesis as ControlAction<'genesis'>), root: vkeyOf(THIEF) }, THIEF]], 'genesis-mismatch 0'],
    ['with a predecessor at entry 0', [[nextGenesis(1), NEXT.root]], 'genesis-mismatch 0'],
    [
      'after entry 0',
      [
        [genesis, ROOT],
        [genesis, ROOT],
      ],
      'control-invalid 10',
    ],
  ])('%s is a finding', (_, said, expected) => {
    expect(faults(read(said))).toEqual([expected]);
  });
});

describe('the end of a log', () => {
  test('by a freeze leaves rotation and successor', () => {
    const said: Said[] = [
      [genesis, ROOT],
      [freeze(), ROOT],
      [rotate('admin', ADMIN, ADMIN2), ROOT, ADMIN2],
      [successor(30), ROOT],
    ];
    const history = read(said);
    expect(faults(history)).toEqual([]);
    expect(history.eras[0]!.frozen).toEqual({ index: 10n, reason: 'It ends.' });
    expect(history.successor).toEqual({ index: 30n, vkey: vkeyOf(NEXT.log), rootVkey: vkeyOf(NEXT.root), url: 'https://next.test/' });
    expect(history.priorRoots).toEqual([{ index: 30n, root: hash }]);
    expect(faults(read([...said.slice(0, 2), [freeze(), ROOT]]))).toEqual(['control-invalid 20']);
    expect(faults(read([...said.slice(0, 2), [admission(1), ROOT]]))).toEqual(['control-invalid 20']);
  });

  test('by a successor leaves rotation, and is there once', () => {
    const said: Said[] = [
      [genesis, ROOT],
      [successor(10), ROOT],
    ];
    expect(read(said).eras[0]!.frozen).toEqual({ index: 10n, reason: null });
    expect(faults(read([...said, [rotate('log', LOG, LOG2), ROOT, LOG2]]))).toEqual([]);
    expect(faults(read([...said, [successor(20), ROOT]]))).toEqual(['control-invalid 20']);
  });

  test('by a successor that goes on from elsewhere is a finding', () => {
    expect(
      faults(
        read([
          [genesis, ROOT],
          [successor(11), ROOT],
        ]),
      ),
    ).toEqual(['control-invalid 10']);
  });
});

describe('a successor', () => {
  const before: Said[] = [
    [genesis, ROOT],
    [rotate('log', LOG, LOG2), ROOT, LOG2],
    [freeze(), ROOT],
  ];
  const both: Said[] = [...before, [nextGenesis(30), NEXT.root], [successor(30), ROOT]];
  const at = [0, 10, 20, 30, 31];

  test('that the old root key named has keys of its own, from its genesis on', () => {
    const history = read([...both, [rotate('admin', NEXT.admin, ADMIN2, next), NEXT.root, ADMIN2]], [...at, 40]);
    expect(faults(history)).toEqual([]);
    expect(history.successor).toBeNull();
    expect(eraAt(history, 29n).origin).toBe(origin);
    expect(eraAt(history, 30n)).toMatchObject({ origin: next, frozen: null });
    expect(name(logKeyOf(history, next, 33n))).toBe(vkeyOf(NEXT.log));
    expect(logKeyOf(history, next, 30n)).toBeNull();
    expect(name(holderAt(history, 'admin', 35n))).toBe(vkeyOf(NEXT.admin));
    expect(name(holderAt(history, 'admin', 41n))).toBe(vkeyOf(ADMIN2));
    expect(name(holderAt(history, 'admin', 25n))).toBe(vkeyOf(ADMIN));
    expect(history.eras.map(({ url }) => url)).toEqual([null, 'https://next.test/']);
    expect(history.priorRoots).toEqual([{ index: 30n, root: hash }]);
  });

  test('is read by a policy of its own, too', () => {
    const own = { root: parseVkey(vkeyOf(NEXT.root)), log: { key: parseVkey(vkeyOf(NEXT.log)) } };
    expect(faults(read(both, at, own))).toEqual([]);
    expect(faults(read(both, at, { ...own, root: parseVkey(vkeyOf(THIEF)) }))).toEqual(['genesis-mismatch 0']);
  });

  test('may keep the root key, and no other', () => {
    const same = { vkey: vkeyOf(NEXT.log), rootVkey: vkeyOf(ROOT) };
    const kept = nextGenesis(30, { root: vkeyOf(ROOT) });
    expect(faults(read([...before, [kept, ROOT], [successor(30, same), ROOT]], at))).toEqual([]);
    const admin = nextGenesis(30, { root: vkeyOf(ROOT), admin: vkeyOf(ADMIN) });
    expect(faults(read([...before, [admin, ROOT], [successor(30, same), ROOT]], at))).toEqual(['control-invalid 30']);
  });

  test.each<[string, Said, Said[], string]>([
    ['goes on from another size', [nextGenesis(29), NEXT.root], [[successor(30), ROOT]], 'control-invalid 30'],
    [
      'goes on from another log',
      [nextGenesis(30, { predecessor: { origin: 'x.test', size: 30, root: hash } }), NEXT.root],
      [],
      'control-invalid 30',
    ],
    ['was not named by the old root key', [nextGenesis(30), NEXT.root], [[successor(30), THIEF]], 'control-invalid 31'],
    [
      'was named under another root',
      [nextGenesis(30), NEXT.root],
      [[successor(30, { root: 'cd'.repeat(32) }), ROOT]],
      'control-invalid 31',
    ],
    [
      'has another root key than was named',
      [nextGenesis(30), NEXT.root],
      [[successor(30, { rootVkey: vkeyOf(THIEF) }), ROOT]],
      'control-invalid 31',
    ],
    [
      'has another origin than was named',
      [nextGenesis(30, { origin: 'x.test' }), NEXT.root],
      [[successor(30), ROOT]],
      'control-invalid 31',
    ],
    ['goes on without a word of the old root key', [nextGenesis(30), NEXT.root], [[freeze(next), NEXT.root]], 'control-invalid 31'],
  ])('that %s is a finding', (_, genesisOfNext, after, expected) => {
    const history = read([...before, genesisOfNext, ...after], at);
    expect(faults(history)).toEqual([expected]);
    expect(logKeyOf(history, next, 99n)).toBeNull();
  });

  test('that nobody confirmed is not followed', () => {
    const history = read([...before, [nextGenesis(30), NEXT.root]], at);
    expect(history.eras.map((era) => era.origin)).toEqual([origin]);
    expect(logKeyOf(history, next, 99n)).toBeNull();
  });
});

test('the policy of admission holds from the entry after it on', () => {
  const history = read([
    [genesis, ROOT],
    [admission(3), ROOT],
    [admission(5), ROOT],
  ]);
  expect([10n, 11n, 20n, 21n].map((index) => admissionAt(history, index)?.attempts)).toEqual([undefined, 3, 3, 5]);
});
