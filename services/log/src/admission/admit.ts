import { PREDICATE } from '@verbatim/statements';
import { type Candidate, keyidsOf } from './candidate.ts';
import { admitObservation } from './observation.ts';
import type { Decision } from './plan.ts';
import { refuse } from './refusal.ts';
import { admitRelease } from './release.ts';
import { admitRoster } from './roster.ts';
import { submissionKey } from './uniqueness.ts';
import type { AdmissionView } from './view.ts';

/**
 * Decides about one candidate whose signatures have been verified. Pure: everything it knows about the log comes from `view`, so that the
 * sequencer can call it inside the transaction that writes the entry, with the batch's earlier entries already visible (DESIGN §3.6).
 *
 * A repeat of a logged payload by the same keys is `duplicate` before any rule applies: the repeat of an acknowledged POST must find its
 * entry even if the key has been revoked since.
 */
export function admit(candidate: Candidate, view: AdmissionView): Decision {
  const logged = view.holder(submissionKey(candidate.payloadDigest, keyidsOf(candidate)));
  if (logged !== null) return { kind: 'duplicate', index: logged };
  const { statement } = candidate;
  switch (statement.predicateType) {
    case PREDICATE.release:
      return admitRelease(candidate, statement, view);
    case PREDICATE.observation:
      return admitObservation(candidate, statement, view);
    case PREDICATE.roster:
      return admitRoster(candidate, statement, view);
    case PREDICATE.control:
      return {
        kind: 'refuse',
        refusal: refuse(
          'control-not-handled',
          `Expected a release, observation or roster statement; found control action ${statement.predicate.action}. This version of the log writes entry 0 only and takes no control statement.`,
        ),
      };
  }
}
