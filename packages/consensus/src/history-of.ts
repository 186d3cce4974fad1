/** The log's history, for those who have evidence and no verdict to give. */
import type { Ed25519Verify } from '@verbatim/tlog';
import type { ControlHistory } from './control-history.ts';
import type { Evidence } from './evidence.ts';
import { type Anchor, readControl } from './read-control.ts';
import { controlOf, decodeShown } from './shown-entries.ts';

/** What the control entries tell that were shown; whether they are in the log, and all, only `evaluate` says. */
export function historyOf(evidence: Pick<Evidence, 'entries'>, anchor: Anchor, verify: Ed25519Verify): ControlHistory {
  return readControl(controlOf(decodeShown(evidence)), anchor, verify);
}
