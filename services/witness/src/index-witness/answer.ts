/** What an index-witness says beside what every witness says. Refusals are values. */

/** Right so far: the same request is answered otherwise later. */
export interface NotYet {
  readonly status: 503;
  readonly code: 'catching-up' | 'log-unreadable';
  readonly detail: string;
  /** Seconds. */
  readonly retryAfter: number;
}

/** 403, not 422, which tells a log that its proof is wrong. */
export interface IndexRefusal {
  readonly status: 403;
  readonly code: 'wrong-index' | 'log-too-large';
  readonly detail: string;
}

/** What a witness rebuilds a second, at the least; only to say when to ask again. */
const ENTRIES_A_SECOND = 2000n;
const MAX_RETRY_SECONDS = 60n;

export function catchingUp(behind: bigint): NotYet {
  const seconds = behind / ENTRIES_A_SECOND + 1n;
  const retryAfter = Number(seconds < MAX_RETRY_SECONDS ? seconds : MAX_RETRY_SECONDS);
  const detail = `${behind} entries are still to be audited before this checkpoint can be cosigned`;
  return { status: 503, code: 'catching-up', detail, retryAfter };
}
