/**
 * SHA-256 by the platform where it answers at once (Node 25 and later: two thirds of the time for a node of a tree, a fifth for an entry), else by
 * @noble/hashes, as in a browser.
 */
import { sha256 as sha256Pure } from '@noble/hashes/sha2.js';

interface Platform {
  readonly process?: { readonly getBuiltinModule?: (name: 'node:crypto') => { readonly hash?: OneShotHash } | undefined };
  readonly Uint8Array: { readonly fromHex?: (text: string) => Uint8Array };
}
type OneShotHash = (algorithm: 'sha256', data: Uint8Array, encoding: 'hex') => string;

function sha256OfPlatform({ process, Uint8Array: bytes }: Platform): ((data: Uint8Array) => Uint8Array) | null {
  const hash = process?.getBuiltinModule?.('node:crypto')?.hash;
  const fromHex = bytes.fromHex?.bind(bytes);
  // By way of hex: a Buffer has memory of its own outside the heap, and takes longer to make and to forget.
  return hash === undefined || fromHex === undefined ? null : (data) => fromHex(hash('sha256', data, 'hex'));
}

/** SHA-256 of `data`: 32 bytes. */
export const sha256: (data: Uint8Array) => Uint8Array = sha256OfPlatform(globalThis as unknown as Platform) ?? sha256Pure;
