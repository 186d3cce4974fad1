/** What the witness says to an add-checkpoint request. Refusals are values. */
export type RefusalCode =
  | 'malformed'
  | 'old-size-ahead'
  | 'unknown-origin'
  | 'not-signed'
  | 'bad-signature'
  | 'bad-empty-root'
  | 'bad-proof'
  | 'split-view';

export interface Refusal {
  readonly status: 400 | 403 | 404 | 422;
  readonly code: RefusalCode;
  readonly detail: string;
}

/** The old size is not the one of the last cosigned checkpoint, which is told. */
export interface Conflict {
  readonly status: 409;
  readonly size: bigint;
}

export interface Cosigned {
  readonly status: 200;
  /** One or more signature lines. */
  readonly lines: string;
  /** False if nothing had to be written: the same cosignature was given before. */
  readonly recorded: boolean;
}

export function refuse(status: Refusal['status'], code: RefusalCode, detail: string): Refusal {
  return { status, code, detail };
}
