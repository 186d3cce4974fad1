/** A log that goes on under another origin: what its successor statement must prove before anybody follows it. */
import { keyidOf, PREDICATE, verifySignatures, type DecodedEntry } from '@verbatim/statements';
import { type Ed25519Verify, fromHex, type Hash, parseVkey, verifyGrowth, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { Contradiction } from '../contradiction.ts';
import { decodeOrNull } from '../decode-or-null.ts';
import type { LogReader, LogView } from '../log-reader.ts';
import type { FollowedEntry, SuccessorLog } from './consumer.ts';

/** What a log's successor statement says: the entries before it are, byte for byte, the beginning of another log. */
export interface SuccessorClaim {
  /** Number of those entries: the statement's own index. */
  readonly size: bigint;
  /** Of this log at `size`. */
  readonly root: Hash;
  readonly log: SuccessorLog;
}

export interface Succession {
  /**
   * What an entry of the log `origin` hands over to, if somebody who may do so signed it; null for all other entries.
   * @param successor the log itself, when an earlier one named it
   */
  claimOf(entry: FollowedEntry, origin: string, successor: SuccessorLog | undefined): SuccessorClaim | null;
  /** Opens it. The follower closes its source. */
  open(log: SuccessorLog): Promise<LogReader>;
}

/** `claimOf` for successor statements that a root key signed: the one that the policy pins, in a successor the one that it was handed over with. */
export function rootSignedSuccessor(pinned: VerifierKey, verify: Ed25519Verify = verifyEd25519): Succession['claimOf'] {
  return ({ entry }, origin, successor) => {
    // Whether the log may hold what is no statement is not a follower's business.
    const decoded = decodeOrNull(entry);
    const statement = decoded?.statement;
    if (statement?.predicateType !== PREDICATE.control || statement.predicate.action !== 'successor') return null;
    const { vkey, rootVkey, url, size, root } = statement.predicate;
    const signer = successor === undefined ? pinned : parseVkey(successor.rootVkey);
    if (statement.predicate.origin !== origin || !isSigned(decoded!, signer, verify)) return null;
    return { size: BigInt(size), root: fromHex(root), log: { vkey, rootVkey, url } };
  };
}

function isSigned({ envelope }: DecodedEntry, { name, publicKey }: VerifierKey, verify: Ed25519Verify): boolean {
  const keyid = keyidOf(name, publicKey);
  try {
    return verifySignatures(envelope, [{ keyid, publicKey }], verify).includes(keyid);
  } catch {
    return false;
  }
}

/**
 * Holds a claim against both logs. Null when it fits: the old log had this root before the statement, and the new one begins with that tree.
 *
 * @param at index of the statement
 * @throws ClientError when tiles that are needed cannot be had
 */
export async function findBrokenSuccession(
  { size, root }: SuccessorClaim,
  at: bigint,
  old: LogView,
  next: LogView,
): Promise<Contradiction | null> {
  const broken = (how: string, proof: readonly Hash[] = []): Contradiction => {
    return { code: 'bad-successor', what: `names ${next.checkpoint.origin} as its successor from ${size} entries on, ${how}`, proof };
  };
  if (size !== at) return broken(`in entry ${at}`);
  const isBeginning = async ({ checkpoint, tree }: LogView): Promise<readonly Hash[] | null> => {
    const proof = await tree.consistencyProof(size);
    return verifyGrowth(size, checkpoint.size, proof, root, checkpoint.root) ? null : proof;
  };
  if ((await isBeginning(old)) !== null) return broken('but had another root then');
  const proof = await isBeginning(next);
  return proof === null ? null : broken('which begins with other entries', proof);
}
