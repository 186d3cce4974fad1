import { historyOf, logKeyOf } from '@verbatim/consensus';
import type { Evidence, Policy } from '@verbatim/consensus';
import { openCheckpoint, parseCheckpoint, parseNote, TlogError } from '@verbatim/tlog';
import type { Checkpoint, VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The log's: it may have changed it, or go on as another. */
  readonly key: VerifierKey;
}

/** The checkpoint of the evidence; null for one that the log did not sign: the evaluation says what is wrong with it. */
export function signedCheckpoint(evidence: Evidence, policy: Policy): SignedCheckpoint | null {
  try {
    const { origin, size } = parseCheckpoint(parseNote(evidence.checkpoint).text);
    const key = logKeyOf(historyOf(evidence, policy, verifyEd25519), origin, size)?.key ?? policy.log.key;
    return { checkpoint: openCheckpoint(evidence.checkpoint, key, verifyEd25519).checkpoint, key };
  } catch (error) {
    if (error instanceof TlogError) return null;
    throw error;
  }
}
