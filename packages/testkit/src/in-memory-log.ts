/** A log without a service: entries in, checkpoints, proofs and tiles out. Slow, small and obviously right. */
import {
  addPairsSync,
  EMPTY_MAP,
  lookupKey,
  type MapState,
  MemoryNodeStore,
  type Pair,
  provePrefixSync,
  rootOf,
} from '@verbatim/index-map';
import { type Lookup, makeControl, signStatement, type Statement } from '@verbatim/statements';
import {
  CompactRange,
  TILE_WIDTH,
  concatBytes,
  cosign,
  encodeBundle,
  entriesPath,
  formatCheckpoint,
  formatNote,
  fromHex,
  hashLeaf,
  parseNote,
  parseTilePath,
  planConsistency,
  planInclusion,
  signNote,
  tilePath,
  tileWidth,
  toBase64,
  toHex,
  utf8Decode,
  type Hash,
  type NodeId,
  type ProofPlan,
  type Signer,
} from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { TEST_TIME } from './clock.ts';
import { indexLookups, indexPairs } from './in-memory-index.ts';
import { testSigner } from './keys.ts';

export interface InMemoryLogOptions {
  /** Origin, and name of the log's key. */
  readonly origin?: string;
  readonly signer?: Signer;
  /** They cosign every checkpoint unless a call says otherwise. */
  readonly witnesses?: readonly Signer[];
}

export interface CheckpointOptions {
  readonly size?: bigint;
  readonly witnesses?: readonly Signer[];
  /** POSIX seconds of the cosignatures. */
  readonly timestamp?: number;
}

export interface LoggedEntry {
  readonly index: bigint;
  readonly entry: Uint8Array;
  readonly proof: Hash[];
}

/** What a verdict is computed from. */
export interface InMemoryEvidence {
  readonly checkpoint: Uint8Array;
  readonly entries: readonly LoggedEntry[];
  readonly index: readonly Pick<ProvedLookup, 'lookup' | 'proof'>[];
}

/** What the log says about one lookup key. */
export interface ProvedLookup {
  readonly lookup: Lookup;
  /** Ascending. */
  readonly entries: readonly bigint[];
  /** Prefix proof over the entries before the last index-root entry. */
  readonly proof: Uint8Array;
}

const TEST_SECONDS = Date.parse(TEST_TIME) / 1000;
const label = ({ level, index }: NodeId): string => `${level}/${index}`;

export class InMemoryLog {
  readonly origin: string;
  readonly signer: Signer;
  readonly witnesses: readonly Signer[];
  readonly #entries: Uint8Array[] = [];
  readonly #nodes = new Map<string, Hash>();
  readonly #roots: Hash[] = [];
  readonly #range = new CompactRange();
  readonly #indexes = new Map<bigint, { readonly nodes: MemoryNodeStore; readonly state: MapState }>();
  #sealed = -1n;

  constructor({ origin = 'log.example/test', signer = testSigner(origin), witnesses = [] }: InMemoryLogOptions = {}) {
    this.origin = origin;
    this.signer = signer;
    this.witnesses = witnesses;
    this.#roots.push(this.#range.root());
  }

  get vkey(): string {
    return vkeyOf(this.signer);
  }

  get size(): bigint {
    return this.#range.size;
  }

  /** Adds entry bytes as they are, and returns their index. */
  add(entry: Uint8Array): bigint {
    const index = this.size;
    this.#entries.push(entry);
    this.#range.append(hashLeaf(entry), (id, hash) => this.#nodes.set(label(id), hash));
    this.#roots.push(this.#range.root());
    return index;
  }

  /** Signs a statement and adds it. */
  addStatement(statement: Statement, ...signers: readonly Signer[]): bigint {
    return this.add(signStatement(statement, signers));
  }

  /** Ends a batch with the index-root entry over everything before it, unless nothing came since the last one. The new size. */
  seal(): bigint {
    if (this.#sealed === this.size) return this.size;
    const root = toHex(rootOf(this.#indexOf(this.size).state));
    this.addStatement(makeControl({ action: 'index-root', origin: this.origin, size: Number(this.size), root }), this.signer);
    this.#sealed = this.size;
    return this.size;
  }

  /** Everything under each of these lookup keys, with proofs for a log of `size` entries, the last of which is an index root. */
  index(lookups: readonly Lookup[], size: bigint = this.size): ProvedLookup[] {
    return lookups.map((lookup) => ({ lookup, ...this.#under(lookupKey(lookup.type, lookup.value), size) }));
  }

  /** What a log answers to `GET index?lookup=…`, as JSON text. */
  answerIndex(query: string, options: CheckpointOptions = {}): string {
    const lookups = new URLSearchParams(query).getAll('lookup').map((lookup) => {
      const { entries, proof } = this.#under(fromHex(lookup), options.size ?? this.size);
      return { lookup, entries: entries.map(Number), proof: toBase64(proof) };
    });
    return JSON.stringify({ checkpoint: utf8Decode(this.checkpoint(options)), lookups });
  }

  /** Everything logged, sealed, with proofs for each lookup key under which questions ask, and for `others`: as much as evidence can be. */
  evidence(others: readonly Lookup[] = [], options: CheckpointOptions = {}): InMemoryEvidence {
    const size = this.seal();
    const found = indexLookups(this.#entries, this.origin).filter(({ lookup: { type } }) => !['observed', 'rebuilder'].includes(type));
    const lookups = new Map([...found.map(({ lookup }) => lookup), ...others].map((lookup) => [`${lookup.type}:${lookup.value}`, lookup]));
    const sorted = [...lookups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, lookup]) => lookup);
    const entries = this.proved(Array.from({ length: Number(size) }, (_, index) => BigInt(index)));
    return { checkpoint: this.checkpoint(options), entries, index: this.index(sorted).map(({ lookup, proof }) => ({ lookup, proof })) };
  }

  entry(index: bigint): Uint8Array {
    return this.#entries[Number(index)]!;
  }

  leafHash(index: bigint): Hash {
    return hashLeaf(this.entry(index));
  }

  root(size: bigint = this.size): Hash {
    return this.#roots[Number(size)]!;
  }

  /** A signed and cosigned checkpoint note. */
  checkpoint({ size = this.size, witnesses = this.witnesses, timestamp = TEST_SECONDS }: CheckpointOptions = {}): Uint8Array {
    const text = formatCheckpoint({ origin: this.origin, size, root: this.root(size) });
    const { signatures } = parseNote(signNote(text, [this.signer]));
    return formatNote({ text, signatures: [...signatures, ...witnesses.map((witness) => cosign(text, witness, BigInt(timestamp)))] });
  }

  inclusionProof(index: bigint, size: bigint = this.size): Hash[] {
    return this.#prove(planInclusion(index, size));
  }

  consistencyProof(size1: bigint, size2: bigint = this.size): Hash[] {
    return this.#prove(planConsistency(size1, size2));
  }

  /** Entries with their proofs at `size`: what a client gathers. */
  proved(indexes: readonly bigint[], size: bigint = this.size): LoggedEntry[] {
    return indexes.map((index) => ({ index, entry: this.entry(index), proof: this.inclusionProof(index, size) }));
  }

  /** What a log serves under a C2SP tlog-tiles path, at the current size; null for a 404. `checkpoint` works as well. */
  read(path: string): Uint8Array | null {
    if (path === 'checkpoint') return this.checkpoint();
    const tile = parseTilePath(path);
    if (tile === null) return null;
    const level = tile.kind === 'tile' ? tile.level : 0;
    if (tileWidth(level, tile.index, this.size) < tile.width) return null;
    const first = tile.index * BigInt(TILE_WIDTH);
    if (tile.kind === 'entries') return encodeBundle(this.#entries.slice(Number(first), Number(first) + tile.width));
    const hashes = Array.from({ length: tile.width }, (_, i) => this.#nodes.get(label({ level: 8 * level, index: first + BigInt(i) }))!);
    return concatBytes(...hashes);
  }

  /** Path → bytes of every tile and bundle of the tree of `size`, and its checkpoint. */
  tiles(size: bigint = this.size): Map<string, Uint8Array> {
    const files = new Map([['checkpoint', this.checkpoint({ size })]]);
    for (let level = 0; tileWidth(level, 0n, size) > 0; level++) {
      for (let index = 0n; tileWidth(level, index, size) > 0; index++) {
        const width = tileWidth(level, index, size);
        const paths = level === 0 ? [tilePath(level, index, width), entriesPath(index, width)] : [tilePath(level, index, width)];
        for (const path of paths) files.set(path, this.read(path)!);
      }
    }
    return files;
  }

  #under(key: Hash, size: bigint): { entries: bigint[]; proof: Uint8Array } {
    const { nodes, state } = this.#indexOf(size - 1n);
    const { pairs, proof } = provePrefixSync(nodes, state, key);
    return { entries: pairs.map(entryOf), proof };
  }

  /** The index over the first `size` entries. */
  #indexOf(size: bigint): { readonly nodes: MemoryNodeStore; readonly state: MapState } {
    const known = this.#indexes.get(size);
    if (known !== undefined) return known;
    const nodes = new MemoryNodeStore();
    const change = addPairsSync(nodes, EMPTY_MAP, indexPairs(this.#entries.slice(0, Number(size)), this.origin));
    nodes.apply(change);
    const made = { nodes, state: change.state };
    this.#indexes.set(size, made);
    return made;
  }

  #prove(plan: ProofPlan): Hash[] {
    return plan.assemble(plan.nodes.map((id) => this.#nodes.get(label(id))!));
  }
}

function entryOf({ key }: Pair): bigint {
  return new DataView(key.buffer, key.byteOffset + 32, 8).getBigUint64(0);
}
