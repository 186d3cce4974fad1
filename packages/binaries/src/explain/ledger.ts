import type { Range } from './bytes.ts';
import type { PartPair } from './pairs.ts';
import type { Coverage } from './types.ts';

/**
 * How differing bytes were accounted for.
 *
 * - `id`: an identifier that nothing reads at run time.
 * - `derived`: follows from other parts that are accounted for (tables of offsets, hashes in an ad-hoc signature).
 * - `proven`: a cause that the build itself shows.
 * - `own-rebuilds`: our own unvaried rebuilds differ there too.
 */
export type AccountKind = 'id' | 'derived' | 'proven' | 'own-rebuilds';

/** Which differing bytes are accounted for, and by what kind of reason. */
export class Ledger {
  readonly pairs: readonly PartPair[];
  readonly #kinds = new Set<AccountKind>();

  constructor(pairs: readonly PartPair[]) {
    this.pairs = pairs;
  }

  pair(name: string): PartPair | undefined {
    return this.pairs.find((pair) => pair.name === name);
  }

  /** Accounts for some ranges, or for the whole part; null when that settles no byte. */
  settle(pair: PartPair, ranges: readonly Range[] | 'all', kind: AccountKind): Coverage | null {
    const bytes = ranges === 'all' ? pair.settleAll() : pair.settle(ranges);
    if (bytes === 0) return null;
    this.#kinds.add(kind);
    return { part: pair.name, bytes };
  }

  get settled(): boolean {
    return this.pairs.every((pair) => pair.settled);
  }

  /** Whether only identifiers, and what follows from them, were needed. */
  get onlyIds(): boolean {
    return [...this.#kinds].every((kind) => kind === 'id' || kind === 'derived');
  }

  has(kind: AccountKind): boolean {
    return this.#kinds.has(kind);
  }
}
