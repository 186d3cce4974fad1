/** The witness itself: check, persist, cosign. Synchronous from the look at the head to the commit, so nothing can come between. */
import { bytesEqual, cosign, formatNote, formatSignatureLine, type Ed25519Verify, type Signer } from '@verbatim/tlog';
import type { Conflict, Cosigned, Refusal } from './answer.ts';
import type { TrustedLogs } from './config.ts';
import { contradicts, judge } from './judge.ts';
import type { CosignedHead, SplitView, WitnessStore } from './store.ts';
import { readSubmission, type Submission } from './submission.ts';

export interface WitnessParts {
  store: WitnessStore;
  /** The only role of this key: cosignatures do not name their cosigner (C2SP tlog-cosignature). */
  signer: Signer;
  logs: TrustedLogs;
  verify: Ed25519Verify;
  /** POSIX seconds. May jump. */
  now: () => bigint;
  /** A log signed two roots for one size. Called each time; the evidence is kept already. */
  onSplitView?: (origin: string, evidence: SplitView) => void;
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
    return { ...(judge(head, submission) ?? this.#cosign(head, submission)), origin };
  }

  #cosign(head: CosignedHead, { oldSize, checkpoint, text, signatures }: Submission): Cosigned | Conflict {
    const { store, signer, now } = this.#parts;
    const { origin, size, root } = checkpoint;
    // Neither 0, which would mean "no statement about the largest tree", nor before an earlier cosignature, whatever the clock says.
    const timestamp = [now(), head.timestamp, 1n].reduce((a, b) => (a > b ? a : b));
    const line = cosign(text, signer, timestamp);
    const next = { size, root, timestamp, checkpoint: formatNote({ text, signatures: [...signatures, line] }) };
    // Repeated within a second: the same cosignature, and nothing new to remember. So a replayed request costs no disk write.
    const known = sameStatement(head, next);
    if (!known && !store.advance(origin, oldSize, next)) return { status: 409, size: store.head(origin).size };
    return { status: 200, lines: formatSignatureLine(line), recorded: !known };
  }

  #keepEvidence(origin: string, head: CosignedHead, { checkpoint, text, signatures }: Submission): void {
    // A head without a note was never signed by anybody.
    if (head.checkpoint === null) return;
    const conflicting = formatNote({ text, signatures: [...signatures] });
    const evidence = { size: checkpoint.size, root: checkpoint.root, known: head.checkpoint, conflicting };
    this.#parts.store.addSplitView(origin, evidence);
    this.#parts.onSplitView?.(origin, evidence);
  }

  /** The newest time that the witness has put its name to; 0 if none. A clock behind it is a fault. */
  lastTimestamp(): bigint {
    const { store } = this.#parts;
    return store.origins().reduce((latest, origin) => {
      const { timestamp } = store.head(origin);
      return timestamp > latest ? timestamp : latest;
    }, 0n);
  }
}

function sameStatement(head: CosignedHead, next: CosignedHead): boolean {
  return head.checkpoint !== null && head.size === next.size && head.timestamp === next.timestamp && bytesEqual(head.root, next.root);
}
