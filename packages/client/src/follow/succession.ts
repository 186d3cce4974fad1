/** A log that goes on under another origin: what its successor statement must prove before anybody follows it. */
import { type Hash, verifyGrowth } from '@verbatim/tlog';
import type { Contradiction } from '../contradiction.ts';
import type { SuccessorClaim } from '../control-trail.ts';
import type { LogView } from '../log-reader.ts';

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
