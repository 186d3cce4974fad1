/** What is fuzzed: a parser that faces the network, valid inputs to start from, and what must hold whatever it is given. */

/** How a mutation may understand an input: as bytes, as lines, as JSON, or as an entry (an envelope with a statement inside). */
export type Shape = 'bytes' | 'text' | 'json' | 'entry';

export interface Target {
  /** `package-parser`; also its folder of the corpus. */
  readonly name: string;
  readonly shape: Shape;
  /** Valid inputs; each must be accepted. */
  readonly seeds: readonly Uint8Array[];
  /** More inputs to start from, which need not be accepted. */
  readonly others?: readonly Uint8Array[];
  /** True for an input that is accepted, false for one that is refused as declared. Anything thrown is a finding. */
  readonly accepts: (input: Uint8Array) => boolean | Promise<boolean>;
  /** Executions in `npm test`; 1,500 when left out. */
  readonly runs?: number;
  /** Ends whatever the target keeps running. */
  readonly close?: () => Promise<void>;
}

/** A property that does not hold. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

// Error classes have constructors of many shapes.
// oxlint-disable-next-line typescript/no-explicit-any
type ErrorClass = abstract new (...parameters: any[]) => Error;

/** False when `read` throws one of the declared errors; anything else passes through. */
export function refusesWith(read: () => void, ...declared: readonly ErrorClass[]): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (declared.some((kind) => error instanceof kind)) return false;
    throw error;
  }
}

/** As `refusesWith`, for what takes its time. */
export async function refusesLaterWith(read: () => Promise<unknown>, ...declared: readonly ErrorClass[]): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (declared.some((kind) => error instanceof kind)) return false;
    throw error;
  }
}

/** A canonical format: what is decoded is encoded to the same bytes. */
export function codec<T>(
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
  ...declared: readonly ErrorClass[]
): Target['accepts'] {
  return (input) =>
    refusesWith(
      () => {
        const again = encode(decode(input));
        if (Buffer.compare(again, input) !== 0)
          throw new Broken(`decoded, then encoded to other bytes: ${Buffer.from(again).toString('base64')}`);
      },
      ...declared,
    );
}

export function must(holds: boolean, what: string): void {
  if (!holds) throw new Broken(what);
}
