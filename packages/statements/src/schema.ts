/**
 * Strict checks of untrusted JSON, written as data. A check returns its value with a type or throws `bad-schema` with the place.
 * Written by hand: `verbatim verify --offline` may cost 25 ms over a bare start, and zod/mini with three small schemas took 5 to 10 of them even
 * bundled and from the compile cache (90 unbundled), as much as this whole package with tlog.
 * Values are JSON.parse's own: plain objects and arrays, so an own `__proto__` is a key like any other, and unknown.
 */
import { StatementError, show } from './errors.ts';

export type Check<T> = (value: unknown, at: string) => T;
export type Infer<C> = C extends Check<infer T> ? T : never;
type Shape = Readonly<Record<string, Check<unknown>>>;
type Checked<R extends Shape, O extends Shape> = { readonly [K in keyof R]: Infer<R[K]> } & { readonly [K in keyof O]?: Infer<O[K]> };

/** The error of a check: what was expected and found, and where. */
export function refuse(at: string, expected: string, found: unknown): StatementError {
  return new StatementError('bad-schema', at, `expected ${expected}, found ${show(found)}`);
}

const keyOf = (at: string, key: string): string => (at === '' ? key : `${at}.${key}`);

function entriesOf(value: unknown, at: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(at, 'an object', value);
  return Object.entries(value);
}

/** An object with exactly the required keys, and perhaps the optional ones. */
export function object<R extends Shape, O extends Shape = Record<never, never>>(required: R, optional?: O): Check<Checked<R, O>> {
  const shape = new Map<string, Check<unknown>>(Object.entries({ ...required, ...optional }));
  const names = Object.keys(required);
  return (value, at) => {
    for (const [key, member] of entriesOf(value, at)) {
      const check = shape.get(key);
      if (check === undefined)
        throw new StatementError('bad-schema', at, `unknown key ${show(key)}; expected ${[...shape.keys()].join(', ')}`);
      check(member, keyOf(at, key));
    }
    const missing = names.find((name) => !Object.hasOwn(value as object, name));
    if (missing !== undefined) throw refuse(keyOf(at, missing), 'a value', undefined);
    return value as Checked<R, O>;
  };
}

/** An object used as a map, at most `max` keys. Keys are checked too. */
export function record<T>(key: Check<string>, member: Check<T>, max: number): Check<Readonly<Record<string, T>>> {
  return (value, at) => {
    const entries = entriesOf(value, at);
    if (entries.length > max) throw refuse(at, `at most ${max} keys`, entries.length);
    for (const [name, found] of entries) {
      key(name, `${at}: key`);
      member(found, keyOf(at, name));
    }
    return value as Readonly<Record<string, T>>;
  };
}

/** A list of `min` to `max` items. */
export function array<T>(item: Check<T>, min: number, max: number): Check<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw refuse(at, 'a list', value);
    if (value.length < min || value.length > max) throw refuse(at, `${min} to ${max} items`, value.length);
    for (const [index, found] of value.entries()) item(found, `${at}[${index}]`);
    return value as readonly T[];
  };
}

/** A string of at most `max` UTF-16 code units that `accepts` takes. */
export function string(expected: string, max: number, accepts: (text: string) => boolean): Check<string> {
  return (value, at) => {
    if (typeof value !== 'string') throw refuse(at, expected, value);
    if (value.length > max) throw refuse(at, `${expected} of at most ${max} characters`, `${value.length} characters`);
    if (!accepts(value)) throw refuse(at, expected, value);
    return value;
  };
}

/** A whole number from `min` to `max`, both included; at most 2^53 − 1. */
export function integer(min: number, max: number): Check<number> {
  return (value, at) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw refuse(at, `a whole number from ${min} to ${max}`, value);
    }
    return value as number;
  };
}

export const boolean: Check<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw refuse(at, 'true or false', value);
  return value;
};

/** One of these values and nothing else. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Check<T> {
  return (value, at) => {
    if (!(values as readonly unknown[]).includes(value)) throw refuse(at, values.map((each) => JSON.stringify(each)).join(' or '), value);
    return value as T;
  };
}

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, at) => (value === null ? null : check(value, at));
}

/** A discriminated union: the string under `tag` chooses the check of the whole object. */
export function tagged<V extends Readonly<Record<string, Check<unknown>>>>(tag: string, variants: V): Check<Infer<V[keyof V]>> {
  const checks = new Map<unknown, Check<unknown>>(Object.entries(variants));
  return (value, at) => {
    const kind = entriesOf(value, at).find(([key]) => key === tag)?.[1];
    const check = checks.get(kind);
    if (check === undefined) throw refuse(keyOf(at, tag), [...checks.keys()].map((each) => JSON.stringify(each)).join(' or '), kind);
    return check(value, at) as Infer<V[keyof V]>;
  };
}

/** `check`, and then `rule` on the whole value: it throws what it finds wrong. */
export function where<T>(check: Check<T>, rule: (value: T, at: string) => void): Check<T> {
  return (value, at) => {
    const checked = check(value, at);
    rule(checked, at);
    return checked;
  };
}

/** Items must differ in `key`. */
export function distinct<T>(items: readonly T[], key: (item: T) => string, at: string): void {
  const seen = new Set<string>();
  for (const item of items) {
    const label = key(item);
    if (seen.has(label)) throw new StatementError('bad-schema', at, `expected distinct items, found ${show(label)} twice`);
    seen.add(label);
  }
}
