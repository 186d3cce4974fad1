/** Who speaks for a log, as far as its entries were read: the control entries that say so, and what follows from them (DESIGN §3.4). */
import { type ControlHistory, historyOf, holderAt, logKeyOf, eraAt } from '@verbatim/consensus';
import { type DecodedEntry, keyidOfVkey, PREDICATE, STATEMENT_TYPE, verifySignatures } from '@verbatim/statements';
import { bytesEqual, type Ed25519Verify, fromHex, type Hash, toBase64, utf8Decode, utf8Encode, type VerifierKey } from '@verbatim/tlog';
import { decodeOrNull } from './decode-or-null.ts';
import { ClientError } from './errors.ts';

/** What a policy, or a successor statement, pins of a log: every chain of signatures begins with `root`. */
export interface LogAnchor {
  readonly logKey: VerifierKey;
  readonly root: VerifierKey;
}

export interface IndexedEntry {
  readonly index: bigint;
  readonly entry: Uint8Array;
}

/** A log as another one named it in its successor statement. */
export interface SuccessorLog {
  readonly vkey: string;
  /** Signs its control statements. */
  readonly rootVkey: string;
  readonly url: string;
}

/** What a log's successor statement says: the entries before it are, byte for byte, the beginning of another log. */
export interface SuccessorClaim {
  /** Number of those entries: the statement's own index. */
  readonly size: bigint;
  /** Of this log at `size`. */
  readonly root: Hash;
  readonly log: SuccessorLog;
}

/** More changes of keys than a log makes in its life are passed over: each is held against all before it. */
export const MAX_KEY_CHANGES = 128;

/** Freezing and terms of admission change nobody's key. */
const FOLLOWED_ACTIONS: ReadonlySet<string> = new Set(['genesis', 'rotate', 'successor']);

/**
 * The log's first entries, but for all that says nothing about keys. Immutable. A statement that no chain from the root key leads to is passed
 * over: whether a log may hold it is for those who judge it, and nobody is led away by it.
 */
export class ControlTrail {
  readonly #anchor: LogAnchor;
  readonly #entries: readonly IndexedEntry[];
  /** Entries below it were read. */
  readonly next: bigint;
  readonly #verify: Ed25519Verify;
  readonly #history: ControlHistory;

  /**
   * @param entries ascending, with indexes below `next`
   * @param history what they tell, if that is known
   */
  constructor(anchor: LogAnchor, entries: readonly IndexedEntry[], next: bigint, verify: Ed25519Verify, history?: ControlHistory) {
    this.#anchor = anchor;
    this.#entries = entries;
    this.next = next;
    this.#verify = verify;
    this.#history = history ?? historyOf({ entries: entries.map((each) => ({ ...each, proof: [] })) }, asPinned(anchor), verify);
  }

  /** Whether every chain of signatures begins with these very keys. */
  isAnchoredIn({ logKey, root }: LogAnchor): boolean {
    return this.#anchor.logKey.text === logKey.text && this.#anchor.root.text === root.text;
  }

  /** JSON, to be kept. */
  get text(): string {
    return JSON.stringify(this.#entries.map(({ index, entry }) => [Number(index), utf8Decode(entry)]));
  }

  /** A trail of the same log as kept before, from what `text` made. Throws `ClientError` 'unusable' for anything else. */
  restored(text: string, next: bigint): ControlTrail {
    try {
      const pairs = JSON.parse(text) as [number, string][];
      const entries = pairs.map(([index, entry]) => ({ index: BigInt(index), entry: utf8Encode(entry) }));
      const trail = new ControlTrail(this.#anchor, entries, next, this.#verify);
      if (trail.text !== text) throw new Error('expected what was written, found a change');
      return trail;
    } catch (cause) {
      throw new ClientError('unusable', 'expected control entries in the kept position: the kept state is damaged', { cause });
    }
  }

  /** The trail behind these entries too, which follow those that were read. */
  with(entries: readonly IndexedEntry[]): ControlTrail {
    return entries.reduce<ControlTrail>((trail, entry) => trail.#withOne(entry, keyChangeIn(entry)), this).#endingAt(entries);
  }

  /** The same, but for the first entry that hands the log over, and what comes after it. */
  upToSuccessor(entries: readonly IndexedEntry[]): { readonly trail: ControlTrail; readonly claim: SuccessorClaim | null } {
    let trail = this.with([]);
    for (const [at, entry] of entries.entries()) {
      const decoded = keyChangeIn(entry);
      const claim = decoded === null ? null : trail.#claimOf(entry.index, decoded);
      if (claim !== null) return { trail: trail.#endingAt(entries.slice(0, at)), claim };
      trail = trail.#withOne(entry, decoded);
    }
    return { trail: trail.#endingAt(entries), claim: null };
  }

  /** The same entries, as the log that goes on from this one after `size` entries has them. */
  continuedBy(anchor: LogAnchor, size: bigint): ControlTrail {
    return new ControlTrail(
      anchor,
      this.#entries.filter(({ index }) => index < size),
      size,
      this.#verify,
    );
  }

  /** The key whose signature a checkpoint of this size must carry, if no entry from `next` on changes it. */
  logKeyAt(size: bigint): VerifierKey {
    const { logKey } = this.#anchor;
    return this.#isAnchored ? (logKeyOf(this.#history, logKey.name, size)?.key ?? logKey) : logKey;
  }

  /** Every key that the log has had, or has by now. */
  get logKeys(): readonly VerifierKey[] {
    const { logKey } = this.#anchor;
    const own = this.#isAnchored ? this.#history.eras.find(({ origin }) => origin === logKey.name) : undefined;
    return own?.terms.log.map(({ key }) => key) ?? [logKey];
  }

  /** The log that goes on from this one, as its root key named it; null while it goes on by itself. Whether it does so is still to be seen. */
  get successor(): SuccessorLog | null {
    const { successor, eras } = this.#history;
    if (successor === null || !this.#isAnchored || eras.at(-1)!.origin !== this.#anchor.logKey.name) return null;
    const { vkey, rootVkey, url } = successor;
    return { vkey, rootVkey, url };
  }

  /** The log that sequenced an entry: this one, or one that it goes on from. */
  originAt(index: bigint): string {
    return this.#isAnchored ? eraAt(this.#history, index).origin : this.#anchor.logKey.name;
  }

  #withOne({ index, entry }: IndexedEntry, decoded: DecodedEntry | null): ControlTrail {
    if (decoded === null || this.#entries.length > MAX_KEY_CHANGES) return this;
    const longer = new ControlTrail(this.#anchor, [...this.#entries, { index, entry }], index + 1n, this.#verify);
    // Entry 0 is signed by the root key that it names. Whether the pinned one is a link of its chain, later entries may show.
    return index === 0n || longer.#history.findings.every((finding) => finding.index !== index) ? longer : this;
  }

  #endingAt(entries: readonly IndexedEntry[]): ControlTrail {
    const next = entries.length === 0 ? this.next : entries.at(-1)!.index + 1n;
    return this.next === next ? this : new ControlTrail(this.#anchor, this.#entries, next, this.#verify, this.#history);
  }

  /** What a statement hands over to, if it is this log's successor statement, and the root key of that moment signed it. */
  #claimOf(index: bigint, decoded: DecodedEntry): SuccessorClaim | null {
    const { statement } = decoded;
    if (statement.predicateType !== PREDICATE.control || statement.predicate.action !== 'successor') return null;
    const { origin, vkey, rootVkey, url, size, root } = statement.predicate;
    if (origin !== this.#anchor.logKey.name || !this.#isSignedByRoot(decoded, index)) return null;
    return { size: BigInt(size), root: fromHex(root), log: { vkey, rootVkey, url } };
  }

  get #isAnchored(): boolean {
    return this.#history.findings.length === 0;
  }

  #isSignedByRoot({ envelope }: DecodedEntry, index: bigint): boolean {
    const { root } = this.#anchor;
    const { publicKey, keyid } = (this.#isAnchored ? this.#rootAt(index) : null) ?? { publicKey: root.publicKey, keyid: keyidOfVkey(root) };
    try {
      return verifySignatures(envelope, [{ keyid, publicKey }], this.#verify).includes(keyid);
    } catch {
      return false;
    }
  }

  #rootAt(index: bigint): { readonly keyid: string; readonly publicKey: Uint8Array } | null {
    const term = holderAt(this.#history, 'root', index);
    return term === null ? null : { keyid: term.keyid, publicKey: term.key.publicKey };
  }
}

function asPinned({ logKey, root }: LogAnchor): Parameters<typeof historyOf>[1] {
  return { log: { key: logKey }, root };
}

/**
 * How an entry begins that holds a control statement: canonical JSON has its members in order. Whatever begins otherwise, nearly everything, need
 * not be decoded. (Base64 of whole groups of three bytes.)
 */
const CONTROL_BEGINNING = utf8Encode(
  `{"payload":"${toBase64(utf8Encode(`{"_type":"${STATEMENT_TYPE}","predicate":{"action":`).subarray(0, 63))}`,
);

/** Whether an entry may change who speaks for a log: whoever keeps entries for a trail need keep no others. */
export function mayChangeKeys(entry: IndexedEntry): boolean {
  return keyChangeIn(entry) !== null;
}

/** What an entry says, if it may change who speaks for a log. */
function keyChangeIn({ entry }: IndexedEntry): DecodedEntry | null {
  if (!bytesEqual(entry.subarray(0, CONTROL_BEGINNING.length), CONTROL_BEGINNING)) return null;
  const decoded = decodeOrNull(entry);
  if (decoded?.statement.predicateType !== PREDICATE.control) return null;
  return FOLLOWED_ACTIONS.has(decoded.statement.predicate.action) ? decoded : null;
}
