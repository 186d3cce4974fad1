/** The `distinct` rules (DESIGN §3.4): independence of the matching operators. */
import type { DistinctProperty, Operator } from './policy-types.ts';

export interface MatchingOperator {
  readonly operator: Operator;
  /** Host architectures of the rebuilders whose observations match. */
  readonly arches: readonly string[];
}

/**
 * In how many values of `property` the operators differ, each operator standing for one value at most: an operator with two architectures
 * is not two independent witnesses of the build. A property that the policy does not state for an operator is no value.
 */
export function countDistinct(property: DistinctProperty, matching: readonly MatchingOperator[]): number {
  const choices = matching.map((match) => valuesOf(property, match));
  const holder = new Map<string, number>();
  let count = 0;
  for (const index of choices.keys()) if (assign(index, choices, holder, new Set())) count += 1;
  return count;
}

function valuesOf(property: DistinctProperty, { operator, arches }: MatchingOperator): readonly string[] {
  switch (property) {
    case 'operator':
      return [operator.name];
    case 'arch':
      return arches;
    case 'cloud':
      return operator.cloud === null ? [] : [operator.cloud];
    case 'toolchain':
      return operator.toolchain === null ? [] : [operator.toolchain];
  }
}

/** One step of bipartite matching (Kuhn): gives operator `index` a value, moving others to theirs where needed. */
function assign(index: number, choices: readonly (readonly string[])[], holder: Map<string, number>, tried: Set<string>): boolean {
  for (const value of choices[index]!) {
    if (tried.has(value)) continue;
    tried.add(value);
    const current = holder.get(value);
    if (current === undefined || assign(current, choices, holder, tried)) {
      holder.set(value, index);
      return true;
    }
  }
  return false;
}
