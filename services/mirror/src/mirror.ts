/** The mirror itself: what may be stored, and what may be cosigned. C2SP tlog-mirror, "Updating a Mirror". */
import { type ControlTrail, type LogKeys, logPart, REPLACED_KEY, type SuccessorLog } from '@verbatim/client';
import { cosignatureTime, type Cosigner, type Durable, type SplitView } from '@verbatim/service-kit';
import {
  bytesEqual,
  contradicts,
  formatNote,
  formatSignatureLine,
  judgeSubmission,
  parseAddCheckpoint,
  parseNote,
  parseVkey,
  readSubmission,
  verifySubtreeConsistency,
  type AddEntriesHeader,
  type Checkpoint,
  type EntryPackage,
  type MirrorInfo,
  type NoteVerify,
  type Submission,
} from '@verbatim/tlog';
import { join } from 'node:path';
import { readTarget, type CheckpointAnswer, type Committed, type Target, type UploadConflict, type UploadStart } from './answers.ts';
import { DamagedCopyError, LogCopy, originHash } from './log-copy.ts';
import type { MirrorStore } from './store.ts';
import { Tickets } from './tickets.ts';
import { Turns } from './turns.ts';

export interface MirrorParts {
  readonly store: MirrorStore;
  readonly cosigner: Cosigner;
  readonly keys: LogKeys;
  /** Folder of the copies. */
  readonly folder: string;
  readonly durable: Durable;
  readonly verify: NoteVerify;
  /** POSIX seconds. May jump. */
  readonly now: () => bigint;
  /** Ends the process: what is stored cannot be trusted any more. */
  readonly fatal: (error: unknown) => never;
  /** A log signed two histories. Called each time; the evidence is kept already. */
  readonly onSplitView?: (origin: string, evidence: SplitView) => void;
  /** A log has named its successor, which is mirrored from now on, too. */
  readonly onSuccessor?: (origin: string, successor: SuccessorLog) => void;
}

/** Entries before the next one that an upload may repeat: more is a waste of time for both (C2SP tlog-mirror, "excess_entries"). */
const MAX_EXCESS = 8n * 256n;

export class Mirror {
  readonly #parts: MirrorParts;
  readonly #tickets: Tickets;
  readonly #copies = new Map<string, LogCopy>();
  readonly #turns = new Map<string, Turns>();

  private constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.#tickets = new Tickets(parts.cosigner.secret('mirror tickets'));
  }

  /** Reads back every copy, and holds it against what was cosigned. Throws DamagedCopyError, SqliteError, DurableError. */
  static async open(parts: MirrorParts): Promise<Mirror> {
    const mirror = new Mirror(parts);
    parts.store.track(parts.keys.trusted.keys());
    for (const origin of parts.store.origins()) {
      const copy = await mirror.#copy(origin);
      const { checkpoint } = parts.store.mirrored(origin);
      // The row is the promise; the file is for whoever serves the folder as it is.
      if (checkpoint !== null) await copy.folder.writeCheckpoint(checkpoint);
    }
    // Successors join them on the way.
    for (const origin of parts.keys.trusted.keys()) await mirror.#readControl(origin);
    return mirror;
  }

  /** Where a log's copy is, also of one that is no longer configured; null if there never was one. */
  copyOf(origin: string): LogCopy | null {
    return this.#copies.get(origin) ?? null;
  }

  /** Answer to the body of an add-checkpoint request: it moves the pending checkpoint, and nothing is cosigned. Throws SqliteError. */
  addCheckpoint(body: Uint8Array): CheckpointAnswer {
    const { store, keys, verify } = this.#parts;
    const submission = readSubmission(body, keys.trusted, verify);
    if ('status' in submission) return { ...submission, origin: null };
    const { origin } = submission.checkpoint;
    if (!keys.isSigned(origin, submission.checkpoint.size, submission.signatures)) return { ...REPLACED_KEY, status: 403, origin };
    const pending = store.pending(origin);
    if (contradicts(pending, submission) || this.denies(submission.checkpoint)) this.#keepEvidence(submission);
    const refused = judgeSubmission(pending, submission);
    if (refused !== null) return { ...refused, origin };
    const { size, root } = submission.checkpoint;
    const note = logPart(parseAddCheckpoint(body).checkpoint, origin);
    // While a log changes its key, the lines of both may come one after the other.
    const known = pending.note !== null && size === pending.size && note.length <= pending.note.length;
    if (!known && !store.advancePending(origin, submission.oldSize, { size, root, note })) {
      return { status: 409, size: store.pending(origin).size, origin };
    }
    return { status: 200, recorded: !known, origin };
  }

  /** May an upload begin, and up to which checkpoint? Throws SqliteError. */
  begin({ origin, start, end, ticket }: AddEntriesHeader): UploadStart {
    const { store, keys } = this.#parts;
    if (!keys.trusted.has(origin)) return { status: 404, code: 'unknown-origin', detail: 'the log of that origin is not mirrored here' };
    const pending = store.pending(origin);
    if (pending.note === null) {
      return { status: 422, code: 'no-checkpoint', detail: 'expected an add-checkpoint request for this log first' };
    }
    const next = store.next(origin);
    const target = end < store.mirrored(origin).size ? null : this.#target(origin, end, ticket);
    if (target === null) return this.#conflict(origin, null);
    const excess = (end < next ? end : next) - start;
    if (start > next || excess > MAX_EXCESS) return this.#conflict(origin, target);
    return { status: 'go', target };
  }

  /** Stores one package if its proof holds; false if it does not. Throws DurableError, SqliteError, DamagedCopyError: nothing was counted then. */
  addPackage({ checkpoint }: Target, { subtreeStart, start, end, entries, proof }: EntryPackage): Promise<boolean> {
    const { origin, size, root } = checkpoint;
    return this.#inTurn(origin, async () => {
      const copy = await this.#copy(origin);
      const hash = copy.subtreeHash(subtreeStart, start, entries);
      if (!verifySubtreeConsistency(subtreeStart, end, size, proof, hash, root)) return false;
      await this.#append(origin, copy, start, entries);
      return true;
    });
  }

  /** Stores entries that the caller has compared with the tree of a pending checkpoint. Throws as `addPackage` does. */
  addVerified(origin: string, start: bigint, entries: readonly Uint8Array[]): Promise<void> {
    return this.#inTurn(origin, async () => this.#append(origin, await this.#copy(origin), start, entries));
  }

  /**
   * Cosigns the target once all of its entries are stored: durable, served, and only then answered. Throws as `addPackage` does, and
   * DamagedCopyError if the stored entries have another root.
   */
  commit(target: Target): Promise<Committed> {
    const { origin, size, root } = target.checkpoint;
    return this.#inTurn(origin, async () => {
      const { store, cosigner, keys, now } = this.#parts;
      const head = store.mirrored(origin);
      if (size < head.size) return this.#conflict(origin, null);
      const copy = await this.#copy(origin);
      if (copy.next < size) return this.#conflict(origin, target);
      const { text, signatures } = parseNote(target.note);
      const signed = keys.verified(origin, text, signatures);
      if (!keys.isSigned(origin, size, signed)) return { status: 422, ...REPLACED_KEY };
      if (!bytesEqual(copy.rootAt(size), root)) {
        throw new DamagedCopyError(
          `${copy.folder.path}: the entries that were stored up to ${size} have another root than was proved for them`,
        );
      }
      await copy.completeEdge(size);
      const timestamp = cosignatureTime(now(), head.timestamp);
      const lines = cosigner.cosign(text, timestamp);
      const answer: Committed = { status: 200, lines: lines.map(formatSignatureLine).join('') };
      // Repeated within a second: an Ed25519 cosignature is the same, and there is nothing new to remember.
      if (head.checkpoint !== null && head.size === size && head.timestamp === timestamp) return answer;
      const checkpoint = formatNote({ text, signatures: [...signed, ...lines] });
      if (!store.commit(origin, { size, root, timestamp, checkpoint })) return this.#conflict(origin, null);
      await copy.folder.writeCheckpoint(checkpoint);
      return answer;
    });
  }

  /** Where an upload should go on. There is a pending checkpoint. @param target the upload's; null if its end is none that we can vouch for */
  info(origin: string, target: Target | null): MirrorInfo {
    const { store } = this.#parts;
    const next = store.next(origin);
    // A client that can go on to its own target need not compute its proofs again.
    const note = target !== null && next <= target.checkpoint.size ? target.note : store.pending(origin).note!;
    return { pending: readTarget(note).checkpoint.size, next, ticket: this.#tickets.seal(origin, note) };
  }

  /** See `CosignerStore`. */
  lastTimestamp(): bigint {
    return this.#parts.store.lastTimestamp();
  }

  /** Keeps two signed checkpoints that contradict each other. */
  keepEvidence(origin: string, evidence: SplitView): void {
    this.#parts.store.splitViews.add(origin, evidence);
    this.#parts.onSplitView?.(origin, evidence);
  }

  #conflict(origin: string, target: Target | null): UploadConflict {
    return { status: 409, info: this.info(origin, target) };
  }

  #target(origin: string, size: bigint, ticket: Uint8Array): Target | null {
    const { store } = this.#parts;
    const pending = store.pending(origin);
    if (pending.size === size) return readTarget(pending.note!);
    const head = store.mirrored(origin);
    if (head.checkpoint !== null && head.size === size) return this.#withoutOwn(head.checkpoint);
    const note = this.#tickets.open(origin, ticket);
    const target = note === null ? null : readTarget(note);
    return target?.checkpoint.size === size ? target : null;
  }

  /** Our own head, as the log signed it. */
  #withoutOwn(checkpoint: Uint8Array): Target {
    const { text, signatures } = parseNote(checkpoint);
    const own = signatures.filter(({ name }) => name !== this.#parts.cosigner.name);
    return readTarget(formatNote({ text, signatures: own }));
  }

  /** Does a signed checkpoint deny entries that were proved to be the log's? */
  denies({ origin, size, root }: Checkpoint): boolean {
    const copy = this.#copies.get(origin);
    return copy !== undefined && size <= copy.next && !bytesEqual(copy.rootAt(size), root);
  }

  #keepEvidence({ checkpoint: { origin, size, root }, text, signatures }: Submission): void {
    const { note } = this.#parts.store.pending(origin);
    // Without a note nothing was ever signed.
    if (note !== null)
      this.keepEvidence(origin, { size, root, known: note, conflicting: formatNote({ text, signatures: [...signatures] }) });
  }

  /** What overlaps is there already, and was proved to be the same. */
  async #append(origin: string, copy: LogCopy, start: bigint, entries: readonly Uint8Array[]): Promise<void> {
    const known = copy.next - start;
    if (known >= BigInt(entries.length)) return;
    if (known < 0n) throw new RangeError(`expected entries from ${copy.next} on, found ${start}`);
    const { store, keys } = this.#parts;
    const first = copy.next;
    const added = entries.slice(Number(known));
    await copy.append(added);
    const trail = keys.trail(origin)?.with(added.map((entry, i) => ({ index: first + BigInt(i), entry }))) ?? null;
    store.advanceNext(origin, copy.next, trail?.text ?? null);
    if (trail !== null) await this.#know(origin, trail);
  }

  /** What the stored entries say about the log's keys: as kept, or read from them when its root key was not known then. */
  async #readControl(origin: string): Promise<void> {
    const { store, keys } = this.#parts;
    let trail = keys.trail(origin);
    if (trail === null) return;
    const copy = await this.#copy(origin);
    const control = store.control(origin);
    if (control !== null) trail = trail.restored(control, copy.next);
    else for await (const entry of copy.entries()) trail = trail.with([entry]);
    await this.#know(origin, trail);
  }

  /** A log that has named its successor: that one is mirrored, too, from its first entry on. */
  async #know(origin: string, trail: ControlTrail): Promise<void> {
    const { store, keys, cosigner, onSuccessor } = this.#parts;
    keys.know(origin, trail);
    const { successor } = trail;
    if (successor === null) return;
    const logKey = parseVkey(successor.vkey);
    if (logKey.name === cosigner.name || !keys.add(logKey, parseVkey(successor.rootVkey))) return;
    store.track([logKey.name]);
    await this.#copy(logKey.name);
    onSuccessor?.(origin, successor);
  }

  /** The open copy, read back from disk if the last write failed. */
  async #copy(origin: string): Promise<LogCopy> {
    const known = this.#copies.get(origin);
    if (known !== undefined) return known;
    const { store, folder, durable } = this.#parts;
    const copy = await LogCopy.open(join(folder, originHash(origin)), durable, store.next(origin), store.mirrored(origin));
    this.#copies.set(origin, copy);
    return copy;
  }

  #inTurn<T>(origin: string, work: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(origin) ?? new Turns();
    this.#turns.set(origin, turns);
    return turns.run(async () => {
      try {
        return await work();
      } catch (error) {
        // Memory may be ahead of the disk now.
        this.#copies.delete(origin);
        if (error instanceof DamagedCopyError) this.#parts.fatal(error);
        throw error;
      }
    });
  }
}
