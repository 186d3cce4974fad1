/** RFC 6962 §2.1 as it is written: recursion over the leaves, remembered by range. The tests' reference. */
import { EMPTY_ROOT, hashLeaf, hashNode, utf8Encode, type Hash, type NodeId } from './index.ts';

export class NaiveTree {
  readonly leaves: Hash[];
  readonly #known = new Map<number, Hash>();

  /** A tree over the entries "entry 0", "entry 1", … */
  constructor(size: number) {
    this.leaves = Array.from({ length: size }, (_, i) => hashLeaf(utf8Encode(`entry ${i}`)));
  }

  /** MTH(D[start:end]). */
  hash(start: number, end: number): Hash {
    if (start === end) return EMPTY_ROOT;
    if (end - start === 1) return this.leaves[start]!;
    const label = start * 65_536 + end;
    const known = this.#known.get(label);
    if (known !== undefined) return known;
    const middle = start + split(end - start);
    const hash = hashNode(this.hash(start, middle), this.hash(middle, end));
    this.#known.set(label, hash);
    return hash;
  }

  root(size: number): Hash {
    return this.hash(0, size);
  }

  /** The hashes of complete subtrees. */
  read(nodes: readonly NodeId[]): Hash[] {
    return nodes.map(({ level, index }) => this.hash(Number(index) * 2 ** level, (Number(index) + 1) * 2 ** level));
  }

  /** PATH(m, D[start:end]), §2.1.1. */
  path(m: number, start: number, end: number): Hash[] {
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    return m < middle - start
      ? [...this.path(m, start, middle), this.hash(middle, end)]
      : [...this.path(m - (middle - start), middle, end), this.hash(start, middle)];
  }

  /** SUBPROOF(m, D[start:end], b), §2.1.2; PROOF(m, D[n]) = SUBPROOF(m, D[0:n], true). */
  subproof(m: number, start: number, end: number, b: boolean): Hash[] {
    if (m === end - start) return b ? [] : [this.hash(start, end)];
    const middle = start + split(end - start);
    return m <= middle - start
      ? [...this.subproof(m, start, middle, b), this.hash(middle, end)]
      : [...this.subproof(m - (middle - start), middle, end, false), this.hash(start, middle)];
  }
}

/** The largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}
