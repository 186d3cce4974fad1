/** The examples of docs/spec/index-map.md are what this package computes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '@verbatim/tlog';
import {
  MAX_BIT,
  MAX_KEY_BYTES,
  MAX_PREFIX_PAIRS,
  MAX_VALUE_BYTES,
  MemoryNodeStore,
  hashPair,
  lookupKey,
  mapKey,
  proveKey,
  provePrefix,
  rootOfPairs,
  verifyAbsence,
  verifyPrefix,
  verifyPresence,
  type LookupType,
  type Pair,
} from './index.ts';
import { build } from './_naive.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/spec/index-map.md'), 'utf8');
const lines = [...text.matchAll(/^```index-map\n(.*?)^```/gms)].flatMap(([, block]) => block!.trim().split('\n'));

const bytes = (hex: string) => fromHex(hex === '-' ? '' : hex);
function pair(word: string): Pair {
  const [key, value] = word.split('=') as [string, string];
  return { key: bytes(key), value: bytes(value) };
}

/** What a line claims, and what is so. */
const COMMANDS: Record<string, (words: string[]) => [found: unknown, expected: unknown]> = {
  leaf: ([some, hash]) => [toHex(hashPair(pair(some!))), hash],
  root: ([hash, ...pairs]) => [toHex(rootOfPairs(pairs.map(pair))), hash],
  present: ([root, some, proof]) => [verifyPresence(bytes(root!), pair(some!), bytes(proof!)), true],
  absent: ([root, key, proof]) => [verifyAbsence(bytes(root!), bytes(key!), bytes(proof!)), true],
  prefix: ([root, prefix, proof, ...pairs]) => [verifyPrefix(bytes(root!), bytes(prefix!), pairs.map(pair), bytes(proof!)), true],
  lookup: ([type, value, hash]) => [toHex(lookupKey(type as LookupType, value!)), hash],
  key: ([lookup, index, key]) => [toHex(mapKey(bytes(lookup!), BigInt(index!))), key],
};

test('the specification has examples of every kind', () => {
  expect(new Set(lines.map((line) => line.split(' ')[0]))).toEqual(new Set(Object.keys(COMMANDS)));
});

test.each(lines)('%s', (line) => {
  const [command, ...words] = line.split(' ');
  const [found, expected] = COMMANDS[command!]!(words);
  expect(found).toEqual(expected);
});

test('the proofs of its map of three pairs are the ones that are made', async () => {
  const set = lines
    .find((line) => line.startsWith('root 2001'))!
    .split(' ')
    .slice(2)
    .map(pair);
  const { store, state } = await build(new MemoryNodeStore(), set);
  for (const [command, root, some, ...rest] of lines.map((line) => line.split(' '))) {
    if (!root?.startsWith('2001')) continue;
    if (command === 'present') expect((await proveKey(store, state, pair(some!).key)).proof).toEqual(bytes(rest[0]!));
    if (command === 'absent') expect((await proveKey(store, state, bytes(some!))).proof).toEqual(bytes(rest[0]!));
    if (command === 'prefix')
      expect(await provePrefix(store, state, bytes(some!))).toEqual({ pairs: rest.slice(1).map(pair), proof: bytes(rest[0]!) });
  }
});

test('its limits are ours', () => {
  for (const [name, limit, unit] of [
    ['key', MAX_KEY_BYTES, ' bytes'],
    ['value', MAX_VALUE_BYTES, ' bytes'],
    ['bit B', MAX_BIT, ','],
    ['pairs of one prefix proof', MAX_PREFIX_PAIRS, ' |'],
  ] as const) {
    expect(text).toContain(`| ${name} | ${limit.toLocaleString('en')}${unit}`);
  }
});
