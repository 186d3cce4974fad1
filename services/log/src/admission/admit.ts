import { PREDICATE } from '@verbatim/statements';
import { type Candidate, keyidsOf } from './candidate.ts';
import { admitControl, frozenRefusal } from './control.ts';
import { admitObservation } from './observation.ts';
import type { Decision } from './plan.ts';
import { admitRelease } from './release.ts';
import { admitRoster } from './roster.ts';
import { attemptKey, submissionKey } from './uniqueness.ts';
import type { AdmissionView } from './view.ts';

/**
 * Decides about one candidate whose signatures have been verified. Pure: everything it knows about the log comes from `view`, so that the
 * sequencer can call it inside the transaction that writes the entry, with the batch's earlier entries already visible (DESIGN §3.6).
 *
 * A repeat of a logged payload by the same keys is `duplicate` before any rule applies: the repeat of an acknowledged POST must find its
 * entry even if the key has been revoked since.
 */
export function admit(candidate: Candidate, view: AdmissionView): Decision {
  const { statement } = candidate;
  const logged = repeated(candidate, view);
  if (logged !== null) return { kind: 'duplicate', index: logged };
  const { frozen } = view.control;
  if (frozen !== null && statement.predicateType !== PREDICATE.control) return { kind: 'refuse', refusal: frozenRefusal(frozen) };
  switch (statement.predicateType) {
    case PREDICATE.release:
      return admitRelease(candidate, statement, view);
    case PREDICATE.observation:
      return admitObservation(statement, view);
    case PREDICATE.roster:
      return admitRoster(candidate, statement, view);
    case PREDICATE.control:
      return admitControl(candidate, statement, view);
  }
}

/**
 * The entry that this one repeats, or null. An observation's attempt is unique and names its key, so it finds the only entry that it may repeat;
 * that spares the most frequent statements a row and a search of their own.
 */
function repeated(candidate: Candidate, view: AdmissionView): bigint | null {
  const { statement, payloadDigest } = candidate;
  if (statement.predicateType !== PREDICATE.observation) return view.holder(submissionKey(payloadDigest, keyidsOf(candidate)));
  const { rebuilder, release, attempt, artifact } = statement.predicate;
  const holder = view.holder(attemptKey(rebuilder, BigInt(release.index), attempt, artifact));
  return holder !== null && view.payloadDigest(holder) === payloadDigest ? holder : null;
}
