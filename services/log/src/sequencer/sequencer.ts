import type { Candidate } from '../admission/candidate.ts';
import type { Leaf } from '@verbatim/service-kit/tree';
import { LogStoppedError } from '../publication/published.ts';
import type { Sequenced, SequencedBatch } from '../store/ledger.ts';

/** One batch, durable when the promise resolves and known to have failed when it rejects: there is no third outcome that goes on. */
export interface BatchWriter {
  /**
   * The transaction of DESIGN §3.6. Throws when the outcome is unknown.
   */
  commit(candidates: readonly Candidate[]): SequencedBatch;
  /** Tiles, signature and compare-and-swap for what `commit` made the log grow by. Rejects when the outcome is unknown. */
  integrate(leaves: readonly Leaf[]): Promise<void>;
}

export type Submission =
  | Sequenced
  /** Nothing was stored; come back later. */
  | { readonly kind: 'overloaded'; readonly pending: number };

export interface SequencerOptions {
  readonly writer: BatchWriter;
  readonly maxBatch: number;
  /** Entries that may be queued, or sequenced and not yet published, before new ones are turned away. */
  readonly maxPending: number;
  /** Longest pause between two batches under load, in milliseconds. */
  readonly intervalMs: number;
  /** Entries sequenced but not yet published. */
  readonly unpublished: () => number;
  /** An unknown outcome: the process must stop. Called once. */
  readonly onFatal: (error: unknown) => void;
}

interface Pending {
  readonly candidate: Candidate;
  readonly resolve: (submission: Submission) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The first stage: an adaptive group commit. An idle log sequences at once; while a batch is being written the next one gathers, so batches
 * grow with the load by themselves. One batch is in flight at a time.
 */
export class Sequencer {
  readonly #options: SequencerOptions;
  #queue: Pending[] = [];
  #running = false;
  #stopped: LogStoppedError | null = null;
  #idle: (() => void)[] = [];

  constructor(options: SequencerOptions) {
    this.#options = options;
  }

  /** Entries waiting for their batch. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Whether there is room for `count` more; what is refused here was never stored. */
  hasRoom(count: number): boolean {
    return this.#queue.length + this.#options.unpublished() + count <= this.#options.maxPending;
  }

  /** Resolves when the entry is durable with its index, or refused. Rejects when the log has stopped. */
  submit(candidate: Candidate): Promise<Submission> {
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    if (!this.hasRoom(1)) return Promise.resolve({ kind: 'overloaded', pending: this.#queue.length + this.#options.unpublished() });
    return new Promise((resolve, reject) => {
      this.#queue.push({ candidate, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // What arrives in the same turn of the event loop shares the batch.
      setImmediate(() => void this.#run());
    });
  }

  /** Resolves when no batch is in flight and none is queued. */
  async drained(): Promise<void> {
    if (!this.#running) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const started = performance.now();
        const batch = this.#queue.splice(0, this.#options.maxBatch);
        await this.#batch(batch);
        if (batch.length > 1 && this.#queue.length < this.#options.maxBatch)
          await pause(this.#options.intervalMs, performance.now() - started);
      }
    } catch (error) {
      this.stop(error);
      this.#options.onFatal(error);
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #batch(batch: readonly Pending[]): Promise<void> {
    let sequenced: SequencedBatch;
    try {
      sequenced = this.#options.writer.commit(batch.map((pending) => pending.candidate));
    } catch (error) {
      this.stop(error);
      for (const pending of batch) pending.reject(this.#stopped);
      throw error;
    }
    const { outcomes, leaves } = sequenced;
    outcomes.forEach((outcome, i) => batch[i]!.resolve(outcome));
    if (leaves.length > 0) await this.#options.writer.integrate(leaves);
  }

  /** Fail-stop: nothing queued is acknowledged, nothing new is taken. For failures of this stage and of others. */
  stop(cause: unknown): void {
    this.#stopped ??= new LogStoppedError(cause);
    for (const pending of this.#queue.splice(0)) pending.reject(this.#stopped);
  }
}

/** Under load, a pause as long as the batch took halves the fixed cost of batches and adds little to the wait. */
async function pause(intervalMs: number, tookMs: number): Promise<void> {
  const ms = Math.min(intervalMs, tookMs);
  if (ms >= 1) await new Promise((resolve) => setTimeout(resolve, ms));
}
