/** A log that goes on under another origin: what its successor statement must prove before anybody follows it. */
import { decodeEntry, keyidOf, PREDICATE, verifySignatures, type DecodedEntry } from '@verbatim/statements';
import { type Ed25519Verify, fromHex, type Hash, verifyGrowth, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { Contradiction } from '../contradiction.ts';
import type { LogReader, LogView } from '../log-reader.ts';
import type { FollowedEntry } from './consumer.ts';

/** What a log's successor statement says: another log whose first `size` entries are this one's, byte for byte. */
export interface SuccessorClaim {
  readonly vkey: string;
  readonly size: bigint;
  /** Of this log at `size`. */
  readonly root: Hash;
}

export interface Succession {
  /** What an entry of the log `origin` hands over to, if somebody who may do so signed it; null for all other entries. */
  claimOf(entry: FollowedEntry, origin: string): SuccessorClaim | null;
  /** Opens the log with this key. The follower closes its source. */
  open(vkey: string): Promise<LogReader>;
}

/** `claimOf` for successor statements that this root key signed: the one that the policy pins. */
export function rootSignedSuccessor(root: VerifierKey, verify: Ed25519Verify = verifyEd25519): Succession['claimOf'] {
  const keyid = keyidOf(root.name, root.publicKey);
  return ({ entry }, origin) => {
    const decoded = decodeOrNull(entry);
    const statement = decoded?.statement;
    if (statement?.predicateType !== PREDICATE.control || statement.predicate.action !== 'successor') return null;
    const { predicate } = statement;
    if (predicate.origin !== origin || !isSigned(decoded!, { keyid, publicKey: root.publicKey }, verify)) return null;
    return { vkey: predicate.vkey, size: BigInt(predicate.size), root: fromHex(predicate.root) };
  };
}

function decodeOrNull(entry: Uint8Array): DecodedEntry | null {
  try {
    return decodeEntry(entry);
  } catch {
    // Not a statement: whether the log may hold it is not a follower's business.
    return null;
  }
}

function isSigned({ envelope }: DecodedEntry, key: { keyid: string; publicKey: Uint8Array }, verify: Ed25519Verify): boolean {
  try {
    return verifySignatures(envelope, [key], verify).includes(key.keyid);
  } catch {
    return false;
  }
}

/**
 * Holds a claim against both logs. Null when it fits: the old log had this root at this size, and the new one begins with that tree.
 * @throws ClientError when tiles that are needed cannot be had
 */
export async function findBrokenSuccession(claim: SuccessorClaim, old: LogView, next: LogView): Promise<Contradiction | null> {
  const said = `that its first ${claim.size} entries go on as ${next.checkpoint.origin}`;
  if (!(await beginsWith(old, claim))) return { code: 'bad-successor', what: `says ${said}, but had another root at that size`, proof: [] };
  const proof = await next.tree.consistencyProof(claim.size);
  if (isGrowth(claim, next, proof)) return null;
  return { code: 'bad-successor', what: `says ${said}, which begins with other entries`, proof };
}

async function beginsWith(log: LogView, claim: SuccessorClaim): Promise<boolean> {
  return claim.size <= log.checkpoint.size && isGrowth(claim, log, await log.tree.consistencyProof(claim.size));
}

function isGrowth({ size, root }: SuccessorClaim, { checkpoint }: LogView, proof: readonly Hash[]): boolean {
  return verifyGrowth(size, checkpoint.size, proof, root, checkpoint.root);
}
