/** Reads a log: its newest checkpoint, verified and remembered, and the tree below it. */
import {
  type Checkpoint,
  type Ed25519Verify,
  MAX_NOTE_BYTES,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  TlogError,
  type VerifierKey,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { CheckpointMemory } from './checkpoint-memory.ts';
import { ControlTrail } from './control-trail.ts';
import { ClientError, LogMisbehaviour } from './errors.ts';
import { followedKey } from './followed-key.ts';
import type { Remembered } from './note-store.ts';
import type { Source } from './source.ts';
import { noTileCache, type TileCache } from './tile-cache.ts';
import { VerifiedTree } from './verified-tree.ts';

export interface LogReaderOptions {
  readonly source: Source;
  /** The log's key as the policy pins it; its name is the origin. */
  readonly logKey: VerifierKey;
  /** Others that may have signed in its place, by the reader's own configuration. */
  readonly otherKeys?: readonly VerifierKey[];
  /** The log's root key as the policy pins it: with it a log that has changed its key is followed. */
  readonly root?: VerifierKey;
  /** Remembers within this reader only when left out. */
  readonly memory?: CheckpointMemory;
  readonly cache?: TileCache;
  readonly verify?: Ed25519Verify;
}

/** The log at one checkpoint. Cosignatures and age have not been judged: that is the policy's business. */
export interface LogView {
  readonly note: Uint8Array;
  readonly checkpoint: Checkpoint;
  readonly tree: VerifiedTree;
}

export class LogReader {
  readonly source: Source;
  readonly logKey: VerifierKey;
  readonly root: VerifierKey | null;
  readonly #otherKeys: readonly VerifierKey[];
  readonly #memory: CheckpointMemory;
  #followed: VerifierKey | null = null;
  /** Null without a root key: then the pinned key signs for ever. */
  #trail: ControlTrail | null;
  readonly #cache: TileCache;
  readonly #verify: Ed25519Verify;

  constructor({ source, logKey, otherKeys = [], root, memory, cache = noTileCache, verify = verifyEd25519 }: LogReaderOptions) {
    this.source = source;
    this.logKey = logKey;
    this.root = root ?? null;
    this.#otherKeys = otherKeys;
    this.#memory = memory ?? new CheckpointMemory(null, { verify });
    this.#cache = cache;
    this.#verify = verify;
    this.#trail = root === undefined ? null : new ControlTrail({ logKey, root }, [], 0n, verify);
  }

  /** What was read of the control entries; null for a reader that knows no root key. */
  get trail(): ControlTrail | null {
    return this.#trail;
  }

  /** Tells what somebody who reads every entry has found, so that nothing is searched again. */
  know(trail: ControlTrail): void {
    this.#trail = trail;
  }

  /** The key that the log was followed to, if it has changed the pinned one; known once a checkpoint was read. */
  get followed(): VerifierKey | null {
    return this.#followed;
  }

  /**
   * The newest state that the log has signed, as far as this machine ever saw: signed by the log, consistent with everything remembered.
   * Throws `LogMisbehaviour` or `ClientError`.
   */
  async latest(signal?: AbortSignal): Promise<LogView> {
    const note = await this.source.get('checkpoint', { limit: MAX_NOTE_BYTES, signal });
    if (note === null) throw new ClientError('not-found', `${this.source.location}: there is no checkpoint; is this the address of a log?`);
    return this.adopt(note, signal);
  }

  /** The same, by a checkpoint that came with an answer. The view is of another note than this when a larger one is remembered. */
  async adopt(note: Uint8Array, signal?: AbortSignal): Promise<LogView> {
    const trees = new Map<bigint, VerifiedTree>();
    const treeAt = (checkpoint: Checkpoint): VerifiedTree => {
      const tree = trees.get(checkpoint.size) ?? this.treeAt(checkpoint, signal);
      trees.set(checkpoint.size, tree);
      return tree;
    };
    const newest = await this.#memory.observe(await this.#open(note, signal), this.logKey, treeAt);
    return { ...newest, tree: treeAt(newest.checkpoint) };
  }

  /** The tree of a checkpoint whose log signature was verified by the caller. */
  treeAt(checkpoint: Checkpoint, signal?: AbortSignal): VerifiedTree {
    return new VerifiedTree(checkpoint, this.source, { cache: this.#cache, signal });
  }

  /** Whether the note carries this key's signature, and it verifies. */
  isSignedBy(key: VerifierKey, note: Uint8Array): boolean {
    try {
      openCheckpoint(note, key, this.#verify);
      return true;
    } catch (error) {
      if (error instanceof TlogError) return false;
      throw error;
    }
  }

  async #open(note: Uint8Array, signal: AbortSignal | undefined): Promise<Remembered> {
    try {
      const known = this.#trail?.logKeyAt(parseCheckpoint(parseNote(note).text).size) ?? this.logKey;
      return await this.#openBy(this.#otherKeys.find((key) => this.isSignedBy(key, note)) ?? known, note);
    } catch (cause) {
      if (!(cause instanceof TlogError)) throw cause;
      const followed = cause.code === 'unverified-note' ? await this.#openFollowed(note, signal) : null;
      if (followed !== null) return followed;
      const hint =
        cause.code === 'unverified-note' && this.#trail === null
          ? '. If the log has changed its key, name its root key (in a policy, or as root_vkey): then it is followed'
          : '';
      const message = `${this.source.location}: ${cause.message}${hint}`;
      if (cause.code === 'bad-signature' || cause.code === 'unverified-note' || cause.code === 'wrong-origin') {
        throw new LogMisbehaviour('bad-checkpoint', message, { cause, exhibits: [{ path: 'checkpoint', bytes: note }] });
      }
      throw new ClientError('malformed', message, { cause });
    }
  }

  /** A checkpoint that another key has signed, to which the root key leads; null when none does. */
  async #openFollowed(note: Uint8Array, signal: AbortSignal | undefined): Promise<Remembered | null> {
    const { source, logKey } = this;
    const trail = this.#trail;
    if (trail === null) return null;
    const treeAt = (checkpoint: Checkpoint): VerifiedTree => this.treeAt(checkpoint, signal);
    try {
      const key = await followedKey(note, { source, logKey, trail, treeAt }, signal);
      return key === null ? null : await this.#openBy(key, note);
    } catch (error) {
      // What is wrong with it was said already.
      if (error instanceof TlogError || error instanceof LogMisbehaviour) return null;
      throw error;
    }
  }

  /** Throws `TlogError` when it is not signed by the key. */
  async #openBy(key: VerifierKey, note: Uint8Array): Promise<Remembered> {
    const { checkpoint } = openCheckpoint(note, key, this.#verify);
    if (key.text !== this.logKey.text) {
      await this.#memory.follow(this.logKey, key);
      this.#followed = key;
    }
    return { note, checkpoint };
  }
}
