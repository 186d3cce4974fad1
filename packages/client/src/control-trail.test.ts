import { makeControl, signStatement } from '@verbatim/statements';
import { aGenesis, ROOT, testSigner } from '@verbatim/testkit';
import { parseVkey, utf8Encode } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { expect, it } from 'vitest';
import { ControlTrail, type IndexedEntry, MAX_KEY_CHANGES, mayChangeKeys } from './control-trail.ts';

const ORIGIN = 'example.org/log';
const keyOf = (number: number): ReturnType<typeof testSigner> => testSigner(ORIGIN, String(number));

/** Genesis, and then one log key after the other; each entry is followed by one that says nothing about keys. */
function rotating(count: number): IndexedEntry[] {
  const genesis = { index: 0n, entry: signStatement(aGenesis(ORIGIN), [ROOT]) };
  const rotations = Array.from({ length: count }, (_, i): IndexedEntry[] => {
    const [old, vkey] = [vkeyOf(keyOf(i)), vkeyOf(keyOf(i + 1))];
    const entry = signStatement(makeControl({ action: 'rotate', origin: ORIGIN, key: 'log', old, vkey }), [ROOT, keyOf(i + 1)]);
    return [
      { index: BigInt(2 * i + 1), entry },
      { index: BigInt(2 * i + 2), entry: utf8Encode('anything') },
    ];
  });
  return [genesis, ...rotations.flat()];
}

/** Every signature is as it should be: what they cost is not at hand here. */
function trailOf(entries: readonly IndexedEntry[], verified = (): boolean => true): ControlTrail {
  const anchor = { logKey: parseVkey(vkeyOf(keyOf(0))), root: parseVkey(vkeyOf(ROOT)) };
  return new ControlTrail(anchor, [], 0n, verified).with(entries);
}

it('holds no more changes of keys than a log makes in its life: a hostile one costs its followers no more than that', () => {
  const trail = trailOf(rotating(MAX_KEY_CHANGES + 2));
  expect(trail.logKeys).toHaveLength(MAX_KEY_CHANGES + 1);
  expect(trail.next).toBe(BigInt(2 * (MAX_KEY_CHANGES + 2) + 1));
  expect(trail.restored(trail.text, trail.next).logKeys).toHaveLength(MAX_KEY_CHANGES + 1);
});

it('verifies nothing again for entries that say nothing about keys', () => {
  let verified = 0;
  const entries = rotating(3);
  const trail = trailOf(entries, () => ++verified > 0);
  const before = verified;
  const later = Array.from({ length: 100 }, (_, i): IndexedEntry => ({ index: trail.next + BigInt(i), entry: utf8Encode('anything') }));
  const longer = later.reduce((all, entry) => all.with([entry]), trail);
  expect([longer.next, verified]).toEqual([trail.next + 100n, before]);
  expect(longer.logKeyAt(longer.next).text).toBe(vkeyOf(keyOf(3)));
  expect(entries.filter(mayChangeKeys)).toHaveLength(4);
});

it('knows the keys that it begins with', () => {
  const [log, root, other] = [keyOf(0), ROOT, testSigner('other')].map((signer) => parseVkey(vkeyOf(signer)));
  const trail = trailOf(rotating(1));
  expect(trail.isAnchoredIn({ logKey: log!, root: root! })).toBe(true);
  expect(trail.isAnchoredIn({ logKey: log!, root: other! })).toBe(false);
  expect(trail.isAnchoredIn({ logKey: other!, root: root! })).toBe(false);
});
