/** Test helper: a log that signs whatever it is asked to, with real trees and proofs. */
import {
  CompactRange,
  EMPTY_ROOT,
  formatAddCheckpoint,
  formatCheckpoint,
  hashLeaf,
  planConsistency,
  signNote,
  utf8Encode,
  type Hash,
  type NodeId,
  type Signer,
} from '@verbatim/tlog';
import { generateSeed, signerFromSeed, vkeyOf } from '@verbatim/tlog/node';

export class TestLog {
  readonly origin: string;
  readonly signer: Signer;
  readonly vkey: string;
  readonly #nodes = new Map<string, Hash>();
  readonly #roots: Hash[] = [EMPTY_ROOT];

  /** `size` entries; logs with different `history` differ from entry 0 on. Two with one seed are the two faces of one log. */
  constructor({ origin = 'example.org/log', size = 64, history = 'a', seed = generateSeed() } = {}) {
    this.origin = origin;
    this.signer = signerFromSeed(origin, seed);
    this.vkey = vkeyOf(this.signer);
    const range = new CompactRange();
    for (let i = 0; i < size; i++) {
      range.append(hashLeaf(utf8Encode(`${history} ${i}`)), (id, hash) => this.#nodes.set(keyOf(id), hash));
      this.#roots.push(range.root());
    }
  }

  root(size: number): Hash {
    return this.#roots[size]!;
  }

  proof(from: number, to: number): Hash[] {
    const plan = planConsistency(BigInt(from), BigInt(to));
    return plan.assemble(plan.nodes.map((id) => this.#nodes.get(keyOf(id))!));
  }

  /** Signed over any text. */
  sign(text: string): Uint8Array {
    return signNote(text, [this.signer]);
  }

  checkpoint(size: number, root: Hash = this.root(size)): Uint8Array {
    return this.sign(formatCheckpoint({ origin: this.origin, size: BigInt(size), root }));
  }

  /** The body of a correct request. */
  request(from: number, to: number): Uint8Array {
    const proof = from === 0 || from === to ? [] : this.proof(from, to);
    return formatAddCheckpoint({ oldSize: BigInt(from), proof, checkpoint: this.checkpoint(to) });
  }
}

function keyOf({ level, index }: NodeId): string {
  return `${level}/${index}`;
}
