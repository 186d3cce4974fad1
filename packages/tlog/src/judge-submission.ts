/** May a checkpoint be accepted after the last one? The state checks of C2SP tlog-witness, "add-checkpoint". */
import { bytesEqual } from './bytes.ts';
import { EMPTY_ROOT, type Hash } from './hashing.ts';
import { refuse, type Conflict, type Refusal } from './refusal.ts';
import type { Submission } from './submission.ts';
import { verifyGrowth } from './verify-proof.ts';

/** Size and root of the last accepted checkpoint; 0 and `EMPTY_ROOT` if there is none. */
export interface TreeHead {
  readonly size: bigint;
  readonly root: Hash;
}

/** null when it may. The old size is at most the checkpoint's: readSubmission saw to that. */
export function judgeSubmission(head: TreeHead, { oldSize, proof, checkpoint: { size, root } }: Submission): Refusal | Conflict | null {
  // Needs no state, so it comes before the conflict: no retry can help.
  if (size === 0n && !bytesEqual(root, EMPTY_ROOT)) {
    return refuse(422, 'bad-empty-root', 'expected the root of the empty tree, SHA-256 of nothing, for size 0');
  }
  if (oldSize !== head.size) return { status: 409, size: head.size };
  if (size === head.size && !bytesEqual(root, head.root)) {
    return refuse(422, 'split-view', `another root was accepted for size ${size} before: the log shows two histories`);
  }
  if (!verifyGrowth(oldSize, size, proof, head.root, root)) {
    return refuse(422, 'bad-proof', `the proof does not show that the tree of size ${size} continues the one of size ${oldSize}`);
  }
  return null;
}

/** Does a signed checkpoint contradict the head? Whatever the old size in the request was. */
export function contradicts(head: TreeHead, { checkpoint: { size, root } }: Submission): boolean {
  return size === head.size && !bytesEqual(root, head.root);
}
