/** From evidence to statements: inclusion, decoding and signatures of every entry (DESIGN §3.1, §3.2, §8: readers re-check). */
import {
  type ControlStatement,
  decodeEntry,
  keyidOfVkey,
  type ObservationStatement,
  PREDICATE,
  type ReleaseStatement,
  type RosterStatement,
  type Statement,
  verifySignatures,
} from '@verbatim/statements';
import { bytesEqual, type Checkpoint, type Ed25519Verify, hashLeaf, parseVkey, toHex, verifyInclusion } from '@verbatim/tlog';
import type { Evidence } from './evidence.ts';
import type { Finding, Ignored } from './findings.ts';
import type { Policy } from './policy-types.ts';

export interface Logged<S extends Statement = Statement> {
  readonly index: bigint;
  /** Lower-case hex. */
  readonly leafHash: string;
  readonly statement: S;
  /** Key ids of the policy (or of the log's admin) whose signatures verified. */
  readonly signers: readonly string[];
  /** Every key id that the envelope names. */
  readonly keyids: readonly string[];
}

export interface ReadLog {
  readonly releases: readonly Logged<ReleaseStatement>[];
  readonly observations: readonly Logged<ObservationStatement>[];
  readonly roster: readonly Logged<RosterStatement>[];
  /** Indexes of gathered entries that are of another kind than a release. */
  readonly notReleases: ReadonlySet<bigint>;
  readonly findings: readonly Finding[];
  readonly ignored: readonly Ignored[];
}

interface KnownKey {
  readonly keyid: string;
  readonly publicKey: Uint8Array;
}

/** Anything in `findings` is `log-misbehaviour`: the log admitted an entry that it must refuse, or a proof does not fit. */
export function readEntries(evidence: Evidence, checkpoint: Checkpoint, policy: Policy, verify: Ed25519Verify): ReadLog {
  const findings: Finding[] = [];
  const ignored: Ignored[] = [];
  const decoded = new Map<bigint, Decoded>();
  for (const { index, entry, proof } of evidence.entries) {
    const leaf = hashLeaf(entry);
    if (!verifyInclusion(index, checkpoint.size, leaf, proof, checkpoint.root)) {
      findings.push({
        code: 'inclusion-failed',
        index,
        message: `entry ${index}: its inclusion proof does not lead to the checkpoint of size ${checkpoint.size}`,
      });
      continue;
    }
    const result = decode(index, entry, leaf);
    if ('message' in result) findings.push(result);
    // Two proofs that verify at one index are of the same bytes: a repetition says nothing new.
    else decoded.set(index, result);
  }
  const keys = knownKeys(policy, findAdmin([...decoded.values()], policy, findings));
  const log: { [K in 'releases' | 'observations' | 'roster']: Logged[] } = { releases: [], observations: [], roster: [] };
  for (const entry of [...decoded.values()].sort((a, b) => (a.index < b.index ? -1 : 1))) {
    const logged = checkSigners(entry, keys, verify, findings);
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
        checkControl(logged as Logged<ControlStatement>, findings, ignored);
    }
  }
  const notReleases = new Set(
    [...decoded.values()].filter(({ statement }) => statement.predicateType !== PREDICATE.release).map(({ index }) => index),
  );
  return { notReleases, ...(log as unknown as Pick<ReadLog, 'releases' | 'observations' | 'roster'>), findings, ignored };
}

interface Decoded {
  readonly index: bigint;
  readonly leafHash: string;
  readonly statement: Statement;
  readonly envelope: ReturnType<typeof decodeEntry>['envelope'];
}

function decode(index: bigint, entry: Uint8Array, leaf: Uint8Array): Decoded | Finding {
  try {
    const { envelope, statement } = decodeEntry(entry);
    return { index, leafHash: toHex(leaf), statement, envelope };
  } catch (error) {
    // Attacker-controlled bytes: whatever the decoder throws, the entry is one that no log may admit.
    return { code: 'entry-malformed', index, message: `entry ${index} cannot be decoded: ${messageOf(error)}` };
  }
}

/** The admin key signs the roster; entry 0 names it, and only the pinned root key may have signed that (DESIGN §3.4). */
function findAdmin(entries: readonly Decoded[], policy: Policy, findings: Finding[]): KnownKey | null {
  const genesis = entries.find(({ index }) => index === 0n);
  if (genesis === undefined) return null;
  const { statement } = genesis;
  const fault = (message: string): null => {
    findings.push({ code: 'genesis-mismatch', index: 0n, message: `entry 0: ${message}` });
    return null;
  };
  if (statement.predicateType !== PREDICATE.control || statement.predicate.action !== 'genesis')
    return fault('expected the log\u2019s genesis statement');
  const { origin, root, admin } = statement.predicate;
  if (origin !== policy.log.key.name) return fault(`expected origin ${policy.log.key.name}, found ${origin}`);
  if (root !== policy.root.text) return fault(`expected the policy\u2019s root key ${policy.root.text}, found ${root}`);
  if (!genesis.envelope.signatures.some(({ keyid }) => keyid === keyidOfVkey(policy.root)))
    return fault('expected the root key\u2019s signature, found none');
  try {
    const key = parseVkey(admin);
    return { keyid: keyidOfVkey(key), publicKey: key.publicKey };
  } catch (error) {
    return fault(messageOf(error));
  }
}

function knownKeys(policy: Policy, admin: KnownKey | null): KnownKey[] {
  const pinned = [...policy.rebuilders, ...policy.claimants].map(({ keyid, key }) => ({ keyid, publicKey: key.publicKey }));
  const root = { keyid: keyidOfVkey(policy.root), publicKey: policy.root.publicKey };
  const all = [...pinned, root];
  // The admin key comes from the log: it must not stand in for a key that the policy pins.
  return admin === null || all.some(({ publicKey }) => bytesEqual(publicKey, admin.publicKey)) ? all : [...all, admin];
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

/** Rotation, successor and the rest are not handled yet; nothing is followed that the pinned root key did not sign (DESIGN §3.4). */
function checkControl(entry: Logged<ControlStatement>, findings: Finding[], ignored: Ignored[]): void {
  const { action } = entry.statement.predicate;
  if (action !== 'genesis') {
    ignored.push({ index: entry.index, reason: `control statement "${action}" is not handled by this version` });
  } else if (entry.index !== 0n) {
    findings.push({ code: 'genesis-mismatch', index: entry.index, message: `entry ${entry.index}: expected genesis at entry 0 only` });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
