/** One algorithm for stores that answer at once and for those that take time: it asks for nodes and goes on with them. */
import type { MapNode, NodeReader, SyncNodeReader } from './node.ts';

/** Yields the numbers of the nodes that it needs next, gets them in this order, and returns T in the end. */
export type Reading<T> = Generator<readonly number[], T, readonly MapNode[]>;

export async function readAll<T>(reader: NodeReader, reading: Reading<T>): Promise<T> {
  let step = reading.next();
  while (step.done !== true) step = reading.next(await reader.read(step.value));
  return step.value;
}

export function readAllSync<T>(reader: SyncNodeReader, reading: Reading<T>): T {
  let step = reading.next();
  while (step.done !== true) step = reading.next(reader.readSync(step.value));
  return step.value;
}
