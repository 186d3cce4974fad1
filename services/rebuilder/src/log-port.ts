/** What the rebuilder asks of a log, and the answers that it tells apart. `log-client.ts` is the real one. */

/** Handing in a blob. */
export type PutAnswer =
  | { readonly kind: 'stored' }
  /** For good: too large, quota used up. A missing blob never changes a verdict (DESIGN §3.2). */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  | { readonly kind: 'retry'; readonly code: string; readonly detail: string; readonly retryAfterMs: number | null };

/** Handing in an observation. */
export type SubmitAnswer =
  /** Published, with a proof that was verified. `proof` is a tlog-proof. */
  { readonly kind: 'acknowledged'; readonly index: bigint; readonly proof: string } | Exclude<PutAnswer, { kind: 'stored' }>;

/** Idempotent both: the same bytes may be handed in any number of times. Neither throws but with `signal.reason`. */
export interface LogPort {
  putBlob(sha256: string, bytes: Uint8Array, signal: AbortSignal): Promise<PutAnswer>;
  submit(entry: Uint8Array, signal: AbortSignal): Promise<SubmitAnswer>;
}
