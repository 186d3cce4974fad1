import { historyOf, logKeyOf } from '@verbatim/consensus';
import type { ControlHistory, Evidence, Policy } from '@verbatim/consensus';
import { openCheckpoint, parseCheckpoint, parseNote, TlogError } from '@verbatim/tlog';
import type { Checkpoint, VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly log: KnownLog;
}

/** A log as this machine knows it and remembers things about it, whichever key it signs with by now. */
export interface KnownLog {
  /** As the policy pins it, or as the log before it named it. */
  readonly key: VerifierKey;
  readonly root: VerifierKey;
  readonly url: string | null;
}

/** The checkpoint of the evidence; null for one that the log did not sign: the evaluation says what is wrong with it. */
export function signedCheckpoint(evidence: Evidence, policy: Policy): SignedCheckpoint | null {
  try {
    const { origin, size } = parseCheckpoint(parseNote(evidence.checkpoint).text);
    const history = historyOf(evidence, policy, verifyEd25519);
    const key = logKeyOf(history, origin, size)?.key ?? policy.log.key;
    const { checkpoint } = openCheckpoint(evidence.checkpoint, key, verifyEd25519);
    const log = knownLog(history, origin, policy);
    return log === null ? null : { checkpoint, log };
  } catch (error) {
    if (error instanceof TlogError) return null;
    throw error;
  }
}

/** Null where a history with a fault in it leads to another log than the policy's. */
function knownLog({ eras, findings }: ControlHistory, origin: string, { log, root }: Policy): KnownLog | null {
  if (origin === log.key.name) return { ...log, root };
  const named = findings.length > 0 ? undefined : eras.find((era) => era.origin === origin);
  return named === undefined ? null : { key: named.terms.log[0]!.key, root: named.terms.root[0]!.key, url: named.url };
}
