/** A clock that stands still until it is moved. */
export interface FixedClock {
  now(): Date;
  /** POSIX seconds. */
  seconds(): number;
  /** As statements write it: YYYY-MM-DDTHH:MM:SSZ. */
  text(): string;
  advance(seconds: number): void;
}

export const TEST_TIME = '2026-11-21T12:00:00Z';

export function fixedClock(start: string = TEST_TIME): FixedClock {
  let milliseconds = Date.parse(start);
  return {
    now: () => new Date(milliseconds),
    seconds: () => Math.floor(milliseconds / 1000),
    text: () => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`,
    advance: (seconds) => {
      milliseconds += seconds * 1000;
    },
  };
}
