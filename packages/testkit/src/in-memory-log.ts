/** A log without a service: entries in, checkpoints, proofs and tiles out. Slow, small and obviously right. */
import { lookupKey, type Pair } from '@verbatim/index-map';
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
  hashLeaf,
  parseNote,
  parseTilePath,
  planConsistency,
  planInclusion,
  signNote,
  tilePath,
  tileWidth,
  toHex,
  type Hash,
  type NodeId,
  type ProofPlan,
  type Signer,
} from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { TEST_TIME } from './clock.ts';
import { indexPairs, indexRoot, proveLookup } from './in-memory-index.ts';
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
  readonly #pairs = new Map<bigint, readonly Pair[]>();
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
    const root = toHex(indexRoot(this.#pairsOf(this.size)));
    this.addStatement(makeControl({ action: 'index-root', origin: this.origin, size: Number(this.size), root }), this.signer);
    this.#sealed = this.size;
    return this.size;
  }

  /** Everything under each of these lookup keys, with proofs for a log of `size` entries, the last of which is an index root. */
  index(lookups: readonly Lookup[], size: bigint = this.size): ProvedLookup[] {
    const pairs = this.#pairsOf(size - 1n);
    return lookups.map((lookup) => {
      const key = toHex(lookupKey(lookup.type, lookup.value));
      const entries = pairs.flatMap((pair) => (toHex(pair.key.subarray(0, 32)) === key ? [indexOf(pair)] : []));
      return { lookup, entries, proof: proveLookup(pairs, lookup) };
    });
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

  /** Of the index over the first `size` entries. */
  #pairsOf(size: bigint): readonly Pair[] {
    const known = this.#pairs.get(size);
    const pairs = known ?? indexPairs(this.#entries.slice(0, Number(size)), this.origin);
    this.#pairs.set(size, pairs);
    return pairs;
  }

  #prove(plan: ProofPlan): Hash[] {
    return plan.assemble(plan.nodes.map((id) => this.#nodes.get(label(id))!));
  }
}

function indexOf({ key }: Pair): bigint {
  return new DataView(key.buffer, key.byteOffset + 32, 8).getBigUint64(0);
}
