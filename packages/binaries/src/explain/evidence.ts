import { countDiffering } from './bytes.ts';
import type { Range } from './bytes.ts';
import { MAX_INPUT_LENGTH, MAX_LOOKUPS } from './limits.ts';
import type { PartPair } from './pairs.ts';
import { partsOf } from './parts.ts';
import type { ExplainContext, OwnRebuild, Variation } from './types.ts';

/** One of our own further rebuilds, cut into parts. */
export interface OwnParts {
  readonly varied: readonly Variation[];
  /** The bytes of a part, or null. */
  part(name: string): Uint8Array | null;
}

/** What the context can testify about a value in the rebuilt file: whether the source contains it, and whether our own builds change it. */
export class Evidence {
  readonly context: ExplainContext;
  readonly rebuilds: readonly OwnParts[];
  /** Whether texts of inputs were given. */
  readonly hasInputs: boolean;
  readonly #found = new Map<string, boolean>();

  constructor(context: ExplainContext) {
    this.context = context;
    this.rebuilds = (context.rebuilds ?? []).map(cut);
    this.hasInputs = (context.inputs?.length ?? 0) > 0;
  }

  /** Whether a value stands in an input as it is; null when there are no inputs to look in, or too much was asked already. */
  inInputs(value: string): boolean | null {
    if (!this.hasInputs) return null;
    const known = this.#found.get(value);
    if (known !== undefined) return known;
    if (this.#found.size >= MAX_LOOKUPS) return null;
    let left = MAX_INPUT_LENGTH;
    let found = false;
    for (const text of this.context.inputs!) {
      found ||= text.slice(0, Math.max(0, left)).includes(value);
      left -= text.length;
    }
    // What was not read may contain it.
    if (!found && left < 0) return null;
    this.#found.set(value, found);
    return found;
  }

  /** Those of our rebuilds that have other bytes at this place of a part of the same size. A `setting` is a change of the build, not of its surroundings. */
  changing(pair: PartPair, { start, end }: Range): { varied: readonly Variation[]; bytes: Uint8Array }[] {
    const own = pair.rebuilt;
    if (own === null) return [];
    return this.rebuilds.flatMap(({ varied, part }) => {
      const other = part(pair.name);
      if (other === null || other.length !== own.length || varied.includes('setting')) return [];
      const bytes = other.subarray(start, end);
      return countDiffering(bytes, own.subarray(start, end)) > 0 ? [{ varied, bytes }] : [];
    });
  }
}

function cut({ bytes, varied }: OwnRebuild): OwnParts {
  const parts = new Map(partsOf(bytes).map(({ name, start, end }) => [name, bytes.subarray(start, end)]));
  return { varied, part: (name) => parts.get(name) ?? null };
}
