/** The entries that an index names, read from verified tiles, and those among them that are about the question. */
import { type AuditedTree, describeLookup, type Evidence, MAX_BUNDLE_ENTRIES } from '@verbatim/consensus';
import { type Lookup, lookupsOf, PREDICATE, type ReleaseStatement, type Statement } from '@verbatim/statements';
import { decodeOrNull } from './decode-or-null.ts';
import { ClientError } from './errors.ts';
import type { AnsweredLookup } from './index-answer.ts';
import type { LogView } from './log-reader.ts';

export interface Gathered {
  readonly evidence: Evidence;
  readonly view: LogView;
  /** Entries that the log named and that are not about the question. */
  readonly foreign: readonly bigint[];
  /** This checkpoint, when its index was rebuilt here from all entries: an audit. */
  readonly audited: AuditedTree | null;
}

interface ReadEntry {
  readonly index: bigint;
  /** Null for an entry that no log may admit: the verdict has to say so. */
  readonly statement: Statement | null;
}

/** Answers of a log are bound to what was asked: what belongs under none of the lookup keys is left out (CVE-2026-56864). */
export class Collected {
  readonly #view: LogView;
  readonly #answers: readonly AnsweredLookup[];
  readonly #entries: readonly ReadEntry[];

  private constructor(view: LogView, answers: readonly AnsweredLookup[], entries: readonly ReadEntry[]) {
    this.#view = view;
    this.#answers = answers;
    this.#entries = entries;
  }

  /** @param others entries that belong into any evidence */
  static async read(view: LogView, answers: readonly AnsweredLookup[], others: readonly bigint[] = []): Promise<Collected> {
    const last = view.checkpoint.size - 1n;
    const named = answers.flatMap(({ entries }) => entries);
    const beyond = named.find((index) => index >= last);
    if (beyond !== undefined)
      throw new ClientError(
        'bad-lookup',
        `the index names entry ${beyond}, and is about the ${last} entries before the checkpoint's last one`,
      );
    const indexes = [...new Set([...named, ...others, ...(last >= 0n ? [last] : [])])].sort((a, b) => (a < b ? -1 : 1));
    if (indexes.length > MAX_BUNDLE_ENTRIES)
      throw new ClientError(
        'bad-lookup',
        `the index names ${indexes.length} entries, and at most ${MAX_BUNDLE_ENTRIES} are read for one question`,
      );
    const entries = await Promise.all(
      indexes.map(async (index) => ({ index, statement: decodeOrNull(await view.tree.entry(index))?.statement ?? null })),
    );
    return new Collected(view, answers, entries);
  }

  releases(): ReleaseStatement[] {
    return this.#entries.flatMap(({ statement }) => (statement?.predicateType === PREDICATE.release ? [statement] : []));
  }

  async finish(audited: AuditedTree | null): Promise<Gathered> {
    const { note, tree, checkpoint } = this.#view;
    const relevant = this.#relevant();
    const foreign = this.#entries.map(({ index }) => index).filter((index) => !relevant.includes(index));
    const entries = await Promise.all(relevant.map((index) => tree.proved(index)));
    const index = this.#answers.map(({ lookup, proof }) => ({ lookup, proof })).sort(byName);
    return { evidence: { checkpoint: note, entries, index }, view: this.#view, foreign, audited: audited === null ? null : checkpoint };
  }

  #relevant(): bigint[] {
    const releases = new Map(
      this.#entries.flatMap(({ index, statement }) =>
        statement?.predicateType === PREDICATE.release ? [[Number(index), statement] as const] : [],
      ),
    );
    const about = { origin: this.#view.checkpoint.origin, releaseAt: (index: number) => releases.get(index) ?? null };
    const wanted = new Set(this.#answers.map(({ lookup }) => describeLookup(lookup)));
    return this.#entries
      .filter(
        ({ index, statement }) =>
          statement === null ||
          index === this.#view.checkpoint.size - 1n ||
          lookupsOf(statement, about).some((lookup) => wanted.has(describeLookup(lookup))),
      )
      .map(({ index }) => index);
  }
}

function byName(a: { readonly lookup: Lookup }, b: { readonly lookup: Lookup }): number {
  return describeLookup(a.lookup) < describeLookup(b.lookup) ? -1 : 1;
}
