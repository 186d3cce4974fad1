import { decodeEntry, PREDICATE, signStatement } from '@verbatim/statements';
import type { Signer } from '@verbatim/tlog';

/**
 * An observation of ours, signed again for another log: the one that goes on with all the entries of the log that it was for, its release among
 * them at the same index. What was seen, and when, stays as it is.
 */
export function observationFor(origin: string, entry: Uint8Array, signer: Signer): Uint8Array {
  const { statement } = decodeEntry(entry);
  if (statement.predicateType !== PREDICATE.observation) throw new Error('expected an observation in the outbox');
  return signStatement({ ...statement, predicate: { ...statement.predicate, log: origin } }, [signer]);
}
