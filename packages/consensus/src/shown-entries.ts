/** What the evidence shows, decoded once. Nothing is verified yet: which key must have signed the checkpoint, control entries say first. */
import { type ControlStatement, decodeEntry, type Envelope, PREDICATE, type Statement } from '@verbatim/statements';
import { type Hash, hashLeaf } from '@verbatim/tlog';
import type { Evidence, EvidenceEntry } from './evidence.ts';
import type { Finding } from './findings.ts';
import type { ControlEntry } from './read-control.ts';

export interface ShownEntry extends Omit<EvidenceEntry, 'entry'> {
  readonly leaf: Hash;
  /** What was decoded, or why no log may admit it. */
  readonly content: { readonly statement: Statement; readonly envelope: Envelope } | Finding;
}

export function decodeShown({ entries }: Pick<Evidence, 'entries'>): ShownEntry[] {
  return entries.map(({ index, entry, proof }) => ({ index, proof, leaf: hashLeaf(entry), content: decode(index, entry) }));
}

/** Ascending by index, each once, without index roots. Should two differ, one of them is in no log, and its proof will not verify. */
export function controlOf(shown: readonly ShownEntry[]): ControlEntry[] {
  const entries = new Map<bigint, ControlEntry>();
  for (const { index, content } of shown) {
    if ('statement' in content && isControl(content.statement)) entries.set(index, { index, ...content, statement: content.statement });
  }
  return [...entries.values()].sort((a, b) => (a.index < b.index ? -1 : 1));
}

function isControl(statement: Statement): statement is ControlStatement {
  return statement.predicateType === PREDICATE.control && statement.predicate.action !== 'index-root';
}

function decode(index: bigint, entry: Uint8Array): ShownEntry['content'] {
  try {
    const { envelope, statement } = decodeEntry(entry);
    return { statement, envelope };
  } catch (error) {
    // Attacker-controlled bytes: whatever the decoder throws, the entry is one that no log may admit.
    const message = `entry ${index} cannot be decoded: ${error instanceof Error ? error.message : String(error)}`;
    return { code: 'entry-malformed', index, message };
  }
}
