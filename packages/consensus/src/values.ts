/** Small values of a policy line, read strictly: one spelling each. */
import { isTime, secondsOf } from '@verbatim/statements';
import { parseDecimal } from '@verbatim/tlog';

/** A name of ours, often a key's name: printable in any terminal, no separator of the grammar. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,127}$/.test(text);
}

/** `linux/amd64` and the like. */
export function isPlatform(text: string): boolean {
  return /^[a-z0-9]{1,16}\/[a-z0-9]{1,16}$/.test(text);
}

/** Where something is served. Whether anybody answers there is another matter. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\/[!-~]{1,500}$/.test(text) && !/[?#]/.test(text);
}

/** A canonical decimal of at most six digits, or null. */
export function parseCount(text: string): number | null {
  if (text.length > 6) return null;
  try {
    return Number(parseDecimal(text, 'a count'));
  } catch {
    return null;
  }
}

/** Units with their seconds, largest first. */
const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['d', 24 * 3600],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** `90s`, `10m`, `24h` or `30d` in seconds, or null. Not zero. */
export function parseDuration(text: string): number | null {
  const unit = UNITS.find(([name]) => text.endsWith(name))?.[1];
  const count = parseCount(text.slice(0, -1));
  return unit === undefined || count === null || count === 0 ? null : count * unit;
}

/** A duration in the largest unit that divides it. */
export function formatDuration(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds % length === 0)!;
  return `${seconds / length}${unit}`;
}

/** `2027-11-01T00:00:00Z` in POSIX seconds, or null. */
export function parseTime(text: string): number | null {
  return isTime(text) ? secondsOf(text) : null;
}

/** POSIX seconds as `2027-11-01T00:00:00Z`. */
export function formatTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
