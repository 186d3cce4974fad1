/** One batch of entries in the hands of the auditor. */
import { IndexMapError, lookupKey, mapKey } from '@verbatim/index-map';
import {
  type ControlStatement,
  type DecodedEntry,
  keyidOf,
  lookupsOf,
  PREDICATE,
  type Statement,
  verifySignatures,
} from '@verbatim/statements';
import { type Ed25519Verify, parseCheckpoint, parseNote, parseVkey, toHex, type VerifierKey } from '@verbatim/tlog';
import type { FollowedEntry, FollowPosition } from '../follow/consumer.ts';
import { type IndexFinding, type IndexFindingKind, MAX_INDEX_FINDINGS } from './finding.ts';
import type { GrowingMap } from './growing-map.ts';
import type { Progress } from './progress.ts';
import type { Releases } from './releases.ts';

export interface AuditPassOptions {
  /** Null at entry 0. */
  readonly before: Progress | null;
  /** Behind this batch. */
  readonly position: FollowPosition;
  readonly logKey: VerifierKey;
  readonly earlierKeys: readonly VerifierKey[];
  readonly map: GrowingMap;
  readonly releases: Releases;
  readonly verify: Ed25519Verify;
}

/** Newest keys that are remembered. Who signed a rotation is not checked here: without a limit a log could make this grow for ever. */
const MAX_KEYS = 64;

type IndexRoot = Extract<ControlStatement['predicate'], { action: 'index-root' }>;

export class AuditPass {
  readonly #options: AuditPassOptions;
  readonly #origin: string;
  /** Sizes that the log has published, as far as we saw. */
  readonly #published: ReadonlySet<bigint>;
  readonly #findings: IndexFinding[];
  #vkeys: readonly string[];
  #sealed: boolean;
  #inherited: boolean;

  constructor(options: AuditPassOptions) {
    const { before, position, logKey, earlierKeys } = options;
    this.#options = options;
    this.#origin = logKey.name;
    this.#published = new Set([...(before === null ? [] : [sizeOf(before.position)]), sizeOf(position)]);
    this.#findings = [...(before?.findings ?? [])];
    this.#vkeys = [...(before?.vkeys ?? [...earlierKeys, logKey].map(({ text }) => text))];
    this.#sealed = before?.sealed ?? false;
    this.#inherited = before?.inherited ?? false;
  }

  take({ index: at, entry, leafHash }: FollowedEntry, decoded: DecodedEntry | null): void {
    const index = Number(at);
    const root = decoded === null ? null : indexRootOf(decoded.statement);
    if (decoded === null) this.#found('malformed-entry', index, 'a statement that a log admits', `${entry.length} other bytes`);
    else if (root !== null) this.#root(index, root, decoded);
    else this.#index(index, leafHash, decoded.statement);
    this.#sealed = root !== null;
    if (!this.#sealed && this.#published.has(at + 1n)) {
      this.#found('missing-root', index, `an index root at the end of the published size ${at + 1n}`, 'another entry');
    }
  }

  progress(): Progress {
    const { before, position } = this.#options;
    const [sealed, inherited] = [this.#sealed, this.#inherited];
    return { position, sealed, inherited, vkeys: this.#vkeys, findings: this.#findings, evidencePath: before?.evidencePath ?? null };
  }

  #root(index: number, { origin, size, root }: IndexRoot, decoded: DecodedEntry): void {
    // A log that goes on from another has that one's index roots, which are about that one's index.
    if (this.#inherited && origin !== this.#origin) return;
    if (this.#sealed) this.#found('two-roots', index, 'an index root to end a batch of entries', 'one right after another');
    if (origin !== this.#origin) this.#found('foreign-root', index, `an index root of ${this.#origin}`, `one of ${origin}`);
    else if (!this.#isSigned(decoded)) this.#found('foreign-root', index, "the signature of the log's key alone", 'another');
    if (size !== index) this.#found('wrong-size', index, `the size ${index}`, `${size}`);
    const computed = toHex(this.#options.map.root());
    if (root !== computed) this.#found('wrong-root', index, `the root ${computed}, which follows from the entries before`, root);
  }

  #index(index: number, leafHash: Uint8Array, statement: Statement): void {
    const { releases, map } = this.#options;
    releases.add(index, statement);
    if (statement.predicateType === PREDICATE.control) this.#control(index, statement);
    const releaseAt = (of: number) => (of < index ? releases.at(of) : null);
    try {
      const lookups = lookupsOf(statement, { origin: this.#origin, releaseAt });
      map.add(lookups.map(({ type, value }) => ({ key: mapKey(lookupKey(type, value), BigInt(index)), value: leafHash })));
    } catch (error) {
      if (!(error instanceof IndexMapError)) throw error;
      this.#found('malformed-entry', index, 'a statement that a log admits', error.message);
    }
  }

  #control(index: number, { predicate }: ControlStatement): void {
    const own = predicate.origin === this.#origin;
    if (predicate.action === 'genesis') this.#inherited = !own && (index === 0 || this.#inherited);
    if (!own || predicate.action !== 'rotate' || predicate.key !== 'log') return;
    if (!this.#vkeys.includes(predicate.old) || this.#vkeys.includes(predicate.vkey)) return;
    this.#vkeys = [...this.#vkeys, predicate.vkey].slice(-MAX_KEYS);
  }

  #isSigned({ envelope }: DecodedEntry): boolean {
    if (envelope.signatures.length !== 1) return false;
    const { logKey, verify } = this.#options;
    const keys = this.#vkeys.map((vkey) => (vkey === logKey.text ? logKey : parseVkey(vkey)));
    try {
      const known = keys.map(({ name, publicKey }) => ({ keyid: keyidOf(name, publicKey), publicKey }));
      return verifySignatures(envelope, known, verify).length === 1;
    } catch {
      return false;
    }
  }

  #found(kind: IndexFindingKind, index: number, expected: string, found: string): void {
    if (this.#findings.length < MAX_INDEX_FINDINGS) this.#findings.push({ kind, index, expected, found });
  }
}

function indexRootOf({ predicateType, predicate }: Statement): IndexRoot | null {
  return predicateType === PREDICATE.control && predicate.action === 'index-root' ? predicate : null;
}

function sizeOf({ checkpoint }: FollowPosition): bigint {
  return parseCheckpoint(parseNote(checkpoint).text).size;
}
