const TIME = /20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ/g;
const CHUNK = 4 * 1024 * 1024;
const LENGTH = 20;
const MAX_TIMES = 8;
/** A release is built within days of its commit. */
const MAX_AGE = 30 * 24 * 3600_000;

/** Times that stand in a program, within a month after its commit: one may be the build's. [] when the commit's is not known. */
export function timesIn(bytes: Uint8Array, committed: string | null): string[] {
  const since = committed === null ? Number.NaN : Date.parse(committed);
  if (Number.isNaN(since)) return [];
  const found = new Set<string>();
  const decoder = new TextDecoder('latin1');
  for (let at = 0; at < bytes.length && found.size < MAX_TIMES; at += CHUNK) {
    for (const [time] of decoder.decode(bytes.subarray(at, at + CHUNK + LENGTH)).matchAll(TIME)) {
      const age = Date.parse(time) - since;
      if (age >= 0 && age <= MAX_AGE && found.size < MAX_TIMES) found.add(time);
    }
  }
  return [...found];
}
