/** Whether one log may have signed two checkpoints: the smaller tree must be the beginning of the larger one (RFC 6962 §2.1.2). */
import { bytesEqual, type Checkpoint, type Hash, verifyGrowth } from '@verbatim/tlog';
import { ClientError, LogMisbehaviour, type MisbehaviourCode } from './errors.ts';
import type { Remembered } from './note-store.ts';
import type { VerifiedTree } from './verified-tree.ts';

/** Makes the tree of a checkpoint that is known to be signed. */
export type TreeAt = (checkpoint: Checkpoint) => VerifiedTree;

export interface Contradiction {
  readonly code: MisbehaviourCode;
  /** What the log did, for people. */
  readonly what: string;
  /** Between the two sizes, as far as it could be read; it does not lead from the older root to the newer one. */
  readonly proof: readonly Hash[];
  /** Set when tiles that do not fit are all that speaks against the log: whoever served them may have made them. */
  readonly cause?: LogMisbehaviour;
}

/**
 * Null when both belong to one history.
 *
 * - The same size with another root, or a failing proof, is a fork.
 * - When the served one is smaller, the tiles of the known one must still be there: no log may be rolled back.
 *
 * @throws ClientError when tiles that are needed cannot be had
 */
export async function findContradiction(known: Remembered, served: Remembered, treeAt: TreeAt): Promise<Contradiction | null> {
  const [older, newer] = served.checkpoint.size < known.checkpoint.size ? [served, known] : [known, served];
  const { size: size1, root: root1 } = older.checkpoint;
  const { size: size2, root: root2 } = newer.checkpoint;
  if (size1 === size2) return bytesEqual(root1, root2) ? null : fork(known, served, []);
  let proof: readonly Hash[];
  try {
    proof = await treeAt(newer.checkpoint).consistencyProof(size1);
  } catch (error) {
    if (older !== served || !(error instanceof ClientError)) throw error;
    // Its tiles are of another tree than the one that it signed before.
    if (error instanceof LogMisbehaviour && error.code === 'tile-mismatch') return { ...fork(known, served, []), cause: error };
    if (error.code !== 'not-found') throw error;
    return { code: 'rolled-back', what: `signed ${size2} entries before and now shows ${size1}; the newer ones are gone`, proof: [] };
  }
  return verifyGrowth(size1, size2, proof, root1, root2) ? null : fork(known, served, proof);
}

function fork(known: Remembered, served: Remembered, proof: readonly Hash[]): Contradiction {
  return { code: 'fork', what: `signed two histories (sizes ${known.checkpoint.size} and ${served.checkpoint.size})`, proof };
}
