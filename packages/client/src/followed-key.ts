/** A log that has changed its key: which key must have signed a checkpoint, the root key's statements in the log itself say (DESIGN §3.4). */
import { historyOf, logKeyOf } from '@verbatim/consensus';
import { PREDICATE } from '@verbatim/statements';
import { type Checkpoint, type Ed25519Verify, parseCheckpoint, parseNote, type VerifierKey } from '@verbatim/tlog';
import { decodeOrNull } from './decode-or-null.ts';
import { askIndex } from './index-answer.ts';
import type { Source } from './source.ts';
import type { VerifiedTree } from './verified-tree.ts';

/** A log without an index to ask is searched for control entries, as far as this. */
const MAX_SEARCHED = 100_000n;

export interface Followed {
  readonly source: Source;
  readonly logKey: VerifierKey;
  /** As the policy pins it: every link of the chain leads back to it. */
  readonly root: VerifierKey;
  readonly verify: Ed25519Verify;
  readonly treeAt: (checkpoint: Checkpoint) => VerifiedTree;
}

/**
 * The key that must have signed a checkpoint, by the control entries below it; null when they lead to no other key than the pinned one. Nothing
 * here is believed because the log says it: a key is followed only by signatures that begin with the root key. Whether the entries are in the
 * log at all is seen once the checkpoint is opened, and whether they are all, by evidence.
 *
 * @param note of the log's origin, without a signature by the pinned key
 * @throws ClientError when the entries cannot be read; TlogError for a note that holds no checkpoint
 */
export async function followedKey(note: Uint8Array, followed: Followed, signal?: AbortSignal): Promise<VerifierKey | null> {
  const { logKey, root, verify } = followed;
  const checkpoint = parseCheckpoint(parseNote(note).text);
  if (checkpoint.origin !== logKey.name) return null;
  const entries = (await controlEntries(checkpoint, followed, signal)).map((each) => ({ ...each, proof: [] }));
  const history = historyOf({ entries }, { log: { key: logKey }, root }, verify);
  if (history.findings.length > 0) return null;
  const key = logKeyOf(history, checkpoint.origin, checkpoint.size)?.key ?? null;
  return key?.text === logKey.text ? null : key;
}

async function controlEntries(
  checkpoint: Checkpoint,
  { source, logKey, treeAt }: Followed,
  signal: AbortSignal | undefined,
): Promise<{ index: bigint; entry: Uint8Array }[]> {
  const tree = treeAt(checkpoint);
  const answer = source.hasLookup ? await askIndex(source, [{ type: 'control', value: logKey.name }], signal) : null;
  if (answer !== null) {
    // The answer may be of a newer state by a moment.
    const below = answer.lookups[0]!.entries.filter((index) => index < checkpoint.size);
    return Promise.all(below.map(async (index) => ({ index, entry: await tree.entry(index) })));
  }
  const found: { index: bigint; entry: Uint8Array }[] = [];
  const end = checkpoint.size < MAX_SEARCHED ? checkpoint.size : MAX_SEARCHED;
  for await (const each of tree.entries(0n, end)) if (isControl(each.entry)) found.push(each);
  return found;
}

function isControl(entry: Uint8Array): boolean {
  return decodeOrNull(entry)?.statement.predicateType === PREDICATE.control;
}
