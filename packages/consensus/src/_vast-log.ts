/**
 * For tests: the checkpoint, proofs and index of a log as large as one likes, of which only a few entries exist. What is beside the paths to
 * them, in the tree and in the index, are made-up hashes; everything that evidence shows is real and verifies.
 */
import { hashInner, lookupKey, mapKey, rootOfPairs } from '@verbatim/index-map';
import { type Lookup, makeControl, signStatement } from '@verbatim/statements';
import {
  concatBytes,
  cosign,
  formatCheckpoint,
  formatNote,
  type Hash,
  hashLeaf,
  hashNode,
  parseNote,
  sha256,
  type Signer,
  signNote,
  splitPoint,
  toHex,
  utf8Encode,
} from '@verbatim/tlog';
import type { Evidence, EvidenceEntry, LookupProof } from './evidence.ts';

const madeUp = (what: string): Hash => sha256(utf8Encode(`made up: ${what}`));

export interface VastLog {
  readonly origin: string;
  readonly signer: Signer;
  readonly witnesses: readonly Signer[];
  /** POSIX seconds of the cosignatures. */
  readonly timestamp: bigint;
  readonly size: bigint;
  /** Inner nodes of the index above the entries of one lookup key. */
  readonly depth: number;
}

/** @param entries ascending by index @param lookups two, with the indexes of all entries under each */
export function vastEvidence(
  { origin, signer, witnesses, timestamp, size, depth }: VastLog,
  entries: readonly { readonly index: bigint; readonly entry: Uint8Array }[],
  lookups: readonly { readonly lookup: Lookup; readonly under: readonly bigint[] }[],
): Evidence {
  const subtrees = lookups.map(({ lookup, under }) => {
    const prefix = lookupKey(lookup.type, lookup.value);
    const pairs = under.map((index) => ({
      key: mapKey(prefix, index),
      value: hashLeaf(entries.find((each) => each.index === index)!.entry),
    }));
    return { lookup, prefix, hash: rootOfPairs(pairs) };
  });
  const { root, proofs } = joinIndex(subtrees, depth);
  const last = size - 1n;
  const stated = signStatement(makeControl({ action: 'index-root', origin, size: Number(last), root: toHex(root) }), [signer]);
  const tree = plantTree([...entries, { index: last, entry: stated }], size);
  const text = formatCheckpoint({ origin, size, root: tree.root });
  const { signatures } = parseNote(signNote(text, [signer]));
  const checkpoint = formatNote({ text, signatures: [...signatures, ...witnesses.map((witness) => cosign(text, witness, timestamp))] });
  return { checkpoint, entries: tree.entries, index: proofs };
}

interface Subtree {
  readonly lookup: Lookup;
  readonly prefix: Hash;
  readonly hash: Hash;
}

/** Two subtrees in one index, each below `depth` inner nodes at the first bits. */
function joinIndex(subtrees: readonly Subtree[], depth: number): { root: Hash; proofs: LookupProof[] } {
  const [one, other] = subtrees as [Subtree, Subtree];
  const bitOf = (key: Uint8Array, bit: number): number => (key[bit >> 3]! >> (7 - (bit & 7))) & 1;
  const fork = Array.from({ length: depth }, (_, bit) => bit).find((bit) => bitOf(one.prefix, bit) !== bitOf(other.prefix, bit))!;
  const join = (bit: number, key: Hash, hash: Hash, sibling: Hash): Hash =>
    bitOf(key, bit) === 0 ? hashInner(bit, hash, sibling) : hashInner(bit, sibling, hash);
  const climb = (key: Hash, hash: Hash, from: number, to: number, steps: Uint8Array[]): Hash => {
    for (let bit = from; bit >= to; bit--) {
      const sibling = madeUp(`index ${bit} ${bit > fork ? toHex(key) : ''}`);
      steps.push(concatBytes(Uint8Array.of(bit), sibling));
      hash = join(bit, key, hash, sibling);
    }
    return hash;
  };
  const below = [one, other].map((subtree) => {
    const steps: Uint8Array[] = [];
    return { ...subtree, steps, top: climb(subtree.prefix, subtree.hash, depth - 1, fork + 1, steps) };
  }) as [Subtree & { steps: Uint8Array[]; top: Hash }, Subtree & { steps: Uint8Array[]; top: Hash }];
  const above: Uint8Array[] = [];
  const root = climb(one.prefix, join(fork, one.prefix, below[0].top, below[1].top), fork - 1, 0, above);
  const proofs = below.map(({ lookup, steps }, i) => ({
    lookup,
    proof: concatBytes(...steps, Uint8Array.of(fork), below[1 - i]!.top, ...above),
  }));
  return { root, proofs: proofs.toSorted((a, b) => (a.lookup.type < b.lookup.type ? -1 : 1)) };
}

function plantTree(
  entries: readonly { readonly index: bigint; readonly entry: Uint8Array }[],
  size: bigint,
): { root: Hash; entries: EvidenceEntry[] } {
  const proofs: Hash[][] = entries.map(() => []);
  const walk = (start: bigint, end: bigint): Hash => {
    const inside = entries.flatMap(({ index }, i) => (index >= start && index < end ? [i] : []));
    if (inside.length === 0) return madeUp(`tree ${start} ${end}`);
    if (end - start === 1n) return hashLeaf(entries[inside[0]!]!.entry);
    const middle = start + splitPoint(end - start);
    const [left, right] = [walk(start, middle), walk(middle, end)];
    for (const i of inside) proofs[i]!.push(entries[i]!.index < middle ? right : left);
    return hashNode(left, right);
  };
  const root = walk(0n, size);
  return { root, entries: entries.map((each, i) => ({ ...each, proof: proofs[i]! })) };
}
