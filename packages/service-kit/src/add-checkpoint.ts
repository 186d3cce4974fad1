/** `POST …/add-checkpoint` of C2SP tlog-witness over HTTP: what witnesses and mirrors have in common. */
import type { Conflict, Refusal, RefusalCode } from '@verbatim/tlog';
import type { Context } from 'hono';
import { problem } from './problem.ts';

/** Bytes of an add-checkpoint body: `old`, 63 hashes, and a note with 100 Ed25519 lines or a dozen ML-DSA ones. */
export const MAX_ADD_CHECKPOINT_BYTES = 64 * 1024;

const TITLES: Record<RefusalCode, string> = {
  malformed: 'Malformed request',
  'old-size-ahead': 'Old size larger than the checkpoint',
  'unknown-origin': 'Unknown log',
  'not-signed': 'Not signed by the log',
  'bad-signature': 'Signature does not verify',
  'bad-empty-root': 'Wrong root of an empty tree',
  'bad-proof': 'Consistency proof does not verify',
  'split-view': 'Another root for a size that was accepted',
};

/** Any answer but success. */
export function refuseCheckpoint(c: Context, answer: Refusal | Conflict): Response {
  if (answer.status === 409) {
    // The specification gives body and Content-Type to the letter.
    return c.body(`${answer.size}\n`, 409, { 'content-type': 'text/x.tlog.size', 'cache-control': 'no-store' });
  }
  const { status, code, detail } = answer;
  return problem(c, { status, code, title: TITLES[code], detail });
}

/** Signature lines, as add-checkpoint and add-entries answer. */
export function answerLines(c: Context, lines: string): Response {
  return c.body(lines, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
}

export function methodNotAllowed(c: Context, allow: string): Response {
  const detail = `expected one of ${allow}, found ${c.req.method}`;
  return problem(c, { status: 405, code: 'method-not-allowed', title: 'Method not allowed', detail, headers: { allow } });
}
