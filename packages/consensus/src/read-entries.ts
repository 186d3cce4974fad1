/** From shown entries to statements: inclusion and signatures of every entry (DESIGN §3.1, §3.2, §8: readers re-check). */
import {
  type ControlStatement,
  type Envelope,
  type ObservationStatement,
  PREDICATE,
  type ReleaseStatement,
  type RosterStatement,
  type Statement,
  verifySignatures,
} from '@verbatim/statements';
import { type Checkpoint, type Ed25519Verify, toHex, verifyInclusion } from '@verbatim/tlog';
import { type ControlHistory, holderAt, logKeyOf } from './control-history.ts';
import type { Finding } from './findings.ts';
import type { Policy } from './policy-types.ts';
import type { ShownEntry } from './shown-entries.ts';

export interface Logged<S extends Statement = Statement> {
  readonly index: bigint;
  /** Lower-case hex. */
  readonly leafHash: string;
  readonly statement: S;
  /** Key ids of those known to the policy, or to the log's history, whose signatures verified. */
  readonly signers: readonly string[];
  /** Every key id that the envelope names. */
  readonly keyids: readonly string[];
}

export interface ReadLog {
  readonly releases: readonly Logged<ReleaseStatement>[];
  readonly observations: readonly Logged<ObservationStatement>[];
  readonly roster: readonly Logged<RosterStatement>[];
  readonly control: readonly Logged<ControlStatement>[];
  /** What each gathered entry is, by index: also those whose signatures do not verify. */
  readonly kinds: ReadonlyMap<bigint, (typeof KINDS)[keyof typeof KINDS]>;
  readonly findings: readonly Finding[];
}

interface KnownKey {
  readonly keyid: string;
  readonly publicKey: Uint8Array;
}

/** Who may have signed what. */
interface Authorities {
  readonly policy: Policy;
  readonly history: ControlHistory;
}

/** Anything in `findings` is `log-misbehaviour`: the log admitted an entry that it must refuse, or a proof does not fit. */
export function readEntries(
  shown: readonly ShownEntry[],
  checkpoint: Checkpoint,
  authorities: Authorities,
  verify: Ed25519Verify,
): ReadLog {
  const findings: Finding[] = [];
  const decoded = new Map<bigint, Decoded>();
  for (const { index, leaf, proof, content } of shown) {
    if (!verifyInclusion(index, checkpoint.size, leaf, proof, checkpoint.root)) {
      findings.push({
        code: 'inclusion-failed',
        index,
        message: `entry ${index}: its inclusion proof does not lead to the checkpoint of size ${checkpoint.size}`,
      });
    } else if ('message' in content) findings.push(content);
    // Two proofs that verify at one index are of the same bytes: a repetition says nothing new.
    else decoded.set(index, { index, leafHash: toHex(leaf), ...content });
  }
  const log: { [K in 'releases' | 'observations' | 'roster' | 'control']: Logged[] } = {
    releases: [],
    observations: [],
    roster: [],
    control: [],
  };
  const pinned = [...authorities.policy.rebuilders, ...authorities.policy.claimants].map(({ keyid, key }) => ({
    keyid,
    publicKey: key.publicKey,
  }));
  for (const entry of [...decoded.values()].sort((a, b) => (a.index < b.index ? -1 : 1))) {
    const logged = checkSigners(entry, signersOf(entry, pinned, authorities.history), verify, findings);
    if (logged === null) continue;
    switch (entry.statement.predicateType) {
      case PREDICATE.release:
        log.releases.push(logged);
        break;
      case PREDICATE.observation:
        log.observations.push(logged);
        break;
      case PREDICATE.roster:
        log.roster.push(logged);
        break;
      case PREDICATE.control:
        log.control.push(logged);
    }
  }
  const kinds = new Map([...decoded].map(([index, { statement }]) => [index, KINDS[statement.predicateType]]));
  return { kinds, ...(log as unknown as Pick<ReadLog, keyof typeof log>), findings };
}

const KINDS = {
  [PREDICATE.release]: 'release',
  [PREDICATE.observation]: 'observation',
  [PREDICATE.roster]: 'roster',
  [PREDICATE.control]: 'control',
} as const;

interface Decoded {
  readonly index: bigint;
  readonly leafHash: string;
  readonly statement: Statement;
  readonly envelope: Envelope;
}

/**
 * Keys that may have signed an entry. The log's own come from its history, for its own statements only: none of them stands in for a key that the
 * policy pins.
 */
function signersOf({ index, statement }: Decoded, pinned: readonly KnownKey[], history: ControlHistory): readonly KnownKey[] {
  switch (statement.predicateType) {
    case PREDICATE.release:
    case PREDICATE.observation:
      return pinned;
    case PREDICATE.roster:
      return knownKeys(holderAt(history, 'admin', index));
    case PREDICATE.control: {
      const { predicate } = statement;
      // The others were verified when the history was read.
      return predicate.action === 'index-root' ? knownKeys(logKeyOf(history, predicate.origin, index + 1n)) : [];
    }
  }
}

function knownKeys(term: { readonly keyid: string; readonly key: { readonly publicKey: Uint8Array } } | null): KnownKey[] {
  return term === null ? [] : [{ keyid: term.keyid, publicKey: term.key.publicKey }];
}

function checkSigners(
  { index, leafHash, statement, envelope }: Decoded,
  keys: readonly KnownKey[],
  verify: Ed25519Verify,
  findings: Finding[],
): Logged | null {
  const keyids = envelope.signatures.map(({ keyid }) => keyid);
  try {
    const relevant = keys.filter(({ keyid }) => keyids.includes(keyid));
    return { index, leafHash, statement, signers: verifySignatures(envelope, relevant, verify), keyids };
  } catch (error) {
    findings.push({ code: 'signature-failed', index, message: `entry ${index}: ${messageOf(error)}` });
    return null;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
