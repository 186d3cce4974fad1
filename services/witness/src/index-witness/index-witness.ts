/** A witness that cosigns a checkpoint only after it has rebuilt the log's index up to there: docs/spec/index-map.md §6. */
import { logPart, REPLACED_KEY, type LogKeys } from '@verbatim/client';
import {
  judgeSubmission,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  readSubmission,
  TlogError,
  type Ed25519Verify,
  type Refusal,
  type Submission,
  type TreeHead,
} from '@verbatim/tlog';
import type { Answer } from '../witness.ts';
import { catchingUp, type IndexAnswer, type IndexRefusal, type NotYet } from './answer.ts';
import type { LogAudit } from './log-audit.ts';

export interface IndexWitnessParts {
  /** Cosigns what is asked of it, under the index-witness's own key. */
  readonly cosign: (body: Uint8Array) => Answer;
  readonly head: (origin: string) => TreeHead;
  readonly keys: LogKeys;
  readonly verify: Ed25519Verify;
  /** One for each origin; a successor's comes a moment after its keys. */
  readonly audits: ReadonlyMap<string, LogAudit>;
  /** How long a request may wait for the audit. */
  readonly waitMs: number;
  /** Logs that are larger are not audited. */
  readonly maxEntries: number;
}

export class IndexWitness {
  readonly #parts: IndexWitnessParts;

  constructor(parts: IndexWitnessParts) {
    this.#parts = parts;
  }

  /** Answer to the body of an add-checkpoint request. Throws as `Witness.addCheckpoint` does. */
  async addCheckpoint(body: Uint8Array): Promise<IndexAnswer> {
    const { cosign, head, keys } = this.#parts;
    const submission = await this.#read(body);
    // Nobody makes the witness read anything without a signature of the log over a checkpoint that continues the last one.
    if ('status' in submission || judgeSubmission(head(submission.checkpoint.origin), submission) !== null) return cosign(body);
    const { origin, size } = submission.checkpoint;
    if (!keys.isSigned(origin, size, submission.signatures)) return { ...REPLACED_KEY, status: 403, origin };
    const refusal = await this.#audit(submission, logPart(parseAddCheckpoint(body).checkpoint, origin));
    // What was audited is this size and root; the witness judges the rest again, at the head that it has by now.
    return refusal === null ? cosign(body) : { ...refusal, origin };
  }

  /** A log that has changed its key since it was read last is followed to the new one first. */
  async #read(body: Uint8Array): Promise<Submission | Refusal> {
    const { keys, audits, verify } = this.#parts;
    const submission = readSubmission(body, keys.trusted, verify);
    if (!('status' in submission) || submission.code !== 'not-signed') return submission;
    const note = parseAddCheckpoint(body).checkpoint;
    const origin = originOf(note);
    const key = origin === null ? null : ((await audits.get(origin)?.keyOf(note)) ?? null);
    if (key === null) return submission;
    keys.expect(origin!, key);
    return readSubmission(body, keys.trusted, verify);
  }

  async #audit({ checkpoint }: Submission, note: Uint8Array): Promise<NotYet | IndexRefusal | null> {
    const { audits, waitMs, maxEntries } = this.#parts;
    if (checkpoint.size > BigInt(maxEntries)) {
      const detail = `expected a log of at most ${maxEntries} entries, found ${checkpoint.size}: the operator of this witness sets the limit`;
      return { status: 403, code: 'log-too-large', detail };
    }
    const audit = audits.get(checkpoint.origin);
    // A successor's is being opened.
    if (audit === undefined) return catchingUp(checkpoint.size);
    const outcome = await audit.reach({ note, checkpoint }, waitMs);
    switch (outcome.kind) {
      case 'sound':
        return null;
      case 'catching-up':
        return catchingUp(outcome.behind);
      case 'unreadable':
        return { status: 503, code: 'log-unreadable', detail: `the log cannot be audited at the moment: ${outcome.detail}`, retryAfter: 5 };
      case 'unsound':
        return { status: 403, code: 'wrong-index', detail: `nothing of this log is cosigned any more: ${outcome.detail}` };
    }
  }
}

/** Null for a note that is none: the request said so already, as far as it matters. */
function originOf(note: Uint8Array): string | null {
  try {
    return parseCheckpoint(parseNote(note).text).origin;
  } catch (error) {
    if (error instanceof TlogError) return null;
    throw error;
  }
}
