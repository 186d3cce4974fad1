/** Test-only: makes the index again from a log's entries alone, as an auditor would. */
import { addPairsSync, EMPTY_MAP, lookupKey, mapKey, MemoryNodeStore, type Pair, rootOf } from '@verbatim/index-map';
import {
  decodeEntry,
  keyidOfVkey,
  lookupsOf,
  PREDICATE,
  type ReleaseStatement,
  type Statement,
  verifySignatures,
} from '@verbatim/statements';
import { hashLeaf, toHex, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';

/** What an index-root entry states; null for any other. */
export function indexRootOf(statement: Statement): { readonly origin: string; readonly size: number; readonly root: string } | null {
  return statement.predicateType === PREDICATE.control && statement.predicate.action === 'index-root' ? statement.predicate : null;
}

/** Number of entries that the log has from its predecessor; 0 without one. */
function predecessorsOf(entries: readonly Uint8Array[], logKey: VerifierKey): number {
  return entries.findIndex((entry) => {
    const { predicateType, predicate } = decodeEntry(entry).statement;
    return predicateType === PREDICATE.control && predicate.action === 'genesis' && predicate.origin === logKey.name;
  });
}

/** Throws at the first index root that is not the one of the entries before it, signed by the log, and unless the last entry is one. */
export function checkIndexRoots(entries: readonly Uint8Array[], logKey: VerifierKey): void {
  const store = new MemoryNodeStore();
  const statements: Statement[] = [];
  const releaseAt = (index: number): ReleaseStatement | null => {
    const found = statements[index];
    return found?.predicateType === PREDICATE.release ? found : null;
  };
  const key = { keyid: keyidOfVkey(logKey), publicKey: logKey.publicKey };
  let state = EMPTY_MAP;
  let pairs: Pair[] = [];
  for (const [index, entry] of entries.entries()) {
    const { envelope, statement } = decodeEntry(entry);
    for (const { type, value } of lookupsOf(statement, { origin: logKey.name, releaseAt }))
      pairs.push({ key: mapKey(lookupKey(type, value), BigInt(index)), value: hashLeaf(entry) });
    statements.push(statement);
    const stated = indexRootOf(statement);
    // What a predecessor stated is its own index's: of the same entries, under its origin.
    if (stated === null || (stated.origin !== logKey.name && index < predecessorsOf(entries, logKey))) continue;
    const change = addPairsSync(store, state, pairs);
    store.apply(change);
    state = change.state;
    pairs = [];
    if (stated.origin !== logKey.name || stated.size !== index)
      throw new Error(`entry ${index} states an index root of ${stated.origin} at ${stated.size}`);
    if (stated.root !== toHex(rootOf(state))) throw new Error(`entry ${index} states another root than that of the entries before it`);
    if (verifySignatures(envelope, [key], verifyEd25519).length !== envelope.signatures.length)
      throw new Error(`entry ${index} is an index root that the log did not sign`);
  }
  if (statements.length === 0 || indexRootOf(statements.at(-1)!) === null)
    throw new Error(`the last of ${entries.length} entries is no index root`);
}
