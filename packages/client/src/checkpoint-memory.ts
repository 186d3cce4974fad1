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
import { bytesEqual, type Ed25519Verify, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { join } from 'node:path';
import { type Contradiction, findContradiction, type TreeAt } from './contradiction.ts';
import { ClientError } from './errors.ts';
import { accuse } from './evidence-file.ts';
import { logFolderName, noteName, NoteStore, type Remembered } from './note-store.ts';

export interface MemoryOptions {
  readonly verify?: Ed25519Verify;
  /** Told once when checkpoints cannot be remembered beyond this process. */
  readonly onWarning?: (message: string) => void;
}

const noTree: TreeAt = () => {
  throw new Error('checkpoints of one size are compared without a tree');
};

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
      if (known.checkpoint.size === note.checkpoint.size) await this.#compare(note, known, logKey, noTree);
    }
  }

  /**
   * The log that the policy knows by `logKey` signs with another key, as a chain from the root key says. Its checkpoints are remembered as ever: a
   * log that changes its key is not rid of what it signed before.
   */
  async follow(logKey: VerifierKey, key: VerifierKey): Promise<void> {
    await this.#store(logKey).follow(key);
  }

  async #compare(served: Remembered, known: Remembered, logKey: VerifierKey, treeAt: TreeAt): Promise<void> {
    const contradiction = await findContradiction(known, served, treeAt);
    if (contradiction !== null) await this.#accuse(contradiction, known, served, logKey);
  }

  async #accuse(contradiction: Contradiction, remembered: Remembered, served: Remembered, logKey: VerifierKey): Promise<never> {
    const folder = this.#stateDir === null ? null : join(this.#stateDir, 'evidence');
    throw await accuse({ ...contradiction, logKey, remembered, served }, folder, this.#options.onWarning);
  }

  #store(logKey: VerifierKey): NoteStore {
    const id = logFolderName(logKey);
    const folder = this.#stateDir === null ? null : join(this.#stateDir, 'checkpoints', id);
    const store = this.#stores.get(id) ?? new NoteStore(folder, logKey, this.#options.verify, this.#options.onWarning);
    this.#stores.set(id, store);
    return store;
  }
}
