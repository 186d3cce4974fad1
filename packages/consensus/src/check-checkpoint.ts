/** The first steps of every verdict: the log's signature, the witness quorum and the age of the checkpoint. */
import { type Checkpoint, type Ed25519Verify, openCheckpoint, parseCheckpoint, parseNote, TlogError } from '@verbatim/tlog';
import { type ControlHistory, logKeyOf } from './control-history.ts';
import type { Finding, Step } from './findings.ts';
import type { Policy } from './policy-types.ts';
import { formatDuration, formatTime } from './values.ts';
import type { VerdictKind } from './verdict-kind.ts';
import { type Cosignature, freshQuorum, readIndexWitnesses, readWitnesses, type WitnessState } from './witnesses.ts';

export interface CheckpointState {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly cosignatures: readonly Cosignature[];
  /** When a quorum last cosigned it, in POSIX seconds; null without a quorum. */
  readonly asOf: bigint | null;
  /** Of index-witnesses, whether they are a quorum or not. */
  readonly indexCosignatures: readonly Cosignature[];
}

export interface CheckpointCheck {
  /** Null when there is no checkpoint to go on with. */
  readonly state: CheckpointState | null;
  readonly checkpoint: Checkpoint | null;
  /** Index-witnesses that audited its index: a quorum of them, fresh enough; null without one. */
  readonly auditors: readonly string[] | null;
  /** The best verdict that this checkpoint still allows; null when it allows all. */
  readonly limit: VerdictKind | null;
  readonly findings: readonly Finding[];
  readonly steps: readonly Step[];
}

/** What a checkpoint is held against: the policy, and the keys that the log's history leads to. */
export interface CheckpointPolicy {
  readonly policy: Policy;
  readonly history: ControlHistory;
  /** Take the policy's `bundle-max-age`. */
  readonly offline: boolean;
}

/** @param now POSIX seconds */
export function checkCheckpoint(
  note: Uint8Array,
  { policy, history, offline }: CheckpointPolicy,
  now: bigint,
  verify: Ed25519Verify,
): CheckpointCheck {
  let opened: ReturnType<typeof openCheckpoint>;
  try {
    const { origin, size } = parseCheckpoint(parseNote(note).text);
    opened = openCheckpoint(note, logKeyOf(history, origin, size)?.key ?? policy.log.key, verify);
  } catch (error) {
    return unopened(error);
  }
  const { checkpoint } = opened;
  const signed: Step = {
    clause: '§3.1',
    check: 'the log signed the checkpoint',
    ok: true,
    detail: `${checkpoint.origin}, size ${checkpoint.size}`,
  };
  const witnesses = readWitnesses(opened.note, policy.tlog, now, verify);
  const indexWitnesses = readIndexWitnesses(opened.note, policy, now, verify);
  const forged = [...witnesses.forged, ...indexWitnesses.forged];
  const judged = judgeWitnesses({ ...witnesses, forged }, policy, now, offline);
  return {
    state: { ...checkpoint, cosignatures: witnesses.cosignatures, asOf: witnesses.asOf, indexCosignatures: indexWitnesses.cosignatures },
    checkpoint,
    auditors: freshQuorum(indexWitnesses, offline ? policy.bundleMaxAge : policy.maxAge, now),
    limit: judged.limit,
    findings: judged.findings,
    steps: [signed, ...judged.steps],
  };
}

/** Bytes that are no signed checkpoint at all may be anybody's; a checkpoint without the log's own valid signature is an attack. */
function unopened(error: unknown): CheckpointCheck {
  if (!(error instanceof TlogError)) throw error;
  const unverified = error.code === 'bad-signature' || error.code === 'unverified-note' || error.code === 'wrong-origin';
  const code = unverified ? 'checkpoint-unverified' : 'checkpoint-malformed';
  return {
    state: null,
    checkpoint: null,
    auditors: null,
    limit: unverified ? 'log-misbehaviour' : 'unavailable',
    findings: [{ code, index: null, message: `checkpoint: ${error.message}` }],
    steps: [{ clause: '§3.1', check: 'the log signed the checkpoint', ok: false, detail: error.message }],
  };
}

function judgeWitnesses(
  witnesses: WitnessState,
  policy: Policy,
  now: bigint,
  offline: boolean,
): Pick<CheckpointCheck, 'limit' | 'findings' | 'steps'> {
  const { cosignatures, forged, quorum, asOf } = witnesses;
  if (forged.length > 0) {
    const message = `checkpoint: the cosignature of ${forged.join(', ')} does not verify; the note is refused`;
    return failed('log-misbehaviour', 'cosignature-forged', 'every cosignature of a known witness verifies', message);
  }
  const counting = cosignatures.filter(({ counts }) => counts).map(({ witness }) => witness);
  const found = counting.length === 0 ? 'none' : counting.join(', ');
  if (!quorum) {
    const message = `checkpoint: expected cosignatures of the quorum ${policy.tlog.quorum}, found ${found}`;
    return failed('insufficient', 'quorum-missing', 'a quorum of witnesses cosigned it', message);
  }
  const witnessed: Step = {
    clause: '§3.1',
    check: 'a quorum of witnesses cosigned it',
    ok: true,
    detail: `${policy.tlog.quorum ?? 'none demanded'}: ${found}`,
  };
  const limit = offline ? policy.bundleMaxAge : policy.maxAge;
  if (limit === null || asOf === null) return { limit: null, findings: [], steps: [witnessed] };
  const name = offline ? 'bundle-max-age' : 'max-age';
  const detail = `cosigned by the quorum at ${formatTime(Number(asOf))}, ${name} ${formatDuration(limit)}`;
  if (now - asOf > BigInt(limit)) {
    const stale = failed('unavailable', 'checkpoint-stale', `it is not older than ${name}`, `checkpoint: too old: ${detail}`);
    return { ...stale, steps: [witnessed, ...stale.steps] };
  }
  return { limit: null, findings: [], steps: [witnessed, { clause: '§3.13', check: `it is not older than ${name}`, ok: true, detail }] };
}

function failed(
  limit: VerdictKind,
  code: Finding['code'],
  check: string,
  message: string,
): Pick<CheckpointCheck, 'limit' | 'findings' | 'steps'> {
  const clause = code === 'checkpoint-stale' ? '§3.13' : '§3.1';
  return { limit, findings: [{ code, index: null, message }], steps: [{ clause, check, ok: false, detail: message }] };
}
