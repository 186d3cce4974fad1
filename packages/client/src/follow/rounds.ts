/** Looks at a log, one after the other: each proves the newest checkpoint and hands over what is new. */
import { type Checkpoint, hashLeaf, parseVkey, TILE_WIDTH } from '@verbatim/tlog';
import { findContradiction, type Contradiction } from '../contradiction.ts';
import { ControlTrail, type IndexedEntry, type LogAnchor, type SuccessorClaim } from '../control-trail.ts';
import { ClientError, LogMisbehaviour, type MisbehaviourCode } from '../errors.ts';
import { accuse, type Accusation } from '../evidence-file.ts';
import type { LogReader, LogView } from '../log-reader.ts';
import type { Remembered } from '../note-store.ts';
import { checkAlarm, isProved, keepAlarm } from './alarm-file.ts';
import type { FollowConsumer, FollowedEntry, FollowPosition } from './consumer.ts';
import type { CatchUpOptions } from './follow.ts';
import { readPosition } from './kept-position.ts';
import { findBrokenSuccession } from './succession.ts';

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
  /** Up to the position; null while the reader knows no root key, and before the first look. */
  #trail: ControlTrail | null = null;
  #progressed = false;

  private constructor(reader: LogReader, consumer: FollowConsumer, options: CatchUpOptions, position: FollowPosition | null) {
    this.#reader = reader;
    this.#consumer = consumer;
    this.#options = options;
    this.#position = position;
    this.#known = position === null ? null : readPosition(position);
  }

  static async start(reader: LogReader, consumer: FollowConsumer, options: CatchUpOptions): Promise<FollowRounds> {
    if (options.alarmFile !== undefined) await checkAlarm(options.alarmFile);
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
      if (!(error instanceof LogMisbehaviour)) throw error;
      const caught = await this.#withEvidence(error, served);
      if (isProved(error)) await this.#keepAlarm(caught);
      throw caught;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ownsReader) await this.#reader.source.close();
  }

  async #withEvidence(
    error: LogMisbehaviour,
    served: LogView | null,
    about: Partial<Pick<Accusation, 'logKey' | 'remembered'>> = {},
  ): Promise<LogMisbehaviour> {
    const { code, message, exhibits, evidencePath } = error;
    if (evidencePath !== null) return error;
    // What is proved stays proved, though its evidence could not be saved so far.
    const cause = isProved(error) ? undefined : error;
    return this.#accuse({ code: code as MisbehaviourCode, what: message, proof: [] }, served, { exhibits, cause, ...about });
  }

  async #keepAlarm(caught: LogMisbehaviour): Promise<void> {
    const { alarmFile, onWarning = () => {} } = this.#options;
    if (alarmFile === undefined) return;
    try {
      await keepAlarm(alarmFile, caught);
    } catch (error) {
      onWarning(`cannot keep the alarm in ${alarmFile}: ${error instanceof Error ? error.message : String(error)}`);
    }
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
    const { signal } = this.#options;
    if (this.#position === null && view.checkpoint.size === 0n) await this.#take([], view, 0n, this.#trail);
    for (let next = this.#position?.next ?? 0n; next < view.checkpoint.size; next = this.#position!.next) {
      signal?.throwIfAborted();
      const entries = await entriesOfBundle(view, next);
      const { trail, claim } = this.#readControl(entries);
      // What comes before the successor statement is handled first, if nothing else its checkpoint: the successor may be out of reach for long.
      const handled = claim === null ? entries : entries.filter(({ index }) => index < trail!.next);
      if (trail !== null) await this.#requireSigner(trail, view);
      if (handled.length > 0 || this.#known!.checkpoint.size < view.checkpoint.size) {
        await this.#take(handled, view, next + BigInt(handled.length), trail);
      }
      if (claim === null) continue;
      await this.#handOver(claim, view);
      await this.next();
      return;
    }
  }

  /** Up to the end of the entries, or to the statement by which the log ends, if there is somewhere to go on. */
  #readControl(entries: readonly IndexedEntry[]): { trail: ControlTrail | null; claim: SuccessorClaim | null } {
    if (this.#trail === null) return { trail: null, claim: null };
    if (this.#options.openSuccessor === undefined) return { trail: this.#trail.with(entries), claim: null };
    return this.#trail.upToSuccessor(entries);
  }

  /**
   * A checkpoint that covers a rotation must be signed by the new key: the old one may be in other hands (docs/reference/control-entries.md). The
   * reader went by what was known before these entries were read.
   */
  async #requireSigner(trail: ControlTrail, view: LogView): Promise<void> {
    const { size } = view.checkpoint;
    const next = trail.logKeyAt(size);
    if (next.text === this.#trail!.logKeyAt(size).text || this.#reader.isSignedBy(next, view.note)) return;
    // There may be another rotation behind these entries.
    let ahead = trail;
    for await (const entry of view.tree.entries(trail.next, size)) ahead = ahead.with([entry]);
    const key = ahead.logKeyAt(size);
    if (this.#reader.isSignedBy(key, view.note)) return;
    const what = `signed a checkpoint of ${size} entries without the key ${key.text}, which the root key made its own before`;
    throw await this.#accuse({ code: 'bad-checkpoint', what, proof: [] }, view);
  }

  /** The last entries of this log are handled in one transaction with the position in its successor: none is lost, none comes twice. */
  async #handOver(claim: SuccessorClaim, old: LogView): Promise<void> {
    const reader = await this.#options.openSuccessor!(claim.log);
    try {
      const trail = this.#trail!.continuedBy(anchorOf(reader), claim.size);
      reader.know(trail);
      const next = await this.#firstLook(reader);
      if (next.checkpoint.size < claim.size) {
        const found = `a checkpoint of ${next.checkpoint.size}`;
        throw new ClientError('not-found', `expected the successor ${reader.logKey.name} to have ${claim.size} entries, found ${found}`);
      }
      const broken = await findBrokenSuccession(claim, this.#position!.next, old, next);
      if (broken !== null) throw await this.#accuse(broken, old, { details: { successor: reader.logKey.text, note: textOf(next) } });
      const position = { vkey: reader.logKey.text, checkpoint: next.note, next: claim.size, successor: claim.log, control: trail.text };
      await this.#commit(old, await this.#lastEntries(old), position, { note: next.note, checkpoint: next.checkpoint });
      this.#trail = trail;
    } catch (error) {
      await reader.source.close();
      throw error;
    }
    await this[Symbol.asyncDispose]();
    this.#reader = reader;
    this.#ownsReader = true;
  }

  /** At a successor; what is wrong with it is not the old log's doing. */
  async #firstLook(reader: LogReader): Promise<LogView> {
    try {
      return await reader.latest(this.#options.signal);
    } catch (error) {
      if (!(error instanceof LogMisbehaviour)) throw error;
      throw await this.#withEvidence(error, null, { logKey: reader.logKey, remembered: null });
    }
  }

  async #lastEntries(old: LogView): Promise<IndexedEntry[]> {
    const { next } = this.#position!;
    const count = old.checkpoint.size - next;
    if (count > MAX_LAST_ENTRIES) {
      throw await this.#accuse({ code: 'bad-successor', what: `went on for ${count} entries after it named a successor`, proof: [] }, old);
    }
    const entries: IndexedEntry[] = [];
    for await (const { index, entry } of old.tree.entries(next)) entries.push({ index, entry });
    return entries;
  }

  /** From `next` on in the log that is being followed. @param trail behind these entries */
  async #take(entries: readonly IndexedEntry[], view: LogView, next: bigint, trail: ControlTrail | null): Promise<void> {
    const { note, checkpoint } = view;
    const successor = this.#position?.successor;
    const position = {
      ...{ vkey: this.#reader.logKey.text, checkpoint: note, next },
      ...(successor !== undefined && { successor }),
      ...(trail !== null && { control: trail.text }),
    };
    await this.#commit(view, entries, position, { note, checkpoint }, trail);
    if (trail !== null) this.#reader.know((this.#trail = trail));
  }

  async #commit(
    { checkpoint, tree }: LogView,
    entries: readonly IndexedEntry[],
    position: FollowPosition,
    known: Remembered,
    trail = this.#trail,
  ): Promise<void> {
    const { origin } = checkpoint;
    const followed = entries.map((each): FollowedEntry => {
      return { ...each, leafHash: hashLeaf(each.entry), origin: trail?.originAt(each.index) ?? origin };
    });
    await this.#consumer.take({ origin, entries: followed, tree, position });
    this.#position = position;
    this.#known = known;
    this.#progressed = true;
  }

  /** Where it was when the position was kept: perhaps in a successor. */
  async #resume(): Promise<void> {
    await this.#resumeReader();
    const { trail } = this.#reader;
    if (trail === null || this.#trail !== null) return;
    this.#trail = await this.#keptTrail(trail);
    this.#reader.know(this.#trail);
  }

  async #resumeReader(): Promise<void> {
    if (this.#position === null) return;
    const { vkey, successor } = this.#position;
    const [expected, found] = [this.#reader.logKey.name, parseVkey(vkey).name];
    if (found === expected) return;
    const { openSuccessor } = this.#options;
    if (openSuccessor === undefined || successor === undefined) {
      throw new ClientError('unusable', `expected a position in the log ${expected}, found one in ${found}: its state is another log's`);
    }
    this.#reader = await openSuccessor(successor);
    this.#ownsReader = true;
  }

  /** As kept with the position. A position from before the root key was known has none: then what it covers is read again. @param none an empty one */
  async #keptTrail(none: ControlTrail): Promise<ControlTrail> {
    if (this.#position === null) return none;
    const { control, next } = this.#position;
    if (control !== undefined) return none.restored(control, next);
    let trail = none;
    const tree = this.#reader.treeAt(this.#known!.checkpoint, this.#options.signal);
    for await (const entry of tree.entries(0n, next)) trail = trail.with([entry]);
    return trail;
  }

  #accuse(
    contradiction: Contradiction,
    served: LogView | null,
    more: Partial<Pick<Accusation, 'logKey' | 'remembered' | 'exhibits' | 'details' | 'cause'>> = {},
  ): Promise<LogMisbehaviour> {
    const { evidenceFolder, onWarning = () => {} } = this.#options;
    const accusation = { ...contradiction, logKey: this.#reader.logKey, remembered: this.#known, served, ...more };
    return accuse(accusation, evidenceFolder, onWarning);
  }
}

/** The entries from `next` to the end of their bundle. */
async function entriesOfBundle({ tree }: LogView, next: bigint): Promise<IndexedEntry[]> {
  const bundle = await tree.bundle(next / WIDTH);
  return bundle.slice(Number(next % WIDTH)).map((entry, i) => ({ index: next + BigInt(i), entry }));
}

/** Throws `ClientError` 'unusable' for a reader that knows no root key: nobody could say later who speaks for that log. */
function anchorOf({ logKey, root }: LogReader): LogAnchor {
  if (root !== null) return { logKey, root };
  throw new ClientError('unusable', `expected the root key of ${logKey.name}, found none`);
}

const textOf = ({ note }: LogView): string => new TextDecoder().decode(note);
