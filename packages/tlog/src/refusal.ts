/** How an add-checkpoint request is refused: C2SP tlog-witness at HEAD. Refusals are values. */
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

/** The old size is not the one of the last accepted checkpoint, which is told. */
export interface Conflict {
  readonly status: 409;
  readonly size: bigint;
}

export function refuse(status: Refusal['status'], code: RefusalCode, detail: string): Refusal {
  return { status, code, detail };
}
