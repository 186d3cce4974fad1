import { historyOf, logKeyOf } from '@verbatim/consensus';
import type { Evidence, Policy } from '@verbatim/consensus';
import { parseCheckpoint, parseNote } from '@verbatim/tlog';
import type { VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';

/** The key that must have signed the checkpoint: a log may have changed it, or go on as another. Throws TlogError for no checkpoint. */
export function signingKey(evidence: Evidence, policy: Policy): VerifierKey {
  const { origin, size } = parseCheckpoint(parseNote(evidence.checkpoint).text);
  return logKeyOf(historyOf(evidence, policy, verifyEd25519), origin, size)?.key ?? policy.log.key;
}
