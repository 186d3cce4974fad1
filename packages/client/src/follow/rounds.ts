/** Looks at a log, one after the other: each proves the newest checkpoint and hands over what is new. */
import { type Checkpoint, hashLeaf, parseCheckpoint, parseNote, parseVkey, TILE_WIDTH, TlogError } from '@verbatim/tlog';
import { findContradiction, type Contradiction } from '../contradiction.ts';
import { ClientError, LogMisbehaviour, type MisbehaviourCode } from '../errors.ts';
import { accuse, type Accusation } from '../evidence-file.ts';
import type { LogReader, LogView } from '../log-reader.ts';
import type { Remembered } from '../note-store.ts';
import type { FollowConsumer, FollowedEntry, FollowPosition } from './consumer.ts';
import type { CatchUpOptions } from './follow.ts';
import { findBrokenSuccession, type SuccessorClaim } from './succession.ts';

/** Entries from the successor statement on: the statement itself, and the index root that ends its batch. More is a log that goes on. */
const MAX_LAST_ENTRIES = 256;
const WIDTH = BigInt(TILE_WIDTH);

export class FollowRounds implements AsyncDisposable {
  readonly #consumer: FollowConsumer;
  readonly #options: CatchUpOptions;
  #reader: LogReader;
  /** Of a successor: nobody else will close its source. */
  #ownsReader = false;
  #position: FollowPosition | null;
  /** The position's checkpoint, read. */
  #known: Remembered | null;
  #progressed = false;

  private constructor(reader: LogReader, consumer: FollowConsumer, options: CatchUpOptions, position: FollowPosition | null) {
    this.#reader = reader;
    this.#consumer = consumer;
    this.#options = options;
    this.#position = position;
    this.#known = position === null ? null : readPosition(position);
  }

  static async start(reader: LogReader, consumer: FollowConsumer, options: CatchUpOptions): Promise<FollowRounds> {
    return new FollowRounds(reader, consumer, options, await consumer.position());
  }

  /** Whether anything was handled since the last call. */
  progressed(): boolean {
    const progressed = this.#progressed;
    this.#progressed = false;
    return progressed;
  }

  /** One look. Throws as `catchUp` does. */
  async next(): Promise<FollowPosition> {
    let served: LogView | null = null;
    try {
      await this.#resume();
      served = await this.#reader.latest(this.#options.signal);
      await this.#handle(await this.#newest(served));
      return this.#position!;
    } catch (error) {
      if (!(error instanceof LogMisbehaviour) || error.evidencePath !== null) throw error;
      const { code, message, exhibits } = error;
      throw await this.#accuse({ code: code as MisbehaviourCode, what: message, proof: [] }, served, { exhibits, cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ownsReader) await this.#reader.source.close();
  }

  /** The larger of what is served and what was known, proved to be one history. */
  async #newest(served: LogView): Promise<LogView> {
    const known = this.#known;
    if (known === null) return served;
    const { signal } = this.#options;
    const treeAt = (checkpoint: Checkpoint) => (checkpoint === served.checkpoint ? served.tree : this.#reader.treeAt(checkpoint, signal));
    const contradiction = await findContradiction(known, served, treeAt);
    if (contradiction !== null) throw await this.#accuse(contradiction, served);
    return served.checkpoint.size >= known.checkpoint.size ? served : { ...known, tree: treeAt(known.checkpoint) };
  }

  /** Everything below the view's size, and then what a successor has. */
  async #handle(view: LogView): Promise<void> {
    const { signal, succession } = this.#options;
    if (this.#position === null && view.checkpoint.size === 0n) await this.#take([], view, 0n);
    for (let next = this.#position?.next ?? 0n; next < view.checkpoint.size; next = this.#position!.next) {
      signal?.throwIfAborted();
      const entries = await entriesOfBundle(view, next);
      const claims = entries.map((entry) => succession?.claimOf(entry, view.checkpoint.origin, this.#position?.successor) ?? null);
      const last = claims.findIndex((claim) => claim !== null);
      // What comes before the successor statement is handled first, if nothing else its checkpoint: the successor may be out of reach for long.
      const handled = last < 0 ? entries : entries.slice(0, last);
      if (last !== 0 || this.#known!.checkpoint.size < view.checkpoint.size) await this.#take(handled, view, next + BigInt(handled.length));
      if (last < 0) continue;
      await this.#handOver(claims[last]!, view);
      await this.next();
      return;
    }
  }

  /** The last entries of this log are handled in one transaction with the position in its successor: none is lost, none comes twice. */
  async #handOver(claim: SuccessorClaim, old: LogView): Promise<void> {
    const { signal, succession } = this.#options;
    const reader = await succession!.open(claim.log);
    try {
      const next = await reader.latest(signal);
      if (next.checkpoint.size < claim.size) {
        const found = `a checkpoint of ${next.checkpoint.size}`;
        throw new ClientError('not-found', `expected the successor ${reader.logKey.name} to have ${claim.size} entries, found ${found}`);
      }
      const broken = await findBrokenSuccession(claim, this.#position!.next, old, next);
      if (broken !== null) throw await this.#accuse(broken, old, { details: { successor: reader.logKey.text, note: textOf(next) } });
      const position = { vkey: reader.logKey.text, checkpoint: next.note, next: claim.size, successor: claim.log };
      await this.#commit(old, await this.#lastEntries(old), position, { note: next.note, checkpoint: next.checkpoint });
    } catch (error) {
      await reader.source.close();
      throw error;
    }
    await this[Symbol.asyncDispose]();
    this.#reader = reader;
    this.#ownsReader = true;
  }

  async #lastEntries(old: LogView): Promise<FollowedEntry[]> {
    const { next } = this.#position!;
    const count = old.checkpoint.size - next;
    if (count > MAX_LAST_ENTRIES) {
      throw await this.#accuse({ code: 'bad-successor', what: `went on for ${count} entries after it named a successor`, proof: [] }, old);
    }
    const entries: FollowedEntry[] = [];
    for await (const { index, entry } of old.tree.entries(next)) entries.push({ index, entry, leafHash: hashLeaf(entry) });
    return entries;
  }

  /** From `next` on in the log that is being followed. */
  #take(entries: readonly FollowedEntry[], view: LogView, next: bigint): Promise<void> {
    const { note, checkpoint } = view;
    const successor = this.#position?.successor;
    const position = { vkey: this.#reader.logKey.text, checkpoint: note, next, ...(successor === undefined ? {} : { successor }) };
    return this.#commit(view, entries, position, { note, checkpoint });
  }

  async #commit(
    { checkpoint, tree }: LogView,
    entries: readonly FollowedEntry[],
    position: FollowPosition,
    known: Remembered,
  ): Promise<void> {
    await this.#consumer.take({ origin: checkpoint.origin, entries, tree, position });
    this.#position = position;
    this.#known = known;
    this.#progressed = true;
  }

  /** Where it was when the position was kept: perhaps in a successor. */
  async #resume(): Promise<void> {
    if (this.#position === null) return;
    const { vkey, successor } = this.#position;
    const [expected, found] = [this.#reader.logKey.name, parseVkey(vkey).name];
    if (found === expected) return;
    const { succession } = this.#options;
    if (succession === undefined || successor === undefined) {
      throw new ClientError('unusable', `expected a position in the log ${expected}, found one in ${found}: its state is another log's`);
    }
    this.#reader = await succession.open(successor);
    this.#ownsReader = true;
  }

  #accuse(
    contradiction: Contradiction,
    served: LogView | null,
    more: Pick<Accusation, 'exhibits' | 'details' | 'cause'> = {},
  ): Promise<LogMisbehaviour> {
    const { evidenceFolder, onWarning = () => {} } = this.#options;
    const accusation = { ...contradiction, logKey: this.#reader.logKey, remembered: this.#known, served, ...more };
    return accuse(accusation, evidenceFolder, onWarning);
  }
}

/** The entries from `next` to the end of their bundle. */
async function entriesOfBundle({ tree }: LogView, next: bigint): Promise<FollowedEntry[]> {
  const bundle = await tree.bundle(next / WIDTH);
  return bundle.slice(Number(next % WIDTH)).map((entry, i) => ({ index: next + BigInt(i), entry, leafHash: hashLeaf(entry) }));
}

/** Throws `ClientError` 'unusable' when what was kept is no position. Its signature was verified before it was kept. */
function readPosition({ checkpoint: note, next }: FollowPosition): Remembered {
  try {
    const checkpoint = parseCheckpoint(parseNote(note).text);
    if (next >= 0n && next <= checkpoint.size) return { note, checkpoint };
    throw new ClientError('unusable', `expected a position of at most ${checkpoint.size}, found ${next}: the kept state is damaged`);
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw new ClientError('unusable', 'expected a checkpoint in the kept position: the kept state is damaged', { cause });
  }
}

const textOf = ({ note }: LogView): string => new TextDecoder().decode(note);
