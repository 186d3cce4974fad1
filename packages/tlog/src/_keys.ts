/** Keys for the tests: the same ones in every run. */
import { parseVkey, sha256, utf8Encode, type Signer, type VerifierKey } from './index.ts';
import { signerFromSeed, vkeyOf } from './node.ts';

export interface TestKey {
  signer: Signer;
  key: VerifierKey;
}

/** A signer whose seed is the hash of its name; `type` is 0x01 or 0x04. */
export function testKey(name: string, type = 0x01): TestKey {
  const signer = signerFromSeed(name, sha256(utf8Encode(name)));
  return { signer, key: parseVkey(vkeyOf(signer, type)) };
}

/** Every byte string that differs from `bytes` in one bit. */
export function* bitFlips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < 8 * bytes.length; bit++) yield bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
}
