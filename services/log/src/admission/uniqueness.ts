import { toHex } from '@verbatim/tlog';
import type { Role } from './view.ts';

/**
 * Names of the things of which the log holds at most one. Each is a row in one table, written in the transaction that assigns the index
 * (DESIGN §3.6), so a second claim cannot slip in between. Fields that others choose come last or are fixed-length hex, hence no two kinds collide.
 */

/** The same payload by the same keys: a repeated POST, answered with the old index. Observations need none (`admit`). */
export function submissionKey(payloadDigest: string, keyids: readonly string[]): string {
  return `s:${payloadDigest}:${keyids.toSorted().join(',')}`;
}

/** One attempt of one key at one artifact of one release entry (DESIGN §3.2). */
export function attemptKey(keyid: string, release: bigint, attempt: number, artifact: string): string {
  return `o:${keyid}:${release}:${attempt}:${artifact}`;
}

/** One part of one purl by one claimant. The purl is canonical and holds no space. */
export function releasePartKey(claimant: string, part: number, purl: string): string {
  return `r:${part}:${purl} ${claimant}`;
}

/** A key in a role: enrolled once, and never again after its revocation. */
export function enrolmentKey(role: Role, keyid: string): string {
  return `e:${role}:${keyid}`;
}

/** The bare public key in a role: renaming a key does not make it another one. */
export function publicKeyKey(role: Role, publicKey: Uint8Array): string {
  return `k:${role}:${toHex(publicKey)}`;
}

export function revocationKey(role: Role, keyid: string): string {
  return `v:${role}:${keyid}`;
}
