import { formatAddCheckpoint, type Hash, type NoteSignature } from '@verbatim/tlog';
import { type HttpAnswer, interpretAnswer } from './answer.ts';
import { type CosignerAsked, readCosignatures } from './cosignatures.ts';

/** Sends one add-checkpoint body. Rejects when the witness cannot be reached, is too slow or answers without end. */
export type PostAddCheckpoint = (body: Uint8Array) => Promise<HttpAnswer>;

export type AskOutcome =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[]; readonly timestamp: bigint }
  /** It is at a size larger than the checkpoint that we sent. */
  | { readonly kind: 'ahead'; readonly size: bigint }
  | { readonly kind: 'split-view'; readonly evidence: Evidence }
  | { readonly kind: 'pushed-back'; readonly seconds: number }
  | { readonly kind: 'refused'; readonly detail: string; readonly evidence?: Evidence };

/** What was said to whom and what came back, for the operator and for whoever must believe them. */
export interface Evidence {
  readonly request: string;
  readonly status: number;
  readonly body: string;
  readonly detail: string;
}

export interface Ask extends CosignerAsked {
  /** The size that the witness is believed to hold, at most the target's. */
  readonly oldSize: bigint;
  readonly proof: (oldSize: bigint, size: bigint) => Hash[];
  readonly post: PostAddCheckpoint;
}

/** One guess, one correction, one more for a witness that moved in between. */
const MAX_TRIES = 3;

/** Asks one witness to cosign one checkpoint, correcting the old size as the witness says. Network errors reject. */
export async function askWitness(ask: Ask): Promise<AskOutcome> {
  let oldSize = ask.oldSize;
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const request = formatAddCheckpoint({ oldSize, proof: ask.proof(oldSize, ask.target.size), checkpoint: ask.target.note });
    const http = await ask.post(request);
    const answer = interpretAnswer(http, oldSize < ask.target.size);
    const evidence = (detail: string): Evidence => ({
      request: new TextDecoder().decode(request),
      status: http.status,
      body: http.body,
      detail,
    });
    switch (answer.kind) {
      case 'signed':
        return readAnswer(ask, answer.lines);
      case 'split-view':
        return { kind: 'split-view', evidence: evidence(answer.detail) };
      case 'proof-refused':
        return { kind: 'refused', detail: answer.detail, evidence: evidence(answer.detail) };
      case 'refused':
      case 'pushed-back':
        return answer;
      case 'at-size':
        if (answer.size > ask.target.size) return { kind: 'ahead', size: answer.size };
        // A conflict at exactly the size that we said, with nothing to grow: only the root can differ (tlog-witness v1.0.0).
        if (answer.size === oldSize && oldSize === ask.target.size) {
          return { kind: 'split-view', evidence: evidence('status 409 with the size that was sent') };
        }
        oldSize = answer.size;
    }
  }
  return { kind: 'refused', detail: `it kept answering 409 with another size, last ${oldSize}` };
}

function readAnswer(ask: Ask, lines: string): AskOutcome {
  const read = readCosignatures(ask, lines);
  return 'detail' in read ? { kind: 'refused', ...read } : { kind: 'cosigned', ...read };
}
