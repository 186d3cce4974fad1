/**
 * The last checkpoint seen of each log. Without it a log could show everybody another history, or the same one an older history.
 *
 * - A larger checkpoint must continue every remembered one, by a consistency proof made of verified tiles.
 * - The same size with another root, or a failing proof, is a fork: both notes and the proof are saved, and nothing is believed.
 * - A smaller checkpoint is one that we know the continuation of. It must be a prefix of it; then the remembered one is used in its place,
 *   so nothing that was seen can be taken back, and a cache that lags by a moment does no harm. The age of the remembered cosignatures
 *   counts as ever: a log that stands still goes stale. If the log says that the tiles of the remembered checkpoint do not exist, it was
 *   rolled back, which no log may be; both notes are saved. (A mirror that lags looks the same; then read the log itself.)
 */
import {
  bytesEqual,
  type Checkpoint,
  type Ed25519Verify,
  formatKeyId,
  type Hash,
  sha256,
  toBase64,
  toHex,
  utf8Decode,
  utf8Encode,
  type VerifierKey,
  verifyGrowth,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientError, LogMisbehaviour } from './errors.ts';
import { noteName, NoteStore, type Remembered } from './note-store.ts';
import { writeWhole } from './state-files.ts';
import type { VerifiedTree } from './verified-tree.ts';

export interface MemoryOptions {
  readonly verify?: Ed25519Verify;
  /** Told once when checkpoints cannot be remembered beyond this process. */
  readonly onWarning?: (message: string) => void;
}

/** Makes the tree of a checkpoint that is known to be signed. */
export type TreeAt = (checkpoint: Checkpoint) => VerifiedTree;

/** Other processes may add notes while we check; more rounds than this means that something is very wrong. */
const MAX_ROUNDS = 16;

export class CheckpointMemory {
  readonly #stateDir: string | null;
  readonly #options: Required<MemoryOptions>;
  readonly #stores = new Map<string, NoteStore>();

  /** @param stateDir a folder that is made when needed; null, or one that cannot be written, to remember within this process only */
  constructor(stateDir: string | null, { verify = verifyEd25519, onWarning = () => {} }: MemoryOptions = {}) {
    this.#stateDir = stateDir;
    this.#options = { verify, onWarning };
  }

  /**
   * Compares a checkpoint with everything remembered of its log, remembers it, and returns the one to use: this one, or a larger one that
   * continues it. Safe among parallel processes. Throws `LogMisbehaviour` 'fork' or 'rolled-back' with the path of the
   * evidence, and `ClientError` when tiles that are needed cannot be had.
   *
   * @param served with a log signature that was verified by the caller
   */
  async observe(served: Remembered, logKey: VerifierKey, treeAt: TreeAt): Promise<Remembered> {
    const store = this.#store(logKey);
    const checked = new Set<string>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const known = await store.list();
      const unchecked = known.filter(({ checkpoint }) => !checked.has(noteName(checkpoint)));
      const newest = known.at(-1);
      const stored = checked.has(noteName(served.checkpoint));
      if (unchecked.length === 0 && (stored || round > 0)) {
        if (newest === undefined || newest.checkpoint.size <= served.checkpoint.size) {
          for (const old of known) if (old.checkpoint.size < served.checkpoint.size) await store.remove(old);
          return served;
        }
        return newest;
      }
      for (const other of unchecked) {
        await this.#compare(served, other, logKey, treeAt);
        checked.add(noteName(other.checkpoint));
      }
      // Written before the next look at the folder: of two processes that do so, one at least sees the other's note.
      if (newest === undefined || newest.checkpoint.size <= served.checkpoint.size) {
        const same = known.find(({ checkpoint }) => noteName(checkpoint) === noteName(served.checkpoint));
        if (same === undefined || !bytesEqual(same.note, served.note)) await store.add(served);
        checked.add(noteName(served.checkpoint));
      }
    }
    throw new ClientError('unreachable', 'the remembered checkpoints changed all the time; try again');
  }

  /** Without the network only this can be seen: two roots of one size. Nothing is remembered. Throws as `observe` does. */
  async compareOffline(note: Remembered, logKey: VerifierKey): Promise<void> {
    for (const known of await this.#store(logKey).list()) {
      if (known.checkpoint.size === note.checkpoint.size && noteName(known.checkpoint) !== noteName(note.checkpoint)) {
        await this.#fork(known, note, [], logKey);
      }
    }
  }

  async #compare(served: Remembered, known: Remembered, logKey: VerifierKey, treeAt: TreeAt): Promise<void> {
    if (noteName(served.checkpoint) === noteName(known.checkpoint)) return;
    const [older, newer] = served.checkpoint.size < known.checkpoint.size ? [served, known] : [known, served];
    if (older.checkpoint.size === newer.checkpoint.size) return this.#fork(known, served, [], logKey);
    const proof = await this.#proofOf(older, newer, served, logKey, treeAt);
    const { size: size1, root: root1 } = older.checkpoint;
    const { size: size2, root: root2 } = newer.checkpoint;
    if (!verifyGrowth(size1, size2, proof, root1, root2)) await this.#fork(known, served, proof, logKey);
  }

  async #proofOf(older: Remembered, newer: Remembered, served: Remembered, logKey: VerifierKey, treeAt: TreeAt): Promise<Hash[]> {
    try {
      return await treeAt(newer.checkpoint).consistencyProof(older.checkpoint.size);
    } catch (error) {
      if (older !== served || !(error instanceof ClientError)) throw error;
      // Its tiles are of another tree than the one that it signed before. An empty proof verifies nothing, so this is reported as a fork.
      if (error.code === 'tile-mismatch') return [];
      if (error.code !== 'not-found') throw error;
      const sizes = `signed ${newer.checkpoint.size} entries before and now shows ${older.checkpoint.size}; the newer ones are gone`;
      return await this.#accuse('rolled-back', sizes, newer, older, [], logKey);
    }
  }

  #fork(known: Remembered, served: Remembered, proof: readonly Hash[], logKey: VerifierKey): Promise<never> {
    const what = `signed two histories (sizes ${known.checkpoint.size} and ${served.checkpoint.size})`;
    return this.#accuse('fork', what, known, served, proof, logKey);
  }

  async #accuse(
    code: 'fork' | 'rolled-back',
    what: string,
    known: Remembered,
    served: Remembered,
    proof: readonly Hash[],
    logKey: VerifierKey,
  ): Promise<never> {
    const evidencePath = await this.#save(code, known, served, proof, logKey);
    const where = evidencePath === null ? 'the evidence could not be saved' : `evidence: ${evidencePath}`;
    throw new LogMisbehaviour(code, `${logKey.name} ${what}; ${where}`, { evidencePath });
  }

  /** Both notes speak for themselves: anybody who knows the log's key can check them. */
  async #save(
    code: 'fork' | 'rolled-back',
    known: Remembered,
    served: Remembered,
    proof: readonly Hash[],
    logKey: VerifierKey,
  ): Promise<string | null> {
    const [older, newer] = known.checkpoint.size <= served.checkpoint.size ? [known, served] : [served, known];
    const text = JSON.stringify(
      {
        mediaType: 'application/vnd.verbatim.misbehaviour+json;version=1',
        code,
        origin: logKey.name,
        logKey: logKey.text,
        remembered: utf8Decode(known.note),
        served: utf8Decode(served.note),
        // Between these sizes, as far as it could be read; it does not lead from the older root to the newer one.
        consistency: { from: String(older.checkpoint.size), to: String(newer.checkpoint.size), proof: proof.map(toBase64) },
      },
      null,
      2,
    );
    const bytes = utf8Encode(`${text}\n`);
    const name = `${code}-${toHex(sha256(bytes)).slice(0, 16)}.json`;
    for (const folder of [...(this.#stateDir === null ? [] : [join(this.#stateDir, 'evidence')]), join(tmpdir(), 'verbatim-evidence')]) {
      try {
        await writeWhole(folder, name, bytes);
        return join(folder, name);
      } catch (error) {
        this.#options.onWarning(`cannot save evidence in ${folder}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return null;
  }

  /** One folder for each log key: a log that changes its key is another log until the policy says otherwise. */
  #store(logKey: VerifierKey): NoteStore {
    const id = `${toHex(sha256(utf8Encode(logKey.name))).slice(0, 32)}-${formatKeyId(logKey.keyId)}`;
    const folder = this.#stateDir === null ? null : join(this.#stateDir, 'checkpoints', id);
    const store = this.#stores.get(id) ?? new NoteStore(folder, logKey, this.#options.verify, this.#options.onWarning);
    this.#stores.set(id, store);
    return store;
  }
}
