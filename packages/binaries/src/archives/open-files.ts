/** Opens two files layer by layer, as far as they are packed alike: a tree whose leaves are to be explained as they are. */
import { BinaryError } from '../errors.ts';
import type { OwnRebuild } from '../explain/types.ts';
import { type ChangedMember, compareLayers, type LayerComparison } from './compare-layers.ts';
import { ARCHIVE_LIMITS, type Layer, type LayerFormat, sameBytes, UnpackBudget } from './layer.ts';
import { layerFormatOf, readLayer } from './read-layer.ts';
import type { WrapperSubject } from './wrapper-causes.ts';

export interface Pair {
  readonly published: Uint8Array;
  readonly rebuilt: Uint8Array;
  /** The same member of our other rebuilds. */
  readonly own: readonly OwnRebuild[];
}

export type OpenedPair =
  | { readonly kind: 'leaf'; readonly pair: Pair; /** Why it was not opened although it is packed. */ readonly problem: string | null }
  | {
      readonly kind: 'layer';
      readonly pair: Pair;
      readonly format: LayerFormat;
      readonly comparison: LayerComparison;
      readonly members: readonly OpenedMember[];
      /** Packing in which our own rebuilds disagree though nothing was varied. */
      readonly unstable: ReadonlySet<WrapperSubject>;
    };

export interface OpenedMember {
  readonly change: ChangedMember;
  /** Null when only one of them has it, when its content is the same, and beyond the limit. */
  readonly opened: OpenedPair | null;
  readonly beyondLimit: boolean;
}

/** Budgets of the two sides: what one unpacks to is no other's fault. */
interface Budgets {
  readonly published: UnpackBudget;
  readonly rebuilt: UnpackBudget;
  readonly own: UnpackBudget;
  /** Members that may still be compared. */
  compared: number;
}

export async function openPair(pair: Pair): Promise<OpenedPair> {
  return open(
    pair,
    { published: new UnpackBudget(), rebuilt: new UnpackBudget(), own: new UnpackBudget(), compared: ARCHIVE_LIMITS.compared },
    0,
  );
}

async function open(pair: Pair, budgets: Budgets, depth: number): Promise<OpenedPair> {
  const format = layerFormatOf(pair.published);
  if (format === null || format !== layerFormatOf(pair.rebuilt)) return { kind: 'leaf', pair, problem: null };
  if (depth >= ARCHIVE_LIMITS.depth) return { kind: 'leaf', pair, problem: `it is packed more than ${ARCHIVE_LIMITS.depth} times` };
  const published = await readOrProblem(pair.published, format, budgets.published);
  if (typeof published === 'string')
    return { kind: 'leaf', pair, problem: `expected a ${format} archive, but of the published one ${published}` };
  const rebuilt = await readOrProblem(pair.rebuilt, format, budgets.rebuilt);
  if (typeof rebuilt === 'string')
    return { kind: 'leaf', pair, problem: `expected a ${format} archive, but of the rebuilt one ${rebuilt}` };

  const comparison = compareLayers(published, rebuilt);
  const own: { readonly layer: Layer; readonly varied: OwnRebuild['varied'] }[] = [];
  for (const { bytes, varied } of pair.own) {
    const layer = layerFormatOf(bytes) === format ? await readOrProblem(bytes, format, budgets.own) : '';
    if (typeof layer !== 'string') own.push({ layer, varied });
  }
  const unstable = own.filter(({ varied }) => varied.length === 0).flatMap(({ layer }) => compareLayers(rebuilt, layer).wrapper);
  const members: OpenedMember[] = [];
  for (const change of comparison.changed) {
    const { name, published: theirs, rebuilt: ours } = change;
    const packed =
      theirs === null || ours === null || sameBytes(theirs.bytes, ours.bytes) ? null : { theirs: theirs.bytes, ours: ours.bytes };
    const others = own.flatMap(({ layer, varied }) => {
      const found = layer.members.find((member) => member.name === name);
      return found === undefined ? [] : [{ bytes: found.bytes, varied }];
    });
    const inner = packed === null ? null : { published: packed.theirs, rebuilt: packed.ours, own: others };
    const beyondLimit = inner !== null && --budgets.compared < 0;
    members.push({ change, opened: inner === null || beyondLimit ? null : await open(inner, budgets, depth + 1), beyondLimit });
  }
  return { kind: 'layer', pair, format, comparison, members, unstable: new Set(unstable.map(({ subject }) => subject)) };
}

async function readOrProblem(bytes: Uint8Array, format: LayerFormat, budget: UnpackBudget): Promise<Layer | string> {
  try {
    return await readLayer(bytes, format, budget);
  } catch (error) {
    if (error instanceof BinaryError) return error.message;
    throw error;
  }
}
