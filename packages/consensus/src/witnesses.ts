/** Which witnesses cosigned a checkpoint, whether they are a quorum, and how old that is (C2SP tlog-policy; DESIGN §3.13). */
import { canVerify, type Note, type NoteVerify, quorumSatisfied, type TlogPolicy, verifyCosignature } from '@verbatim/tlog';
import { MAX_CLOCK_LEAD, type Policy } from './policy-types.ts';

export interface Cosignature {
  /** The witness's name in the policy. */
  readonly witness: string;
  /** POSIX seconds. */
  readonly timestamp: bigint;
  /** False when the timestamp is more than 5 min ahead of us: such a cosignature does not count. */
  readonly counts: boolean;
}

export interface WitnessState {
  readonly cosignatures: readonly Cosignature[];
  readonly quorum: boolean;
  /** The latest moment at which a quorum had cosigned, in POSIX seconds; null without one, and with `quorum none`. */
  readonly asOf: bigint | null;
  /** Witnesses of the policy whose line does not verify: the whole note is refused (C2SP signed-note). */
  readonly forged: readonly string[];
}

/** @param now POSIX seconds */
export function readWitnesses(note: Note, policy: TlogPolicy, now: bigint, verify: NoteVerify): WitnessState {
  const cosignatures: Cosignature[] = [];
  const forged: string[] = [];
  for (const witness of policy.witnesses) {
    // The note was parsed: no two lines have the same name and key ID.
    const line = note.signatures.find(({ name, keyId }) => name === witness.key.name && keyId === witness.key.keyId);
    // What this platform cannot verify (ML-DSA in a browser) is nobody's line.
    if (line === undefined || !canVerify(witness.key, verify)) continue;
    const timestamp = verifyCosignature(note.text, line, witness.key, verify);
    if (timestamp === null) forged.push(witness.name);
    else cosignatures.push({ witness: witness.name, timestamp, counts: timestamp <= now + BigInt(MAX_CLOCK_LEAD) });
  }
  const counting = cosignatures.filter(({ counts }) => counts).sort((a, b) => (a.timestamp > b.timestamp ? -1 : 1));
  return {
    cosignatures,
    forged,
    quorum: quorumSatisfied(policy, new Set(counting.map(({ witness }) => witness))),
    asOf: policy.quorum === null ? null : quorumTime(counting, policy),
  };
}

/** Newest first: the first timestamp at which those so far are a quorum. More cosignatures never make a quorum older. */
function quorumTime(newestFirst: readonly Cosignature[], policy: TlogPolicy): bigint | null {
  const names = new Set<string>();
  for (const { witness, timestamp } of newestFirst) {
    names.add(witness);
    if (quorumSatisfied(policy, names)) return timestamp;
  }
  return null;
}

/** The same of the policy's index-witnesses, whose cosignatures are used for nothing else (DESIGN §3.5). Without any there is no quorum. */
export function readIndexWitnesses(note: Note, { indexWitnesses, indexQuorum }: Policy, now: bigint, verify: NoteVerify): WitnessState {
  // Not a name that a policy can give.
  const quorum = 'index witnesses';
  const group = { name: quorum, threshold: indexQuorum, members: indexWitnesses.map(({ name }) => name) };
  const state = readWitnesses(note, { logs: [], witnesses: [...indexWitnesses], groups: [group], quorum }, now, verify);
  return indexWitnesses.length === 0 ? { ...state, quorum: false, asOf: null } : state;
}

/** Names of the witnesses that count, if they are a quorum that is not older than `limit` seconds; null otherwise. */
export function freshQuorum({ cosignatures, quorum, asOf }: WitnessState, limit: number | null, now: bigint): readonly string[] | null {
  if (!quorum || asOf === null || (limit !== null && now - asOf > BigInt(limit))) return null;
  return cosignatures.filter(({ counts }) => counts).map(({ witness }) => witness);
}
