/** Choices made by fast-check, as what a mutation asks for: the smaller they are, the closer to the beginning, so that shrinking helps. */
export interface Choices {
  /** A place below `length`, evenly. 0 when there is none. */
  readonly at: (length: number) => number;
  /** A number below `count`, another one for every call. */
  readonly pick: (count: number) => number;
  /** Another valid input of the same target. */
  readonly other: Uint8Array;
}

export type Mutation<T> = (value: T, choices: Choices) => T;

/** @param place in 0…1 @param numbers any natural numbers; used in turn */
export function choicesOf(place: number, numbers: readonly number[], other: Uint8Array): Choices {
  let used = 0;
  return {
    at: (length) => (length <= 0 ? 0 : Math.min(length - 1, Math.floor(place * length))),
    pick: (count) => (numbers[used++ % numbers.length] ?? 0) % count,
    other,
  };
}
