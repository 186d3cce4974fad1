/** How sure it is that nothing logged about a question was left out (DESIGN §3.5; docs/spec/index-map.md §6). */
import { lookupKey, verifyLookup, type IndexedEntry } from '@verbatim/index-map';
import { type Lookup, lookupsOf, type ReleaseStatement } from '@verbatim/statements';
import { bytesEqual, type Checkpoint, fromHex, type Hash } from '@verbatim/tlog';
import { type ControlHistory, logKeyOf } from './control-history.ts';
import type { Evidence } from './evidence.ts';
import type { Finding } from './findings.ts';
import { describeLookup } from './lookups.ts';
import type { Policy } from './policy-types.ts';
import type { Logged, ReadLog } from './read-entries.ts';

/**
 * - `advisory`: it is the word of whoever gave the evidence.
 * - `complete-by-root`: everything under the lookup keys that the question needs, by the index root that the log signed.
 * - `complete-and-audited`: and index-witnesses, or this machine, rebuilt that index from all entries. Only this is sound.
 */
export type Completeness = 'advisory' | 'complete-by-root' | 'complete-and-audited';

/** Worst first. */
const LEVELS: readonly Completeness[] = ['advisory', 'complete-by-root', 'complete-and-audited'];

const DEMANDED: Readonly<Record<Policy['completeness'], Completeness>> = {
  advisory: 'advisory',
  root: 'complete-by-root',
  audited: 'complete-and-audited',
};

/** A tree whose index this machine rebuilt from all its entries and found to be what the log stated. */
export type AuditedTree = Pick<Checkpoint, 'size' | 'root'>;

/** In `auditedBy`, beside the names of index-witnesses, which have no spaces. */
const SELF = 'this machine';

export interface CompletenessState {
  readonly value: Completeness;
  /** Whether it is what the policy demands. */
  readonly enough: boolean;
  /** Names of index-witnesses, or `this machine`; empty unless audited. */
  readonly auditedBy: readonly string[];
  /** What was found, or expected and found. */
  readonly detail: string;
  /** Digests of the files that the evidence was gathered for, where the one in question is none of them; null otherwise. */
  readonly aboutOthers: readonly string[] | null;
}

export interface IndexRoot {
  /** Over the entries before the checkpoint's last one; null when that was not shown, or is no index root. */
  readonly root: Hash | null;
  readonly findings: readonly Finding[];
}

/**
 * The index root that a checkpoint ends with. Whatever else stands there is the log's fault, which signed this size: but a policy that
 * demands no completeness also reads logs that keep no index.
 */
export function readIndexRoot(
  { control, kinds }: ReadLog,
  { origin, size }: Checkpoint,
  { policy, history }: { readonly policy: Policy; readonly history: ControlHistory },
): IndexRoot {
  const at = size - 1n;
  const kind = kinds.get(at);
  if (kind === undefined) return { root: null, findings: [] };
  const entry = control.find(({ index }) => index === at);
  const wrong = (found: string): IndexRoot => {
    const message = `entry ${at}: expected the root of the index over ${at} entries, by the log's key, found ${found}`;
    return { root: null, findings: [{ code: 'index-root-wrong', index: at, message }] };
  };
  if (entry === undefined || entry.statement.predicate.action !== 'index-root') {
    return policy.completeness === 'advisory' ? { root: null, findings: [] } : wrong(entry?.statement.predicate.action ?? kind);
  }
  const { predicate } = entry.statement;
  if (predicate.origin !== origin) return wrong(`one of ${predicate.origin}`);
  if (BigInt(predicate.size) !== at) return wrong(`one over ${predicate.size} entries`);
  // A history with a fault in it may lead to no key at all.
  const signer = logKeyOf(history, origin, size)?.keyid;
  if (signer === undefined || !entry.signers.includes(signer)) return wrong('one that another key signed');
  return { root: fromHex(predicate.root), findings: [] };
}

export interface CompletenessCheck {
  readonly evidence: Evidence;
  readonly log: ReadLog;
  readonly checkpoint: Checkpoint;
  readonly root: Hash | null;
  readonly policy: Policy;
  /** What the question needs to know everything about. */
  readonly needed: readonly Lookup[];
  /** Index-witnesses whose cosignatures count; null without a quorum of them that is fresh enough. */
  readonly auditors: readonly string[] | null;
  readonly audited: readonly AuditedTree[];
}

export function judgeCompleteness(check: CompletenessCheck): CompletenessState {
  const { policy, checkpoint, auditors, audited } = check;
  const missing = findMissing(check);
  const self = audited.some(({ size, root }) => size === checkpoint.size && bytesEqual(root, checkpoint.root));
  const auditedBy = missing !== null ? [] : [...(self ? [SELF] : []), ...(auditors ?? [])];
  const value = missing !== null ? 'advisory' : auditedBy.length > 0 ? 'complete-and-audited' : 'complete-by-root';
  const enough = LEVELS.indexOf(value) >= LEVELS.indexOf(DEMANDED[policy.completeness]);
  const found = missing ?? `${check.needed.map(describeLookup).join(', ')}: all entries, by the index root at ${checkpoint.size - 1n}`;
  const audit = auditedBy.length > 0 ? `, audited by ${auditedBy.join(', ')}` : missing === null ? ', which nobody audited for us' : '';
  return { value, enough, auditedBy, detail: `${found}${audit}`, aboutOthers: aboutOthers(check) };
}

function aboutOthers({ evidence, needed }: CompletenessCheck): string[] | null {
  const proved = evidence.index.flatMap(({ lookup: { type, value } }) => (type === 'artifact' ? [value] : []));
  const wanted = needed.flatMap(({ type, value }) => (type === 'artifact' ? [value] : []));
  return proved.length === 0 || wanted.some((value) => proved.includes(value)) ? null : proved;
}

/** What proof is missing, in words. */
function findMissing({ evidence, log, checkpoint, root, needed }: CompletenessCheck): string | null {
  if (root === null) return `the index root, entry ${checkpoint.size - 1n}, was not shown`;
  const found = groupByLookup(log, checkpoint.origin);
  for (const lookup of needed) {
    const name = describeLookup(lookup);
    const proof = evidence.index.find((given) => given.lookup.type === lookup.type && given.lookup.value === lookup.value)?.proof;
    if (proof === undefined) return `no proof about ${name}: the evidence was gathered for something else, or something was left out`;
    // At the root's own index and after it the index has nothing.
    const entries = (found.get(name) ?? []).filter(({ index }) => index < checkpoint.size - 1n);
    if (!verifyLookup(root, lookupKey(lookup.type, lookup.value), entries, proof))
      return `the proof about ${name} does not show that these ${entries.length} entries are all`;
  }
  return null;
}

/** Lookup key to the entries that belong under it, whatever anybody says that they are about. */
function groupByLookup(log: ReadLog, origin: string): Map<string, IndexedEntry[]> {
  const releases = new Map(log.releases.map(({ index, statement }) => [Number(index), statement]));
  const releaseAt = (index: number): ReleaseStatement | null => releases.get(index) ?? null;
  const groups = new Map<string, IndexedEntry[]>();
  const all: readonly Logged[] = [...log.releases, ...log.observations, ...log.roster, ...log.control];
  for (const { index, leafHash, statement } of all) {
    for (const lookup of lookupsOf(statement, { origin, releaseAt })) {
      const name = describeLookup(lookup);
      const group = groups.get(name) ?? [];
      group.push({ index, leafHash: fromHex(leafHash) });
      groups.set(name, group);
    }
  }
  return groups;
}
