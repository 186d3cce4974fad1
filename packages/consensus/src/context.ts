import type { ObservationIndex } from './observations.ts';
import type { Policy } from './policy-types.ts';
import type { Revocations } from './revocations.ts';

/** What all claims of one question are judged by. */
export interface Context {
  readonly policy: Policy;
  readonly observations: ObservationIndex;
  readonly revocations: Revocations;
  /** Only operators that signed this member root of the claimed bytes match, and those that signed another one dissent (DESIGN §3.12a). */
  readonly memberRoot?: string;
}
