/** Mutations of JSON values: keys and members move, go, double and change their type. */
import { WORDS } from './mutate-text.ts';
import type { Choices, Mutation } from './mutation.ts';

const DEPTH = 3000;
const VALUES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 2 ** 53,
  () => 1e308,
  () => '',
  () => [],
  () => ({}),
  () => deep(),
  () => Array.from({ length: 5000 }, () => 0),
  () => '\ud800',
  () => '0'.repeat(64),
  () => '__proto__',
];

/** Arrays within arrays. */
function deep(): unknown {
  let value: unknown = 0;
  for (let depth = 0; depth < DEPTH; depth++) value = [value];
  return value;
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every member of every object and list. */
function placesIn(root: unknown): Place[] {
  const places: Place[] = [];
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const holder = pending.pop();
    if (typeof holder !== 'object' || holder === null) continue;
    for (const key of Object.keys(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      pending.push((holder as Record<string, unknown>)[key]);
    }
  }
  return places;
}

const atPlace =
  (change: (place: Place, choices: Choices) => void): Mutation<unknown> =>
  (root, choices) => {
    const places = placesIn(root);
    if (places.length > 0) change(places[choices.at(places.length)]!, choices);
    return root;
  };

/** These change the value that they are given. */
export const JSON_MUTATIONS: readonly Mutation<unknown>[] = [
  /** A member is gone. */
  atPlace(({ holder, key }) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  }),
  /** Another value. */
  atPlace(({ holder, key }, { pick }) => put(holder, key, VALUES[pick(VALUES.length)]!())),
  /** Another word. */
  atPlace(({ holder, key }, { pick }) => put(holder, key, WORDS[pick(WORDS.length)]!)),
  /** A key that nobody knows, or that everything has. */
  atPlace(({ holder, key }, { pick }) => put(holder, WORDS[pick(WORDS.length)]!, holder[key])),
  /** A key by another name. */
  atPlace(({ holder, key }, { pick }) => {
    const value = holder[key];
    delete holder[key];
    put(holder, pick(2) === 0 ? `${key}x` : key.toUpperCase(), value);
  }),
  /** An item twice. */
  atPlace(({ holder, key }) => {
    if (Array.isArray(holder)) holder.push(holder[Number(key)]);
  }),
  /** Another order. */
  atPlace(({ holder }) => {
    if (Array.isArray(holder)) holder.reverse();
  }),
  /** A neighbour's value. */
  (root, { at, pick }) => {
    const places = placesIn(root);
    if (places.length === 0) return root;
    const [to, from] = [places[at(places.length)]!, places[pick(places.length)]!];
    put(to.holder, to.key, structuredClone(from.holder[from.key]));
    return root;
  },
  /** A character of a text, a small step of a number. */
  atPlace(({ holder, key }, { at, pick }) => {
    const value = holder[key];
    if (typeof value === 'number') put(holder, key, value + pick(3) - 1);
    if (typeof value !== 'string' || value === '') return;
    const place = at(value.length);
    put(holder, key, value.slice(0, place) + String.fromCharCode(value.charCodeAt(place) ^ (1 << pick(6))) + value.slice(place + 1));
  }),
];

/** As JSON.parse does: `__proto__` is a member like any other. */
function put(holder: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}
