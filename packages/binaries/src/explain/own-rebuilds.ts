import { differingRuns, joined, sameBytes } from './bytes.ts';
import { causeOf } from './causes.ts';
import type { Evidence } from './evidence.ts';
import type { Ledger } from './ledger.ts';
import { MAX_RUNS } from './limits.ts';
import { isPermuted, permutedStretch, stretchOf } from './order.ts';
import type { PartPair } from './pairs.ts';
import type { Cause, CauseCode, Coverage, ExplainContext, Variation } from './types.ts';

/** Random bytes agree by chance now and then: differing stretches so near to each other are one. */
const CHANCE_GAP = 3;

/**
 * Accounts for what our own unvaried rebuilds disagree about: the same bytes, or the same table in yet another order. In a part that changes its
 * size from rebuild to rebuild, or changes all over, no byte can be told from another: it is accounted for as a whole, which makes the class
 * `nondeterministic` ("we cannot tell"), never `explained`.
 */
export function settleOwnRebuilds(ledger: Ledger, evidence: Evidence): Cause[] {
  const unvaried = evidence.rebuilds.filter(({ varied }) => varied.length === 0);
  const causes = new Map<CauseCode, Coverage[]>();
  for (const pair of ledger.pairs) {
    for (const rebuild of unvaried) {
      if (pair.settled || pair.rebuilt === null) break;
      const other = rebuild.part(pair.name);
      if (other === null || sameBytes(other, pair.rebuilt)) continue;
      const { code, cover } = settlePart(ledger, pair, other);
      if (cover !== null) causes.set(code, [...(causes.get(code) ?? []), cover]);
    }
  }
  const evidenceText = [`${unvaried.length} unvaried rebuild${unvaried.length === 1 ? '' : 's'} of our own compared with the first`];
  return [...causes].map(([code, covers]) => causeOf(code, { proven: true, evidence: evidenceText, covers }));
}

function settlePart(ledger: Ledger, pair: PartPair, other: Uint8Array): { code: CauseCode; cover: Coverage | null } {
  const own = pair.rebuilt!;
  const runs = own.length === other.length ? differingRuns(own, other, MAX_RUNS) : null;
  if (runs === null) return { code: 'nondeterminism', cover: ledger.settle(pair, 'all', 'own-rebuilds') };
  if (!pair.code && isPermuted(own, other, stretchOf(runs))) {
    // What we see shuffled must be the same items in the published file. A table may begin or end with the same item in two of the three files.
    const table = permutedStretch(pair, [...pair.open, ...runs]);
    const same = table !== null && isPermuted(own, other, table);
    return { code: 'order', cover: same ? ledger.settle(pair, [table], 'own-rebuilds') : null };
  }
  return { code: pair.code ? 'codegen-drift' : 'random-value', cover: ledger.settle(pair, joined(runs, CHANCE_GAP), 'own-rebuilds') };
}

const CODES: Readonly<Record<Variation, CauseCode | null>> = {
  path: 'build-path',
  hostname: 'hostname',
  user: 'user',
  clock: 'timestamp',
  zone: 'timestamp',
  locale: 'order',
  umask: null,
  cpus: 'order',
  'host-architecture': 'host-architecture',
  setting: null,
};

/** What one of our own rebuilds proves that has exactly the published bytes. */
export interface Match {
  readonly unvaried: boolean;
  readonly causes: readonly Cause[];
  /** The proof that causes which the claims name are the causes; null when no setting was changed for it. */
  readonly setting: string | null;
}

/**
 * One of our own rebuilds has exactly the published bytes: whatever it varied is the cause, and the source is proven to be the same. Returns the
 * causes, empty when only settings were varied (the claims name those), or null when no rebuild matches.
 */
export function matchingRebuild(published: Uint8Array, context: ExplainContext): Match | null {
  const match = (context.rebuilds ?? []).find(({ bytes }) => sameBytes(bytes, published));
  if (match === undefined) return null;
  const unvaried = match.varied.length === 0;
  const codes = unvaried
    ? (['nondeterminism'] as const)
    : match.varied.map((variation) => CODES[variation]).filter((code) => code !== null);
  const said = unvaried
    ? 'another rebuild of ours, with nothing changed, has exactly the published bytes'
    : `a rebuild of ours from the same inputs with another ${match.varied.join(', ')} has exactly the published bytes`;
  const { settings = [] } = match;
  return {
    unvaried,
    causes: [...new Set(codes)].map((code) => causeOf(code, { proven: true, evidence: [said] })),
    setting: !match.varied.includes('setting')
      ? null
      : settings.length === 0
        ? said
        : `a rebuild of ours with ${settings.join(', ')} has exactly the published bytes`,
  };
}

/** Whether two of our own rebuilds that should be equal are not. */
export function disagree(rebuilt: Uint8Array, context: ExplainContext): boolean {
  return (context.rebuilds ?? []).some(({ bytes, varied }) => varied.length === 0 && !sameBytes(bytes, rebuilt));
}
