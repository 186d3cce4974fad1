import { type NodeCache, consistencyProof } from '@verbatim/service-kit/tree';
import {
  formatAddCheckpoint,
  type MirrorInfo,
  type NoteSignature,
  type NoteVerify,
  parseMirrorInfo,
  TILE_WIDTH,
  type VerifierKey,
} from '@verbatim/tlog';
import type { SignedCheckpoint } from '../publication/collector.ts';
import { type HttpAnswer, interpretAnswer } from '../witness/answer.ts';
import { readCosignatures } from '../witness/cosignatures.ts';
import { uploadBody, type UploadSource } from './upload-body.ts';

const BUNDLE = BigInt(TILE_WIDTH);

/** Sends one request. Rejects when the mirror cannot be reached, is too slow or answers without end. */
export type PostToMirror = (path: 'add-checkpoint' | 'add-entries', body: Uint8Array) => Promise<HttpAnswer>;

export interface FeedRound extends UploadSource {
  readonly origin: string;
  readonly key: VerifierKey;
  readonly mlDsaKey: VerifierKey | undefined;
  readonly target: SignedCheckpoint;
  readonly nodes: NodeCache;
  readonly post: PostToMirror;
  readonly verify: NoteVerify;
  readonly now: () => number;
  /** What is believed of the mirror; kept up to date. */
  readonly belief: MirrorBelief;
}

export interface MirrorBelief {
  /** Size of its pending checkpoint; 0n for a new mirror. */
  pending: bigint;
  /** First entry that it lacks; null when unknown. */
  next: bigint | null;
}

export type FeedOutcome =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[]; readonly timestamp: bigint }
  /** Somebody brought it further than this target: the next round will fit. */
  | { readonly kind: 'ahead'; readonly size: bigint }
  | { readonly kind: 'pushed-back'; readonly seconds: number }
  | { readonly kind: 'refused'; readonly detail: string };

/** Corrections of the old size in one round, and answers in a row that bring nothing forward. */
const MAX_TRIES = 3;

/** Brings one mirror up to one published checkpoint (C2SP tlog-mirror: add-checkpoint, then add-entries until all is there). Network errors reject. */
export async function feedRound(round: FeedRound): Promise<FeedOutcome> {
  return (await announce(round)) ?? (await upload(round));
}

/** Makes the target the mirror's pending checkpoint. Null when it is. */
async function announce({ target, nodes, post, belief }: FeedRound): Promise<FeedOutcome | null> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const oldSize = belief.pending <= target.size ? belief.pending : 0n;
    const proof = consistencyProof(nodes, oldSize, target.size);
    const answer = interpretAnswer(
      await post('add-checkpoint', formatAddCheckpoint({ oldSize, proof, checkpoint: target.note })),
      oldSize < target.size,
    );
    switch (answer.kind) {
      case 'signed':
        belief.pending = target.size;
        return null;
      case 'at-size':
        belief.pending = answer.size;
        if (answer.size > target.size) return { kind: 'ahead', size: answer.size };
        break;
      case 'pushed-back':
        return answer;
      default:
        return { kind: 'refused', detail: answer.detail };
    }
  }
  return { kind: 'refused', detail: `it kept answering 409 with another size, last ${belief.pending}` };
}

async function upload(round: FeedRound): Promise<FeedOutcome> {
  const { origin, target, post, belief } = round;
  let ticket: Uint8Array = new Uint8Array();
  for (let stuck = 0; stuck < MAX_TRIES;) {
    // Without a belief the empty upload from the end is asked: its answer tells where to begin.
    const start = belief.next !== null && belief.next < target.size ? belief.next : target.size;
    const answer = await post('add-entries', uploadBody({ origin, start, end: target.size, ticket }, round));
    if (answer.status === 200) {
      belief.next = target.size;
      return cosigned(round, answer.body);
    }
    if (answer.status !== 202 && answer.status !== 409) {
      // What it holds is not what we believed.
      belief.next = null;
      const meaning = interpretAnswer(answer, true);
      return meaning.kind === 'pushed-back' ? meaning : { kind: 'refused', detail: `add-entries: status ${answer.status}` };
    }
    const info = readInfo(answer.body);
    if (info === null) return { kind: 'refused', detail: `add-entries: status ${answer.status} without mirror-info` };
    if (answer.status === 409 && info.pending > target.size) return { kind: 'ahead', size: info.pending };
    // A request that moves nothing on by a bundle is no progress: else a mirror could ask for any number of them.
    stuck = belief.next !== null && info.next / BUNDLE > belief.next / BUNDLE ? 0 : stuck + 1;
    belief.next = info.next;
    ({ ticket } = info);
  }
  return { kind: 'refused', detail: `add-entries: it does not get beyond entry ${belief.next}` };
}

function cosigned({ key, mlDsaKey, target, verify, now }: FeedRound, lines: string): FeedOutcome {
  const read = readCosignatures({ witness: key, mlDsaKey, target, verify, now }, lines);
  return 'detail' in read ? { kind: 'refused', detail: `add-entries: ${read.detail}` } : { kind: 'cosigned', ...read };
}

function readInfo(body: string): MirrorInfo | null {
  try {
    return parseMirrorInfo(body);
  } catch {
    return null;
  }
}
