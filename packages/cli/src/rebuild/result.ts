import type { Varied } from '@verbatim/builder';
import type { Attempt } from './search.ts';

/** What became of one program. */
export interface Result {
  readonly member: string | null;
  readonly artifact: string;
  readonly sha256: string;
  readonly exitCode: number;
  readonly attempts: readonly Attempt[];
  /** What kept recipes from being tried, the budget included. */
  readonly problems: readonly string[];
  /** Of everything: look-ups, downloads, all tries, comparisons. */
  readonly wallSeconds: number;
  /** Of all tries. */
  readonly cpuSeconds: number;
  /** Whether the last build agrees with itself in other surroundings; null: that was not asked, or nothing was built. */
  readonly variation: Variation | null;
}

export interface Variation extends Pick<Varied, 'varied' | 'kept'> {
  readonly same: boolean;
  /** Hex SHA-256 of each varied build; null for one that built nothing. */
  readonly observed: readonly (string | null)[];
}

/** As the verdicts of verify have them (DESIGN §3.13). */
export const EXIT = { same: 0, different: 1, noRecipe: 3, unavailable: 4 } as const;

/** Of a whole file: other bytes outweigh what could not be built (DESIGN §3.13, worst first); 0 only when every program came out the same. */
export function worstExit(codes: readonly number[]): number {
  if (codes.length === 0) return EXIT.noRecipe;
  return codes.includes(EXIT.different) ? EXIT.different : Math.max(...codes);
}
