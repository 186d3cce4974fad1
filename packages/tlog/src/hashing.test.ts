import { expect, test } from 'vitest';
import { CompactRange, EMPTY_ROOT, fromHex, hashLeaf, hashNode, sha256, toBase64, toHex, utf8Encode } from './index.ts';

test('SHA-256 answers the example of FIPS 180-4', () => {
  expect(toHex(sha256(utf8Encode('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('the empty tree has the root that C2SP tlog-checkpoint names', () => {
  expect(toBase64(EMPTY_ROOT)).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
});

test('leaves and nodes are separated by a prefix', () => {
  const [left, right] = [hashLeaf(new Uint8Array(0)), hashLeaf(Uint8Array.of(0))];
  expect(toHex(left)).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  const node = hashNode(left, right);
  expect(toHex(node)).toBe('fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125');
  expect(hashLeaf(new Uint8Array([...left, ...right]))).not.toEqual(node);
});

test('a node of anything but two 32-byte hashes is refused', () => {
  for (const [left, right] of [
    [31, 32],
    [32, 31],
    [33, 31],
    [0, 0],
  ] as const) {
    expect(() => hashNode(new Uint8Array(left), new Uint8Array(right))).toThrow(RangeError);
  }
});

test('the reference tree of certificate transparency has the published roots', () => {
  const entries = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const range = new CompactRange();
  for (const entry of entries) range.append(hashLeaf(fromHex(entry)));
  expect(toHex(range.root())).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
});
