/** One log's index, rebuilt up to whatever checkpoint the log asks to have cosigned. Reads in the background, however long that takes. */
import {
  catchUp,
  ClientError,
  ControlTrail,
  describeFinding,
  IndexAuditor,
  isProved,
  LogMisbehaviour,
  LogReader,
  ReaderAt,
  type AuditStore,
  type Source,
} from '@verbatim/client';
import type { Logger } from '@verbatim/service-kit';
import { decodeEntry, PREDICATE } from '@verbatim/statements';
import { bytesEqual, parseCheckpoint, parseNote, type Checkpoint, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Alarm } from '../store.ts';

/** A checkpoint whose log signature was verified, with every line that has the log's name. */
export interface Target {
  readonly note: Uint8Array;
  readonly checkpoint: Checkpoint;
}

export type AuditOutcome =
  /** Every index root up to this very checkpoint is right. */
  | { readonly kind: 'sound' }
  /** Not there yet: so many entries to go. */
  | { readonly kind: 'catching-up'; readonly behind: bigint }
  /** The log cannot be read, or what it serves is not what it signed. */
  | { readonly kind: 'unreadable'; readonly detail: string }
  /** For good. */
  | { readonly kind: 'unsound'; readonly detail: string };

const SEARCH_PAUSE_MS = 5_000;

export interface LogAuditOptions {
  readonly logKey: VerifierKey;
  /** Others that the log has or had; those that a rotation in the log names need not be here. */
  readonly otherKeys: readonly VerifierKey[];
  /** The log's root key, by which it is followed to other keys. */
  readonly root: VerifierKey | undefined;
  /** Called with what the audited entries say about the log's keys, whenever there are more of them. */
  readonly onTrail: (trail: ControlTrail) => void;
  /** Where the log serves its tiles, up to the size that it has signed. */
  readonly source: Source;
  /** Called again after a failure of the last one. */
  readonly openStore: () => AuditStore & Disposable;
  readonly evidenceFolder: string;
  /** As kept by an earlier process. */
  readonly alarm: Alarm | null;
  /** Called once, before anybody hears of it: keeps it durably, or throws. */
  readonly onAlarm: (alarm: Alarm) => void;
  /** What is in the way is not the log's doing, but a failing disk for one. Ends the process when that cannot be outlasted. */
  readonly onFailure: (error: unknown) => void;
  readonly logger: Logger;
}

export class LogAudit implements AsyncDisposable {
  readonly #options: LogAuditOptions;
  #store: AuditStore & Disposable;
  #auditor: IndexAuditor;
  readonly #stop = new AbortController();
  #alarm: Alarm | null;
  #target: Target | null = null;
  /** Below the audited size, proved to be a beginning of it, and to end with an index root. */
  #earlier: Checkpoint | null = null;
  #run: Promise<void> | null = null;
  #trouble: string | null = null;
  #search: Promise<VerifierKey | null> | null = null;
  /** By `performance.now()`. */
  #searchedAt = Number.NEGATIVE_INFINITY;

  /** Throws `ClientError` 'unusable' when the store holds something else. */
  constructor(options: LogAuditOptions) {
    this.#options = options;
    this.#alarm = options.alarm;
    [this.#store, this.#auditor] = open(options);
    this.#raiseFindings();
    this.#tellTrail();
  }

  get alarm(): Alarm | null {
    return this.#alarm;
  }

  /** Entries that were audited. */
  get size(): bigint {
    return this.#auditor.position()?.next ?? 0n;
  }

  /** Has the log audited up to `target`, for at most `waitMs`; reading goes on after that. */
  async reach(target: Target, waitMs: number): Promise<AuditOutcome> {
    const known = this.#known(target);
    if (known !== null) return known;
    // Work goes on for the newest: whoever wanted an older one asks again.
    if (this.#run === null || this.#target === null || target.checkpoint.size > this.#target.checkpoint.size) this.#target = target;
    this.#run ??= this.#work();
    const patience = new AbortController();
    await Promise.race([this.#run, sleep(waitMs, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    return this.#known(target) ?? this.#unfinished(target);
  }

  /**
   * The key that has signed a checkpoint, if the root key's statements in the log lead to it; null else. Anybody may ask: bytes that are not the log's
   * fail at the first tile, and there is one search at a time, and a pause after one that found nothing.
   */
  async keyOf(note: Uint8Array): Promise<VerifierKey | null> {
    if (this.#options.root === undefined || performance.now() - this.#searchedAt < SEARCH_PAUSE_MS) return null;
    this.#search ??= this.#searchKey(note).finally(() => {
      this.#search = null;
    });
    return this.#search;
  }

  async #searchKey(note: Uint8Array): Promise<VerifierKey | null> {
    const reader = this.#reader();
    try {
      await reader.adopt(note, this.#stop.signal);
    } catch (error) {
      if (!(error instanceof ClientError) && !this.#stop.signal.aborted) throw error;
      this.#searchedAt = performance.now();
      return null;
    }
    return reader.followed;
  }

  /** It knows what was audited. */
  #reader(): LogReader {
    const { source, logKey, root } = this.#options;
    const reader = new LogReader({ source, logKey, ...(root && { root }) });
    const trail = this.#trail();
    if (trail !== null) reader.know(trail);
    return reader;
  }

  #trail(): ControlTrail | null {
    const { logKey, root } = this.#options;
    const { control, next = 0n } = this.#auditor.position() ?? {};
    if (root === undefined || control === undefined) return null;
    return new ControlTrail({ logKey, root }, [], 0n, verifyEd25519).restored(control, next);
  }

  #tellTrail(): void {
    const trail = this.#trail();
    if (trail !== null) this.#options.onTrail(trail);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#run;
    this.#store[Symbol.dispose]();
    await this.#options.source.close();
  }

  /** What is settled without reading. */
  #known({ checkpoint: { size, root } }: Target): AuditOutcome | null {
    this.#raiseFindings();
    if (this.#alarm !== null) return { kind: 'unsound', detail: this.#alarm.detail };
    // A log that begins asks about nothing (services/log/src/engine/standing.ts), and there is nothing to audit.
    if (size === 0n) return { kind: 'sound' };
    const position = this.#auditor.position();
    const newest = position === null ? null : parseCheckpoint(parseNote(position.checkpoint).text);
    const audited = newest?.size === position?.next ? [newest, this.#earlier] : [this.#earlier];
    return audited.some((state) => state?.size === size && bytesEqual(state.root, root)) ? { kind: 'sound' } : null;
  }

  #unfinished({ checkpoint: { size } }: Target): AuditOutcome {
    if (this.#trouble !== null) return { kind: 'unreadable', detail: this.#trouble };
    const behind = size - this.size;
    // An audit beyond it shows nothing yet about the tree of this size.
    return { kind: 'catching-up', behind: behind > 0n ? behind : 0n };
  }

  /** Until the newest target is reached, or something is in the way. Never rejects. */
  async #work(): Promise<void> {
    this.#trouble = null;
    try {
      for (let target = this.#target; target !== null && this.#alarm === null; target = this.#next(target)) await this.#audit(target);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failed(error);
    } finally {
      this.#run = null;
    }
  }

  #next(done: Target): Target | null {
    return this.#target === done ? null : this.#target;
  }

  async #audit({ note, checkpoint }: Target): Promise<void> {
    const { logKey, root, source, evidenceFolder } = this.#options;
    const reader = new ReaderAt({ source, logKey, ...(root && { root }) }, { note, checkpoint });
    const { signal } = this.#stop;
    await catchUp(reader, this.#auditor, { evidenceFolder, signal });
    this.#raiseFindings();
    this.#tellTrail();
    const { size } = checkpoint;
    if (size === this.size || this.#alarm !== null) return;
    // Older than what was audited, and a beginning of it: catchUp has seen to that.
    const last = size === 0n ? null : await reader.treeAt(checkpoint, signal).entry(size - 1n);
    if (last === null || isIndexRoot(last)) this.#earlier = checkpoint;
    else this.#raise({ detail: `the log signed the size ${size}, whose last entry is no index root`, evidencePath: null });
  }

  #raiseFindings(): void {
    const { findings, evidencePath } = this.#auditor.report();
    if (findings[0] !== undefined) this.#raise({ detail: describeFinding(findings[0]), evidencePath });
  }

  #raise(alarm: Alarm): void {
    if (this.#alarm !== null) return;
    this.#options.onAlarm(alarm);
    this.#alarm = alarm;
  }

  #failed(error: unknown): void {
    const { logger, onFailure } = this.#options;
    this.#trouble = error instanceof ClientError ? error.message : 'nothing can be recorded at the moment';
    try {
      if (error instanceof LogMisbehaviour && isProved(error)) {
        return this.#raise({ detail: error.message, evidencePath: error.evidencePath });
      }
      if (!(error instanceof ClientError)) throw error;
      logger.warn({ code: error.code, detail: error.message }, 'the log cannot be audited at the moment');
    } catch (failure) {
      onFailure(failure);
      // What the last one has in memory may not be what is on disk.
      this.#store[Symbol.dispose]();
      [this.#store, this.#auditor] = open(this.#options);
    }
  }
}

function open({ logKey, otherKeys, openStore, evidenceFolder, logger }: LogAuditOptions): [AuditStore & Disposable, IndexAuditor] {
  const onWarning = (message: string): void => logger.error({ detail: message }, 'evidence');
  const store = openStore();
  return [store, new IndexAuditor({ logKey, earlierKeys: otherKeys, store, evidenceFolder, onWarning })];
}

function isIndexRoot(entry: Uint8Array): boolean {
  try {
    const { predicateType, predicate } = decodeEntry(entry).statement;
    return predicateType === PREDICATE.control && predicate.action === 'index-root';
  } catch {
    return false;
  }
}
