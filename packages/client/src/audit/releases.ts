import { PREDICATE, type ReleaseStatement, type Statement } from '@verbatim/statements';
import { decodeOrNull } from '../decode-or-null.ts';
import type { FollowBatch } from '../follow/consumer.ts';

/** Releases that observations name, decoded; most come soon after their release. */
const MAX_REMEMBERED = 1024;

/** The releases among a log's entries, for whoever reads the entries in order. */
export class Releases {
  readonly #known = new Map<number, ReleaseStatement | null>();

  add(index: number, statement: Statement): void {
    if (statement.predicateType === PREDICATE.release) this.#remember(index, statement);
  }

  /** Reads what the observations of a batch need of the entries before it. Throws `ClientError` when the log does not answer. */
  async load(statements: readonly (Statement | undefined)[], first: number, log: FollowBatch['tree']): Promise<void> {
    const wanted = new Set<number>();
    for (const statement of statements) {
      if (statement?.predicateType !== PREDICATE.observation) continue;
      const { index } = statement.predicate.release;
      if (index < first && !this.#known.has(index)) wanted.add(index);
    }
    for (const index of wanted) {
      const statement = decodeOrNull(await log.entry(BigInt(index)))?.statement;
      this.#remember(index, statement?.predicateType === PREDICATE.release ? statement : null);
    }
  }

  /** Of an entry that was added, or loaded for this batch. */
  at(index: number): ReleaseStatement | null {
    return this.#known.get(index) ?? null;
  }

  /** Called between batches: what a batch needs is never forgotten while it is handled. */
  trim(): void {
    for (const index of this.#known.keys()) {
      if (this.#known.size <= MAX_REMEMBERED) return;
      this.#known.delete(index);
    }
  }

  #remember(index: number, statement: ReleaseStatement | null): void {
    this.#known.delete(index);
    this.#known.set(index, statement);
  }
}
