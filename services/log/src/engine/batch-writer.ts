import type { Leaf, PublicFolder, Tree } from '@verbatim/service-kit/tree';
import { formatCheckpoint, type Signer, signNote } from '@verbatim/tlog';
import type { Candidate } from '../admission/candidate.ts';
import type { SignedCheckpoint } from '../publication/collector.ts';
import type { BatchWriter } from '../sequencer/sequencer.ts';
import type { CheckpointStore, StoredCheckpoint } from '../store/checkpoints.ts';
import type { Ledger, SequencedBatch } from '../store/ledger.ts';

export interface BatchWriterOptions {
  readonly origin: string;
  /** Who signs the checkpoint of a size, the current key first. */
  readonly signersAt: (size: bigint) => readonly Signer[];
  readonly ledger: Pick<Ledger, 'sequence'>;
  readonly tree: Tree;
  readonly folder: Pick<PublicFolder, 'writeTiles'>;
  readonly checkpoints: Pick<CheckpointStore, 'swapSigned'>;
  /** What the database holds as signed, null in a new log. */
  readonly signed: StoredCheckpoint | null;
  readonly onSigned: (checkpoint: SignedCheckpoint) => void;
  readonly now: () => number;
}

/**
 * The write points of DESIGN §3.6 in their order: transaction → bundles and tiles → signature → compare-and-swap. Each is durable before the
 * next begins, so a restart finds a prefix of them and repeats the rest; all of them give the same bytes when repeated.
 */
export class LogBatchWriter implements BatchWriter {
  readonly #options: BatchWriterOptions;
  #signed: StoredCheckpoint | null;

  constructor(options: BatchWriterOptions) {
    this.#options = options;
    this.#signed = options.signed;
  }

  get signed(): StoredCheckpoint | null {
    return this.#signed;
  }

  commit(candidates: readonly Candidate[]): SequencedBatch {
    return this.#options.ledger.sequence(candidates, Math.floor(this.#options.now() / 1000));
  }

  async integrate(leaves: readonly Leaf[]): Promise<void> {
    await this.grow(leaves);
    this.sign();
  }

  /** Bundles and tiles. Only what ends a batch may be signed after it. */
  async grow(leaves: readonly Leaf[]): Promise<void> {
    const { tree, folder } = this.#options;
    await folder.writeTiles(tree.append(leaves));
  }

  /** Signs the tree as it is, by compare-and-swap. */
  sign(): void {
    const { origin, signersAt, tree, checkpoints, onSigned } = this.#options;
    const root = tree.root();
    const text = formatCheckpoint({ origin, size: tree.size, root });
    const note = signNote(text, signersAt(tree.size));
    const next: StoredCheckpoint = { size: tree.size, root, compactRange: tree.compactRange(), note };
    checkpoints.swapSigned(this.#signed, next);
    this.#signed = next;
    onSigned({ size: next.size, text, note });
  }
}
