/**
 * When a witness may be asked again. One round is in flight per witness (DESIGN §3.6); after a failure the pause doubles, so that a witness
 * that is down costs next to nothing. Pure: times are parameters, in milliseconds.
 */
export interface Pace {
  readonly busy: boolean;
  readonly notBefore: number;
  readonly failures: number;
  /** Set by a split view: never asked and never counted again until an operator has looked. */
  readonly closed: boolean;
}

export const FIRST_PACE: Pace = { busy: false, notBefore: 0, failures: 0, closed: false };

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 30_000;

export function mayAsk(pace: Pace, now: number): boolean {
  return !pace.busy && !pace.closed && now >= pace.notBefore;
}

export function asked(pace: Pace): Pace {
  return { ...pace, busy: true };
}

/** @param intervalMs the shortest time between two rounds that this witness's operator accepts */
export function succeeded(pace: Pace, now: number, intervalMs: number): Pace {
  return { ...pace, busy: false, failures: 0, notBefore: now + intervalMs };
}

export function failed(pace: Pace, now: number, intervalMs: number): Pace {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(pace.failures, 10), MAX_PAUSE_MS);
  return { ...pace, busy: false, failures: pace.failures + 1, notBefore: now + Math.max(pause, intervalMs) };
}

export function pushedBack(pace: Pace, now: number, intervalMs: number, seconds: number): Pace {
  return { ...pace, busy: false, notBefore: now + Math.max(seconds * 1000, intervalMs) };
}

export function closed(pace: Pace): Pace {
  return { ...pace, busy: false, closed: true };
}
