/** The witness itself: check, persist, cosign. Synchronous from the look at the head to the commit, so nothing can come between. */
import { cosignatureTime, type Cosigner, type SplitView } from '@verbatim/service-kit';
import {
  bytesEqual,
  contradicts,
  formatNote,
  formatSignatureLine,
  judgeSubmission,
  readSubmission,
  type Conflict,
  type Ed25519Verify,
  type Refusal,
  type Submission,
  type TrustedLogs,
} from '@verbatim/tlog';
import type { CosignedHead, WitnessStore } from './store.ts';

export interface WitnessParts {
  store: WitnessStore;
  /** The only role of its keys: Ed25519 cosignatures do not name their cosigner (C2SP tlog-cosignature). */
  cosigner: Cosigner;
  logs: TrustedLogs;
  verify: Ed25519Verify;
  /** POSIX seconds. May jump. */
  now: () => bigint;
  /** A log signed two roots for one size. Called each time; the evidence is kept already. */
  onSplitView?: (origin: string, evidence: SplitView) => void;
}

export interface Cosigned {
  readonly status: 200;
  /** One signature line a key. */
  readonly lines: string;
  /** False if nothing had to be written: the same cosignature was given before. */
  readonly recorded: boolean;
}

export type Answer = (Cosigned | Conflict | Refusal) & { /** A configured log's, or null. */ readonly origin: string | null };

export class Witness {
  readonly #parts: WitnessParts;

  constructor(parts: WitnessParts) {
    this.#parts = parts;
    parts.store.track(parts.logs.keys());
  }

  /** Answer to the body of an add-checkpoint request. Throws SqliteError when the state cannot be read or written: then nothing was cosigned. */
  addCheckpoint(body: Uint8Array): Answer {
    const { store, logs, verify } = this.#parts;
    const submission = readSubmission(body, logs, verify);
    if ('status' in submission) return { ...submission, origin: null };
    const { origin } = submission.checkpoint;
    const head = store.head(origin);
    if (contradicts(head, submission)) this.#keepEvidence(origin, head, submission);
    return { ...(judgeSubmission(head, submission) ?? this.#cosign(head, submission)), origin };
  }

  #cosign(head: CosignedHead, { oldSize, checkpoint, text, signatures }: Submission): Cosigned | Conflict {
    const { store, cosigner, now } = this.#parts;
    const { origin, size, root } = checkpoint;
    const timestamp = cosignatureTime(now(), head.timestamp);
    const lines = cosigner.cosign(text, timestamp);
    const next = { size, root, timestamp, checkpoint: formatNote({ text, signatures: [...signatures, ...lines] }) };
    // Repeated within a second: the same cosignature, and nothing new to remember. So a replayed request costs no disk write.
    const known = sameStatement(head, next);
    if (!known && !store.advance(origin, oldSize, next)) return { status: 409, size: store.head(origin).size };
    return { status: 200, lines: lines.map(formatSignatureLine).join(''), recorded: !known };
  }

  #keepEvidence(origin: string, head: CosignedHead, { checkpoint, text, signatures }: Submission): void {
    // A head without a note was never signed by anybody.
    if (head.checkpoint === null) return;
    const conflicting = formatNote({ text, signatures: [...signatures] });
    const evidence = { size: checkpoint.size, root: checkpoint.root, known: head.checkpoint, conflicting };
    this.#parts.store.splitViews.add(origin, evidence);
    this.#parts.onSplitView?.(origin, evidence);
  }

  /** See `CosignerStore`. */
  lastTimestamp(): bigint {
    return this.#parts.store.lastTimestamp();
  }
}

function sameStatement(head: CosignedHead, next: CosignedHead): boolean {
  return head.checkpoint !== null && head.size === next.size && head.timestamp === next.timestamp && bytesEqual(head.root, next.root);
}
