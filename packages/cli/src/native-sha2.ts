/** SHA-2 by node:crypto, in the shape of `@noble/hashes/sha2.js`: the bundle (build.ts) puts it in its place, for Node's is at work at once. */
import { hash } from 'node:crypto';

type Hash = (data: Uint8Array) => Uint8Array;

const by =
  (algorithm: string): Hash =>
  (data) =>
    new Uint8Array(hash(algorithm, data, 'buffer'));

export const sha256: Hash = by('sha256');
export const sha512: Hash = by('sha512');
