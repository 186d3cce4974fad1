/** What becomes of a log: its control entries at its newest state, each verified to be in the tree, and whether they are all. */
import { historyOf, logKeyOf, type ControlHistory } from '@verbatim/consensus';
import { lookupKey, verifyLookup } from '@verbatim/index-map';
import { type ControlStatement, type Envelope, keyidOfVkey, PREDICATE, StatementError, verifySignatures } from '@verbatim/statements';
import { type Ed25519Verify, fromHex, type Hash, hashLeaf, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { decodeOrNull } from './decode-or-null.ts';
import { askIndex } from './index-answer.ts';
import type { LogReader, LogView } from './log-reader.ts';
import { readWholeLog } from './whole-log.ts';

export interface LoggedControl {
  readonly index: bigint;
  readonly predicate: ControlStatement['predicate'];
}

export interface ReadHistory {
  readonly view: LogView;
  readonly history: ControlHistory;
  /** Ascending; those whose signatures fit. */
  readonly entries: readonly LoggedControl[];
  /** Whether the index root that the log signed shows that no control entry is missing. */
  readonly complete: boolean;
}

/** @throws ClientError, LogMisbehaviour among them */
export async function readHistory(
  reader: LogReader,
  root: VerifierKey,
  signal: AbortSignal,
  verify: Ed25519Verify = verifyEd25519,
): Promise<ReadHistory> {
  const lookup = { type: 'control', value: reader.logKey.name } as const;
  const asked = reader.source.hasLookup ? await askIndex(reader.source, [lookup], signal) : null;
  const whole = asked === null ? await readWholeLog(reader, signal) : null;
  const view = whole === null ? await reader.adopt(asked!.note, signal) : whole.view;
  const answer = whole === null ? asked!.lookups[0]! : whole.answer(lookup);
  const indexes = answer.entries.filter((index) => index < view.checkpoint.size);
  const read = await Promise.all(indexes.map(async (index) => ({ index, entry: await view.tree.entry(index), proof: [] })));
  // What no log may admit belongs under no lookup key: with such an entry the answer proves nothing.
  const shown = read.filter(({ entry }) => decodeOrNull(entry) !== null);
  const history = historyOf({ entries: shown }, { log: { key: reader.logKey }, root }, verify);
  const named = shown.map(({ index, entry }) => ({ index, leafHash: hashLeaf(entry) }));
  const stated = await indexRootOf(view, history, verify);
  const complete = stated !== null && verifyLookup(stated, lookupKey(lookup.type, lookup.value), named, answer.proof);
  return { view, history, entries: shown.flatMap(({ index, entry }) => controlAt(index, entry)), complete };
}

function controlAt(index: bigint, entry: Uint8Array): LoggedControl[] {
  const statement = decodeOrNull(entry)?.statement;
  return statement?.predicateType === PREDICATE.control ? [{ index, predicate: statement.predicate }] : [];
}

/** The root of the index that the checkpoint ends with, as the log's key signed it; null when it ends with something else. */
async function indexRootOf({ checkpoint, tree }: LogView, history: ControlHistory, verify: Ed25519Verify): Promise<Hash | null> {
  const { origin, size } = checkpoint;
  const signer = logKeyOf(history, origin, size);
  if (size === 0n || signer === null) return null;
  const last = decodeOrNull(await tree.entry(size - 1n));
  if (last?.statement.predicateType !== PREDICATE.control || last.statement.predicate.action !== 'index-root') return null;
  const { predicate } = last.statement;
  const fits = predicate.origin === origin && BigInt(predicate.size) === size - 1n;
  return fits && isSignedBy(signer.key, last.envelope, verify) ? fromHex(predicate.root) : null;
}

function isSignedBy(key: VerifierKey, envelope: Envelope, verify: Ed25519Verify): boolean {
  try {
    return verifySignatures(envelope, [{ keyid: keyidOfVkey(key), publicKey: key.publicKey }], verify).length === 1;
  } catch (error) {
    if (error instanceof StatementError) return false;
    throw error;
  }
}
