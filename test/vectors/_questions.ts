/** What is asked of a page, in JSON: bytes are `{"hex": …}`, integers `{"int": …}`, times `{"time": …}`. */
import { fromHex, toHex } from '@verbatim/tlog';

export interface Question {
  /** An export of `@verbatim/tlog`, or `verdict`. */
  readonly call: string;
  readonly parameters: readonly unknown[];
}

/** What it came to: a value, or the error that it threw. */
export type Answer = { readonly value?: unknown; readonly thrown?: undefined } | { readonly thrown: string };

export function question(call: string, ...parameters: readonly unknown[]): Question {
  return { call, parameters: parameters.map(encoded) };
}

function encoded(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: toHex(value) };
  if (value instanceof Date) return { time: value.toISOString() };
  if (typeof value === 'bigint') return { int: String(value) };
  return Array.isArray(value) ? value.map(encoded) : value;
}

export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  const { hex, int, time } = value as { hex?: string; int?: string; time?: string };
  if (hex !== undefined) return fromHex(hex);
  if (int !== undefined) return BigInt(int);
  if (time !== undefined) return new Date(time);
  throw new Error(`expected hex, int or time; found ${Object.keys(value).join(', ')}`);
}

/** For JSON.stringify, of what has integers in it. */
export const plain = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
