/** One rule in two implementations. The foreign vectors are in test/vectors; here are our own worst cases. */
import { Point, etc } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bitFlips, testKey } from './_keys.ts';
import { checkPublicKey, concatBytes, fromHex, toHex, utf8Encode, verifyEd25519Pure } from './index.ts';
import { verifyEd25519, verifyEd25519Async } from './node.ts';
import { isTorsionFree } from './torsion.ts';

const L = Point.CURVE().n;
const P = Point.CURVE().p;
/** A point of order 8. */
const T8 = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
const torsion = Array.from({ length: 7 }).reduce<Point[]>((points) => [...points, points.at(-1)!.add(T8)], [Point.ZERO]);
const scalar = fc.bigInt({ min: 1n, max: L - 1n });
const MESSAGE = utf8Encode('a checkpoint, say');

function isRefused(publicKey: Uint8Array): boolean {
  try {
    checkPublicKey(publicKey);
    return false;
  } catch {
    return true;
  }
}

function littleEndian(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0')).toReversed();
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`);
}

async function verdicts(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean[]> {
  return [
    verifyEd25519(publicKey, message, signature),
    await verifyEd25519Async(publicKey, message, signature),
    verifyEd25519Pure(publicKey, message, signature),
  ];
}

describe('keys', () => {
  test('a point is torsion-free exactly when L times it is the identity, on every coset', () => {
    fc.assert(
      fc.property(scalar, (s) => {
        const point = Point.BASE.multiply(s);
        const found = torsion.map((t) => isTorsionFree(point.add(t)));
        expect(found).toEqual(torsion.map((t) => point.add(t).isTorsionFree()));
        expect(found).toEqual([true, false, false, false, false, false, false, false]);
      }),
      { numRuns: 40 },
    );
    expect(torsion.map(isTorsionFree)).toEqual([true, false, false, false, false, false, false, false]);
  });

  test('honest keys pass, and the same keys plus torsion do not', () => {
    fc.assert(
      fc.property(scalar, (s) => {
        const point = Point.BASE.multiply(s);
        expect(torsion.map((t) => isRefused(point.add(t).toBytes()))).toEqual([false, true, true, true, true, true, true, true]);
      }),
      { numRuns: 20 },
    );
    expect(isRefused(Point.BASE.toBytes())).toBe(false);
  });

  test('points of small order are refused in every encoding', () => {
    const encodings = torsion.map((t) => t.toBytes());
    // y and y + p, where that fits into 255 bits; and both signs.
    const more = encodings.flatMap((bytes) => {
      const y = fromLittleEndian(bytes) & ((1n << 255n) - 1n);
      const values = y + P < 1n << 255n ? [y, y + P] : [y];
      return values.flatMap((value) => [littleEndian(value), littleEndian(value | (1n << 255n))]);
    });
    expect(more.length).toBeGreaterThan(16);
    expect([...encodings, ...more].filter((bytes) => !isRefused(bytes))).toEqual([]);
  });

  test('y ≥ p is refused, whatever the point', () => {
    const high = Array.from({ length: 19 }, (_, i) => P + BigInt(i)).flatMap((y) => [y, y | (1n << 255n)]);
    expect(high.filter((y) => !isRefused(littleEndian(y)))).toEqual([]);
  });

  test('a wrong length is refused', () => {
    for (const length of [0, 31, 33, 64]) expect(isRefused(new Uint8Array(length).fill(5))).toBe(true);
  });
});

describe('signatures', () => {
  const { signer } = testKey('signer.example');

  test('an honest signature verifies everywhere', async () => {
    expect(await verdicts(signer.publicKey, MESSAGE, signer.sign(MESSAGE))).toEqual([true, true, true]);
  });

  test('RFC 8032’s second test verifies everywhere', async () => {
    const key = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    const signature = fromHex(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
    expect(await verdicts(key, Uint8Array.of(0x72), signature)).toEqual([true, true, true]);
  });

  test('no flipped bit of a signature verifies anywhere', () => {
    const signature = signer.sign(MESSAGE);
    const flips = [...bitFlips(signature)];
    expect(flips.filter((flipped) => verifyEd25519(signer.publicKey, MESSAGE, flipped))).toEqual([]);
    // noble is slow: every 16th.
    const some = flips.filter((_, i) => i % 16 === 0);
    expect(some.filter((flipped) => verifyEd25519Pure(signer.publicKey, MESSAGE, flipped))).toEqual([]);
  });

  test('S + L is refused, which would be a second signature of the same message', async () => {
    const signature = signer.sign(MESSAGE);
    const s = fromLittleEndian(signature.slice(32));
    for (const other of [s + L, s + 2n * L, s + 7n * L]) {
      const malleated = concatBytes(signature.slice(0, 32), littleEndian(other));
      expect(await verdicts(signer.publicKey, MESSAGE, malleated)).toEqual([false, false, false]);
    }
  });

  test('a wrong length is refused, not thrown', async () => {
    const signature = signer.sign(MESSAGE);
    for (const wrong of [new Uint8Array(0), signature.slice(1), concatBytes(signature, Uint8Array.of(0))]) {
      expect(await verdicts(signer.publicKey, MESSAGE, wrong)).toEqual([false, false, false]);
    }
    expect(await verdicts(signer.publicKey.slice(1), MESSAGE, signature)).toEqual([false, false, false]);
  });

  test('what a malicious signer makes with torsion in R is refused everywhere, though a cofactored verifier accepts it', async () => {
    const results: boolean[][] = [];
    for (let i = 1n; i <= 3n; i++) {
      const [a, r] = [0x1234567890abcdefn * i, 0xfedcba0987654321n * i];
      const publicKey = Point.BASE.multiply(a).toBytes();
      for (const t of torsion) {
        const R = Point.BASE.multiply(r).add(t).toBytes();
        const k = etc.mod(fromLittleEndian(sha512(concatBytes(R, publicKey, MESSAGE))), L);
        const signature = concatBytes(R, littleEndian(etc.mod(r + k * a, L)));
        results.push(await verdicts(publicKey, MESSAGE, signature));
      }
    }
    const [yes, no] = [
      [true, true, true],
      [false, false, false],
    ];
    expect(results).toEqual(Array.from({ length: 3 }, () => [yes, no, no, no, no, no, no, no]).flat());
  });

  test('R of small order is refused everywhere, the identity too, on which OpenSSL’s versions differ', async () => {
    const a = 0x1234567890abcdefn;
    const publicKey = Point.BASE.multiply(a).toBytes();
    for (const t of torsion) {
      const R = t.toBytes();
      const k = etc.mod(fromLittleEndian(sha512(concatBytes(R, publicKey, MESSAGE))), L);
      const signature = concatBytes(R, littleEndian(etc.mod(k * a, L)));
      expect(await verdicts(publicKey, MESSAGE, signature)).toEqual([false, false, false]);
    }
  });
});
