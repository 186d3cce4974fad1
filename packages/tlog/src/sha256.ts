/**
 * SHA-256 by @noble/hashes, and of long data by the platform where that answers at once (Node 25 and later): for an entry it takes a fifth of
 * the time, while for a node of a tree the call costs as much as it saves.
 */
import { sha256 as sha256Pure } from '@noble/hashes/sha2.js';

type Sha256 = (data: Uint8Array) => Uint8Array;
interface Platform {
  readonly process?: { readonly getBuiltinModule?: (name: 'node:crypto') => { readonly hash?: OneShotHash } | undefined };
  readonly Uint8Array: { readonly fromHex?: (text: string) => Uint8Array };
}
type OneShotHash = (algorithm: 'sha256', data: Uint8Array, encoding: 'hex') => string;

/** In bytes. */
const LONG = 256;

function sha256OfPlatform({ process, Uint8Array: bytes }: Platform): Sha256 | null {
  const hash = process?.getBuiltinModule?.('node:crypto')?.hash;
  const fromHex = bytes.fromHex?.bind(bytes);
  // By way of hex: a Buffer has memory of its own outside the heap, and takes longer to make and to forget.
  return hash === undefined || fromHex === undefined ? null : (data) => fromHex(hash('sha256', data, 'hex'));
}

const sha256Long = sha256OfPlatform(globalThis as unknown as Platform) ?? sha256Pure;

/** SHA-256 of `data`: 32 bytes. */
export const sha256: Sha256 = (data) => (data.length < LONG ? sha256Pure(data) : sha256Long(data));
