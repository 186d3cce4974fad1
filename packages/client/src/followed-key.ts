/** A log that has changed its key: which key must have signed a checkpoint, the root key's statements in the log itself say (DESIGN §3.4). */
import { type Checkpoint, parseCheckpoint, parseNote, type VerifierKey } from '@verbatim/tlog';
import { type ControlTrail, type IndexedEntry, mayChangeKeys } from './control-trail.ts';
import { askIndex } from './index-answer.ts';
import type { Source } from './source.ts';
import type { VerifiedTree } from './verified-tree.ts';

/** Beyond what is known already, a log without an index to ask is searched for control entries as far as this. */
const MAX_SEARCHED = 100_000n;

export interface Followed {
  readonly source: Source;
  readonly logKey: VerifierKey;
  /** What is known already; only later entries are searched. */
  readonly trail: ControlTrail;
  readonly treeAt: (checkpoint: Checkpoint) => VerifiedTree;
}

/**
 * The key that must have signed a checkpoint, by the control entries below it; null when they lead to no other key than what is known. Nothing
 * here is believed because the log says it: a key is followed only by signatures that begin with the root key. Whether the entries are in the
 * log at all is seen once the checkpoint is opened, and whether they are all, by evidence.
 *
 * @param note of the log's origin, without a signature by the pinned key
 * @throws ClientError when the entries cannot be read; TlogError for a note that holds no checkpoint
 */
export async function followedKey(note: Uint8Array, followed: Followed, signal?: AbortSignal): Promise<VerifierKey | null> {
  const { logKey, trail } = followed;
  const checkpoint = parseCheckpoint(parseNote(note).text);
  if (checkpoint.origin !== logKey.name) return null;
  const known = trail.logKeyAt(checkpoint.size);
  const key = trail.with(await laterEntries(checkpoint, followed, signal)).logKeyAt(checkpoint.size);
  return key.text === known.text ? null : key;
}

/** Control entries among them, ascending. */
async function laterEntries(
  checkpoint: Checkpoint,
  { source, logKey, trail: { next }, treeAt }: Followed,
  signal: AbortSignal | undefined,
): Promise<IndexedEntry[]> {
  const { size } = checkpoint;
  const tree = treeAt(checkpoint);
  // A follower that is near reads them anyway, and the index may be of an older state by a moment.
  const isNear = next > 0n && size - next <= MAX_SEARCHED;
  const answer = source.hasLookup && !isNear ? await askIndex(source, [{ type: 'control', value: logKey.name }], signal) : null;
  if (answer !== null) {
    const later = answer.lookups[0]!.entries.filter((index) => index >= next && index < size);
    return Promise.all(later.map(async (index) => ({ index, entry: await tree.entry(index) })));
  }
  const found: IndexedEntry[] = [];
  const end = size - next < MAX_SEARCHED ? size : next + MAX_SEARCHED;
  if (next < end) for await (const each of tree.entries(next, end)) if (mayChangeKeys(each)) found.push(each);
  return found;
}
