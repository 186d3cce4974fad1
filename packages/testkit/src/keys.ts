/** Keys that are the same in every run. Never for anything but tests: the seed is a hash of the name. */
import { KEY_TYPE_ED25519, sha256, utf8Encode, type Signer } from '@verbatim/tlog';
import { signerFromSeed, vkeyOf } from '@verbatim/tlog/node';

/** 32 bytes from a name. */
export function testSeed(name: string): Uint8Array {
  return sha256(utf8Encode(`verbatim test key ${name}`));
}

/** The signer of this name; `variant` makes another key of the same name. */
export function testSigner(name: string, variant = ''): Signer {
  return signerFromSeed(name, testSeed(name + variant));
}

/** Its verifier key: type 0x01 for logs and statements, 0x04 for witnesses. */
export function testVkey(name: string, type: number = KEY_TYPE_ED25519): string {
  return vkeyOf(testSigner(name), type);
}
