/** What fetching a published file came to, when it came to nothing. */

export type ReceiveReason =
  | 'coordinate-unsupported'
  | 'not-published'
  /** The registry's own hash is not that of what it served. */
  | 'integrity-mismatch'
  /** The container is not what the release claims; its member may be. */
  | 'container-mismatch'
  | 'member-missing'
  | 'malformed-archive'
  | 'too-large'
  | 'receive-timeout'
  | 'network'
  | 'host-disk-full'
  | 'receive-failed';

export interface NotReceived {
  readonly kind: 'unavailable';
  readonly reason: ReceiveReason;
  readonly detail: string;
  /** Whether another try may well succeed. */
  readonly transient: boolean;
}

const TRANSIENT: ReadonlySet<ReceiveReason> = new Set(['network', 'host-disk-full', 'receive-timeout', 'receive-failed'] as const);
const DETAIL_CHARS = 2000;

export function notReceived(reason: ReceiveReason, detail: string): NotReceived {
  return { kind: 'unavailable', reason, detail: detail.slice(0, DETAIL_CHARS), transient: TRANSIENT.has(reason) };
}
