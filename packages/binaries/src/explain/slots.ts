import type { Range } from './bytes.ts';
import { causeOf, versus } from './causes.ts';
import type { Evidence } from './evidence.ts';
import { judge } from './judge.ts';
import type { Judgement } from './judge.ts';
import type { Ledger } from './ledger.ts';
import type { PartPair } from './pairs.ts';
import { integerTimes } from './slot-integers.ts';
import { hostValues, valueAround } from './slot-values.ts';
import { isSymbolTable } from './strings.ts';
import type { Cause, CauseCode, ClaimDifference, Coverage } from './types.ts';

/** Differing stretches that are looked at as values, over all parts. */
const MAX_VALUES = 4096;

/** A value at the same place in both files. */
export interface Slot extends Range {
  readonly code: CauseCode;
  /** What kind of value, for people. */
  readonly kind: string;
  readonly published: string;
  readonly rebuilt: string;
}

/**
 * Looks at every place where equally long parts differ for a value that a build puts there: a time, a path, a name, a random value. A value whose
 * judgement is proven accounts for its bytes; the others are leads, but for those that are claims. Returns one cause for each code.
 */
export function settleSlots(ledger: Ledger, evidence: Evidence, claims: readonly ClaimDifference[]): Cause[] {
  const claimed = claims.map(({ published, rebuilt }) => `${published ?? ''}\n${rebuilt ?? ''}`).join('\n');
  const groups = new Map<string, { code: CauseCode; proven: boolean; facts: string[]; covers: Coverage[] }>();
  let left = MAX_VALUES;
  for (const pair of ledger.pairs) {
    if (pair.runs === null) continue;
    for (const slot of slotsOf(pair, evidence, left)) {
      left -= 1;
      const judgement = judge(slot, pair, evidence);
      // A claim names its cause itself.
      if (!judgement.proven && claimed.includes(slot.rebuilt) && claimed.includes(slot.published)) continue;
      const cover = coverOf(ledger, pair, slot, judgement);
      const { code } = judgement;
      const key = `${code} ${judgement.proven}`;
      const group = groups.get(key) ?? { code, proven: judgement.proven, facts: [], covers: [] };
      groups.set(key, group);
      group.facts.push(`${versus(slot.kind, slot.published, slot.rebuilt)}${judgement.because}`);
      group.covers.push(cover);
    }
  }
  return [...groups.values()].map(({ code, proven, facts, covers }) => causeOf(code, { proven, evidence: facts, covers: byPart(covers) }));
}

function coverOf(ledger: Ledger, pair: PartPair, slot: Slot, judgement: Judgement): Coverage {
  const none = { part: pair.name, bytes: 0 };
  if (!judgement.proven) return none;
  return ledger.settle(pair, [slot], judgement.ownRebuilds ? 'own-rebuilds' : 'proven') ?? none;
}

/** The values around the open runs of a part, each once. */
function slotsOf(pair: PartPair, evidence: Evidence, limit: number): Slot[] {
  const [a, b] = [pair.published!, pair.rebuilt!];
  const names = hostValues(evidence.context.host);
  const slots: Slot[] = [];
  let done = 0;
  for (const run of pair.open) {
    if (slots.length >= limit) break;
    if (run.end <= done) continue;
    const slot = valueAround(a, b, run, names) ?? integerTimes(a, b, run, evidence.context);
    if (slot === null || (slot.kind === 'hex' && isSymbolTable(pair.name))) continue;
    slots.push(slot);
    done = slot.end;
  }
  return slots;
}

function byPart(covers: readonly Coverage[]): Coverage[] {
  const parts = new Map<string, number>();
  for (const { part, bytes } of covers) parts.set(part, (parts.get(part) ?? 0) + bytes);
  return [...parts].map(([part, bytes]) => ({ part, bytes }));
}
