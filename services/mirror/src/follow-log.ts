/** Pull mode: the mirror reads a log by its tiles and takes in what it finds, by the same rules as uploads. */
import { ClientError, openSource, VerifiedTree, type Source } from '@verbatim/client';
import type { Logger } from '@verbatim/service-kit';
import {
  bytesEqual,
  formatAddCheckpoint,
  formatNote,
  MAX_NOTE_BYTES,
  openCheckpoint,
  TILE_WIDTH,
  TlogError,
  type Checkpoint,
  type NoteVerify,
  type VerifierKey,
} from '@verbatim/tlog';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckpointAnswer, Mirror, Target } from './mirror.ts';
import type { MirrorStore } from './store.ts';

export interface FollowedLog {
  readonly origin: string;
  readonly url: string;
  /** Any of them may have signed. */
  readonly keys: readonly VerifierKey[];
}

export interface FollowLogOptions {
  readonly mirror: Mirror;
  readonly store: MirrorStore;
  readonly verify: NoteVerify;
  readonly pollMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onTrouble?: (origin: string) => void;
  /** A checkpoint was cosigned, and recorded. */
  readonly onCommitted?: () => void;
  readonly onCheckpoint?: (answer: CheckpointAnswer) => void;
  /** Runs everything that touches the disk. */
  readonly settle: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The longest pause after trouble. */
const MAX_PAUSE_MS = 60_000;
const WIDTH = BigInt(TILE_WIDTH);

/** Follows one log until the signal aborts. What fails is logged once, and tried again later. */
export async function followLog(log: FollowedLog, options: FollowLogOptions): Promise<void> {
  const { signal, pollMs, logger, onTrouble } = options;
  const source = await openSource(log.url);
  let failures = 0;
  while (!signal.aborted) {
    try {
      await catchUp(log, source, options);
      failures = 0;
    } catch (error) {
      if (signal.aborted) break;
      failures += 1;
      onTrouble?.(log.origin);
      if (failures === 1) logger.warn({ err: error, origin: log.origin, url: log.url }, 'the log cannot be followed at the moment');
    }
    const pause = failures === 0 ? pollMs : Math.min(MAX_PAUSE_MS, pollMs * 2 ** Math.min(failures, 10));
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
  await source.close();
}

/** One look: the newest checkpoint becomes the pending one, its entries are copied, and it is cosigned. */
async function catchUp(log: FollowedLog, source: Source, options: FollowLogOptions): Promise<void> {
  const { mirror, store, signal, settle, onCommitted } = options;
  const target = await readCheckpoint(log, source, options);
  const tree = new VerifiedTree(target.checkpoint, source, { signal });
  if (!(await submit(target, tree, options))) return;
  const { size } = target.checkpoint;
  const cosigned = store.mirrored(log.origin);
  if (cosigned.checkpoint !== null && cosigned.size === size) return;
  for (let next = store.next(log.origin); next < size; next = store.next(log.origin)) {
    signal.throwIfAborted();
    const bundle = await tree.bundle(next / WIDTH);
    await settle(() => mirror.addVerified(log.origin, next, bundle.slice(Number(next % WIDTH))));
  }
  await settle(() => mirror.commit(target));
  onCommitted?.();
}

/** The served checkpoint with the log's own signatures only. Throws ClientError. */
async function readCheckpoint({ origin, url, keys }: FollowedLog, source: Source, { verify, signal }: FollowLogOptions): Promise<Target> {
  const note = await source.get('checkpoint', { limit: MAX_NOTE_BYTES, signal });
  if (note === null) throw new ClientError('not-found', `${url}: there is no checkpoint; is this the address of a log?`);
  let failure: unknown;
  for (const key of keys) {
    try {
      const { checkpoint, note: opened } = openCheckpoint(note, key, verify);
      if (checkpoint.origin !== origin) continue;
      const own = opened.signatures.filter(({ name, keyId }) => keys.some((each) => each.name === name && each.keyId === keyId));
      return { checkpoint, note: formatNote({ text: opened.text, signatures: own }) };
    } catch (cause) {
      if (!(cause instanceof TlogError)) throw cause;
      failure = cause;
    }
  }
  throw new ClientError('bad-checkpoint', `${url}: expected a checkpoint of ${origin} signed by a configured key`, { cause: failure });
}

/** Makes it the pending checkpoint, as an uploader would. False if there is nothing to copy for it. */
async function submit({ checkpoint, note }: Target, tree: VerifiedTree, options: FollowLogOptions): Promise<boolean> {
  const { mirror, store, onCheckpoint, settle, logger } = options;
  const { origin, size, root } = checkpoint;
  const pending = store.pending(origin);
  const known = pending.note !== null && size === pending.size && bytesEqual(root, pending.root);
  if (known) return true;
  // An older checkpoint is submitted too: if it contradicts what is stored, that is evidence.
  const oldSize = pending.size <= size ? pending.size : size;
  const proof = oldSize === pending.size ? await tree.consistencyProof(oldSize) : [];
  const answer = await settle(async () => mirror.addCheckpoint(formatAddCheckpoint({ oldSize, proof, checkpoint: note })));
  onCheckpoint?.(answer);
  if (answer.status === 422 && answer.code === 'bad-proof') keepFork(checkpoint, note, options);
  if (answer.status !== 200 && answer.status !== 409) logger.error({ origin, code: answer.code }, answer.detail);
  return answer.status === 200;
}

/** The proof came from verified tiles of the larger tree: that it fails is the log's doing, and both checkpoints are signed. */
function keepFork({ origin, size, root }: Checkpoint, note: Uint8Array, { mirror, store }: FollowLogOptions): void {
  const known = store.pending(origin).note;
  if (known !== null) mirror.keepEvidence(origin, { size, root, known, conflicting: note });
}
