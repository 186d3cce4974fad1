import { expect, test } from 'vitest';
import { type Cosignature, CosignatureCollector, type SignedCheckpoint } from './collector.ts';

const checkpoint = (size: bigint): SignedCheckpoint => ({ size, text: `${size}`, note: new Uint8Array() });
const by = (witness: string, timestamp = 1n): Cosignature => ({
  witness,
  lines: [{ name: witness, keyId: 1, signature: new Uint8Array() }],
  timestamp,
});
const twoOf = (names: ReadonlySet<string>): boolean => names.size >= 2;

test('a size is complete when its own cosignatures make the quorum, not those of different sizes', () => {
  const collector = new CosignatureCollector(twoOf);
  collector.open(checkpoint(1n));
  collector.open(checkpoint(2n));
  collector.add(1n, by('a'));
  collector.add(2n, by('b'));
  expect(collector.largestComplete()).toBeNull();
  collector.add(1n, by('b'));
  expect(collector.largestComplete()?.checkpoint.size).toBe(1n);
  collector.add(2n, by('a'));
  expect(collector.largestComplete()?.checkpoint.size).toBe(2n);
});

test('one witness counts once', () => {
  const collector = new CosignatureCollector(twoOf);
  collector.open(checkpoint(1n));
  collector.add(1n, by('a', 1n));
  collector.add(1n, by('a', 2n));
  expect(collector.complete(1n)).toBe(false);
  expect(collector.cosignatures(1n)).toEqual([by('a', 2n)]);
});

test('a cosignature for a size that is not open is dropped, and such a size is never complete', () => {
  const collector = new CosignatureCollector(() => true);
  collector.add(7n, by('a'));
  expect(collector.complete(7n)).toBe(false);
  expect(collector.cosignatures(7n)).toEqual([]);
});

test('renewal starts from nothing', () => {
  const collector = new CosignatureCollector(twoOf);
  collector.open(checkpoint(1n));
  collector.add(1n, by('a'));
  collector.open(checkpoint(1n));
  expect(collector.has(1n, 'a')).toBe(true);
  collector.open(checkpoint(1n), true);
  expect(collector.has(1n, 'a')).toBe(false);
});

test('smaller sizes are forgotten once a larger one is published, and no more than sixteen are kept', () => {
  const collector = new CosignatureCollector(twoOf);
  for (let size = 1n; size <= 40n; size++) collector.open(checkpoint(size));
  collector.add(20n, by('a'));
  collector.add(30n, by('a'));
  expect(collector.has(20n, 'a')).toBe(false);
  expect(collector.has(30n, 'a')).toBe(true);
  collector.published(31n);
  expect(collector.has(30n, 'a')).toBe(false);
});
