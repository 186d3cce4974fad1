/** Revocations in the roster, as far as a client heeds them (DESIGN §3.4): they take votes away, they never give any. */
import type { RosterStatement } from '@verbatim/statements';
import { parseVkey, toHex } from '@verbatim/tlog';
import type { Logged } from './read-entries.ts';

export interface Revocations {
  /** The index from which on this public key's matches and claims no longer count; null when it was not revoked. */
  since(publicKey: Uint8Array): bigint | null;
}

/**
 * From the index that a revocation names as `compromisedSince`; a revocation that names none works from its own index on, because what a
 * retired key signs afterwards was not signed by its operator. A public key is revoked in every role and under every name. A revocation
 * counts even if the admin's signature cannot be checked because genesis is missing: leaving evidence out must not restore a vote.
 */
export function readRevocations(roster: readonly Logged<RosterStatement>[]): Revocations {
  const since = new Map<string, bigint>();
  for (const { index, statement } of roster) {
    const { predicate } = statement;
    if (predicate.action !== 'revoke') continue;
    const key = toHex(parseVkey(predicate.vkey).publicKey);
    const from = predicate.compromisedSince === null ? index : BigInt(predicate.compromisedSince);
    const known = since.get(key);
    if (known === undefined || from < known) since.set(key, from);
  }
  return { since: (publicKey) => since.get(toHex(publicKey)) ?? null };
}

/** Whether an entry at `index` signed by this key came too late to count. */
export function isRevokedAt(revocations: Revocations, publicKey: Uint8Array, index: bigint): boolean {
  const since = revocations.since(publicKey);
  return since !== null && index >= since;
}
