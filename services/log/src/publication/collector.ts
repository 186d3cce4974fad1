import type { NoteSignature } from '@verbatim/tlog';

/** A checkpoint that the log has signed. */
export interface SignedCheckpoint {
  readonly size: bigint;
  /** Checkpoint text, what witnesses cosign. */
  readonly text: string;
  /** The log's own signature lines, and nothing else: this is what witnesses are sent. */
  readonly note: Uint8Array;
}

export interface Cosignature {
  readonly witness: string;
  /** Of the key that counts, then of its other key if it has one. */
  readonly lines: readonly NoteSignature[];
  /** POSIX seconds, verified. */
  readonly timestamp: bigint;
}

/** Signed checkpoints that may still gather cosignatures. A slow witness's answer for an older one can complete it. */
const MAX_OPEN = 16;

/**
 * Gathers verified cosignatures by checkpoint and tells when one has a quorum. Pure: time and network are the caller's.
 */
export class CosignatureCollector {
  readonly #satisfied: (witnesses: ReadonlySet<string>) => boolean;
  readonly #open = new Map<bigint, { checkpoint: SignedCheckpoint; lines: Map<string, Cosignature> }>();

  constructor(satisfied: (witnesses: ReadonlySet<string>) => boolean) {
    this.#satisfied = satisfied;
  }

  /** Starts gathering for a checkpoint. With `fresh`, cosignatures gathered before do not count: they are to be renewed. */
  open(checkpoint: SignedCheckpoint, fresh = false): void {
    if (fresh) this.#open.delete(checkpoint.size);
    if (this.#open.has(checkpoint.size)) return;
    this.#open.set(checkpoint.size, { checkpoint, lines: new Map() });
    if (this.#open.size > MAX_OPEN) this.#open.delete(this.#open.keys().next().value!);
  }

  /** Adds a cosignature; one for a checkpoint that is no longer open is dropped. */
  add(size: bigint, cosignature: Cosignature): void {
    this.#open.get(size)?.lines.set(cosignature.witness, cosignature);
  }

  has(size: bigint, witness: string): boolean {
    return this.#open.get(size)?.lines.has(witness) ?? false;
  }

  /** Whether the cosignatures of this size satisfy the quorum. Fails closed: a size that is not open does not. */
  complete(size: bigint): boolean {
    const lines = this.#open.get(size)?.lines;
    return lines !== undefined && this.#satisfied(new Set(lines.keys()));
  }

  /** The largest size with a quorum, or null. */
  largestComplete(): { checkpoint: SignedCheckpoint; cosignatures: Cosignature[] } | null {
    let best: { checkpoint: SignedCheckpoint; cosignatures: Cosignature[] } | null = null;
    for (const [size, { checkpoint, lines }] of this.#open) {
      if ((best === null || size > best.checkpoint.size) && this.complete(size)) best = { checkpoint, cosignatures: [...lines.values()] };
    }
    return best;
  }

  cosignatures(size: bigint): Cosignature[] {
    return [...(this.#open.get(size)?.lines.values() ?? [])];
  }

  /** Forgets what can no longer be published: sizes below the published one. */
  published(size: bigint): void {
    for (const open of this.#open.keys()) if (open < size) this.#open.delete(open);
  }
}
