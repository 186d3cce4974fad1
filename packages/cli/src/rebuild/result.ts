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
}

/** As the verdicts of verify have them (DESIGN §3.13). */
export const EXIT = { same: 0, different: 1, noRecipe: 3, unavailable: 4 } as const;
