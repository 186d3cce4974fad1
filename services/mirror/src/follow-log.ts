/** Pull mode: the mirror follows a log by its tiles, as every follower does, and takes in what it finds by the same rules as uploads. */
import {
  ClientError,
  follow,
  keepAlarm,
  LogMisbehaviour,
  LogReader,
  openSource,
  type FollowBatch,
  type FollowConsumer,
  type FollowPosition,
  logPart,
  type LogKeys,
  type LogView,
} from '@verbatim/client';
import { ProblemError, type Logger } from '@verbatim/service-kit';
import { formatAddCheckpoint, parseCheckpoint, parseNote, type VerifierKey } from '@verbatim/tlog';
import type { CheckpointAnswer } from './answers.ts';
import type { Mirror } from './mirror.ts';
import type { MirrorStore } from './store.ts';

export interface FollowedLog {
  readonly origin: string;
  readonly url: string;
  /** Never empty. Without `root` any of them may have signed; with it, the first one and those that it was followed to. */
  readonly keys: readonly VerifierKey[];
  readonly root: VerifierKey | undefined;
  readonly evidenceFolder: string;
  /** Keeps that the log was caught. */
  readonly alarmFile: string;
}

export interface FollowLogOptions {
  readonly mirror: Mirror;
  readonly store: MirrorStore;
  readonly keys: LogKeys;
  readonly pollMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onTrouble: (origin: string) => void;
  /** The log showed two histories, to this process or an earlier one: it is not followed any more. */
  readonly onCaught: (origin: string, detail: string) => void;
  /** A checkpoint was cosigned, and recorded. */
  readonly onCommitted: () => void;
  readonly onCheckpoint: (answer: CheckpointAnswer) => void;
  /** Runs everything that touches the disk. */
  readonly settle: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Remembers what it was served, as evidence. */
class SeeingReader extends LogReader {
  seen: Uint8Array | null = null;

  override adopt(note: Uint8Array, signal?: AbortSignal): Promise<LogView> {
    this.seen = note;
    return super.adopt(note, signal);
  }
}

/**
 * Follows one log until the signal aborts, or until it is caught. Other trouble is logged once, and what failed is tried again later. Rejects when
 * the mirror cannot go on.
 */
export async function followLog(log: FollowedLog, options: FollowLogOptions): Promise<void> {
  const source = await openSource(log.url);
  const { root, keys } = log;
  const [logKey, ...otherKeys] = keys as [VerifierKey, ...VerifierKey[]];
  const reader = new SeeingReader({ source, logKey, ...(root === undefined ? { otherKeys } : { root }) });
  try {
    await new LogFollowing(log, reader, options).run();
  } finally {
    await source.close();
  }
}

class LogFollowing implements FollowConsumer {
  readonly #log: FollowedLog;
  readonly #reader: SeeingReader;
  readonly #options: FollowLogOptions;
  #troubled = false;

  constructor(log: FollowedLog, reader: SeeingReader, options: FollowLogOptions) {
    this.#log = log;
    this.#reader = reader;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { evidenceFolder, alarmFile, origin } = this.#log;
    const { signal, pollMs, logger, onCaught } = this.#options;
    try {
      await follow(this.#reader, this, {
        ...{ signal, pollMs, evidenceFolder, alarmFile, outlastDamage: true },
        onTrouble: (error) => this.#trouble(error),
        onCaughtUp: (position) => this.#commit(position),
        onWarning: (detail) => logger.error({ detail, origin }, 'evidence'),
      });
    } catch (error) {
      if (!(error instanceof LogMisbehaviour)) throw error;
      await this.#caught(error);
      logger.fatal({ err: error, evidence: error.evidencePath, origin }, 'the log misbehaves: it is not followed any more');
      onCaught(origin, error.message);
    }
  }

  /** The copy's own: whoever uploads moves it, too. */
  position(): FollowPosition | null {
    const { store } = this.#options;
    const { origin, keys } = this.#log;
    const { note } = store.pending(origin);
    if (note === null) return null;
    const control = store.control(origin);
    return { vkey: keys[0]!.text, checkpoint: note, next: store.next(origin), ...(control !== null && { control }) };
  }

  async take({ entries, tree, position }: FollowBatch): Promise<void> {
    const { mirror, keys } = this.#options;
    const { origin } = this.#log;
    if (this.#reader.followed !== null) keys.expect(origin, this.#reader.followed);
    await this.#kept(() => this.#submit(position.checkpoint, tree));
    const [first] = entries;
    if (first === undefined) return;
    const bytes = entries.map(({ entry }) => entry);
    await this.#kept(() => mirror.addVerified(origin, first.index, bytes));
  }

  /** Makes it the pending checkpoint, as an uploader would, unless there is a larger one. */
  async #submit(note: Uint8Array, tree: FollowBatch['tree']): Promise<void> {
    const { mirror, store, onCheckpoint } = this.#options;
    const { origin } = this.#log;
    const { size } = tree.checkpoint;
    const pending = store.pending(origin);
    if (pending.note !== null && pending.size >= size) return;
    const proof = await tree.consistencyProof(pending.size);
    const answer = mirror.addCheckpoint(formatAddCheckpoint({ oldSize: pending.size, proof, checkpoint: logPart(note, origin) }));
    onCheckpoint(answer);
    if (answer.status === 200) return;
    if (answer.status === 409) throw new ClientError('not-kept', `a checkpoint of ${answer.size} entries was handed in meanwhile`);
    // The proof came from verified tiles, and both checkpoints are signed.
    if (answer.status === 422) throw new LogMisbehaviour('fork', 'signed two histories: one was handed in here, another is served');
    throw new ClientError('not-kept', answer.detail);
  }

  /** The checkpoint as it was served last: everything of it is there. */
  async #commit({ checkpoint: note }: FollowPosition): Promise<void> {
    const { mirror, store, onCommitted } = this.#options;
    const { origin } = this.#log;
    this.#troubled = false;
    await this.#kept(async () => {
      const checkpoint = parseCheckpoint(parseNote(note).text);
      const cosigned = store.mirrored(origin);
      if (cosigned.checkpoint !== null && cosigned.size >= checkpoint.size) return;
      const answer = await mirror.commit({ checkpoint, note: logPart(note, origin) });
      if (answer.status === 200) onCommitted();
      if (answer.status === 422) throw new ClientError('not-kept', answer.detail);
    });
  }

  /** A disk that is full for a while is trouble that passes. */
  async #kept<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#options.settle(work);
    } catch (cause) {
      if (!(cause instanceof ProblemError)) throw cause;
      throw new ClientError('not-kept', cause.message, { cause });
    }
  }

  #trouble(error: ClientError): void {
    const { onTrouble, logger } = this.#options;
    const { origin, url } = this.#log;
    if (error.code === 'fork' && this.#deniesStored()) throw error;
    onTrouble(origin);
    if (!this.#troubled) logger.warn({ err: error, origin, url }, 'the log cannot be followed at the moment');
    this.#troubled = true;
  }

  /** Whatever tiles were served with it: its own entries are here, and make another root. */
  #deniesStored(): boolean {
    const { seen } = this.#reader;
    return seen !== null && this.#options.mirror.denies(parseCheckpoint(parseNote(seen).text));
  }

  /** Both checkpoints in the database, where uploads leave theirs, too. */
  async #caught(error: LogMisbehaviour): Promise<void> {
    const { mirror, store } = this.#options;
    const { origin, alarmFile } = this.#log;
    const { seen } = this.#reader;
    const known = store.pending(origin).note;
    if (error.code !== 'fork' || seen === null || known === null) return;
    const { size, root } = parseCheckpoint(parseNote(seen).text);
    mirror.keepEvidence(origin, { size, root, known, conflicting: logPart(seen, origin) });
    await keepAlarm(alarmFile, error);
  }
}
