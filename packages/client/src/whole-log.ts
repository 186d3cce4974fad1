/** A log without an index to ask is read whole, and the index is rebuilt from its entries: that is an audit of this very checkpoint. */
import { type AuditedTree, describeLookup } from '@verbatim/consensus';
import {
  addPairsSync,
  EMPTY_MAP,
  lookupKey,
  mapKey,
  MemoryNodeStore,
  type MapState,
  type Pair,
  provePrefixSync,
  rootOf,
} from '@verbatim/index-map';
import { type Lookup, lookupsOf, PREDICATE, type ReleaseStatement } from '@verbatim/statements';
import { hashLeaf, toHex } from '@verbatim/tlog';
import { decodeOrNull } from './decode-or-null.ts';
import { ClientError, LogMisbehaviour } from './errors.ts';
import type { AnsweredLookup } from './index-answer.ts';
import type { LogReader, LogView } from './log-reader.ts';

/** Its index takes some 3 KiB of memory for each entry. */
const MAX_WHOLE_ENTRIES = 100_000n;
/** Of all entries: a hundred thousand of the largest that a log admits would take ten gigabytes. */
const MAX_WHOLE_BYTES = 256 * 1024 * 1024;

export class WholeLog {
  view: LogView;
  /** Entries that are no statements: no log may admit them. */
  readonly undecodable: readonly bigint[];
  /** That the index root at the end of the checkpoint is right; null when it ends with something else. */
  readonly audited: AuditedTree | null;
  readonly #byLookup: ReadonlyMap<string, readonly bigint[]>;
  readonly #nodes = new MemoryNodeStore();
  readonly #map: MapState;

  private constructor(view: LogView, { byLookup, pairs, undecodable, stated }: Reading) {
    const change = addPairsSync(this.#nodes, EMPTY_MAP, pairs);
    this.#nodes.apply(change);
    this.view = view;
    this.undecodable = undecodable;
    this.#byLookup = byLookup;
    this.#map = change.state;
    const root = toHex(rootOf(change.state));
    const at = view.checkpoint.size - 1n;
    if (stated !== null && stated !== root) {
      throw new LogMisbehaviour(
        'bad-index',
        `entry ${at}: expected the index root ${root}, which follows from the entries before, found ${stated}`,
      );
    }
    this.audited = stated === null ? null : view.checkpoint;
  }

  /** Throws `LogMisbehaviour`, or `ClientError` 'too-large' for a log that does not fit into memory. */
  static async read(view: LogView, location: string, maxBytes = MAX_WHOLE_BYTES): Promise<WholeLog> {
    const { size } = view.checkpoint;
    if (size > MAX_WHOLE_ENTRIES) throw tooLarge(location, `${MAX_WHOLE_ENTRIES} entries to read whole, found ${size}`);
    const reading = await readEntries(view, maxBytes);
    if (reading === null) throw tooLarge(location, `${maxBytes} bytes of entries to read whole, found more`);
    return new WholeLog(view, reading);
  }

  /** All entries under a lookup key, ascending, and the proof against the index root. */
  answer(lookup: Lookup): AnsweredLookup {
    const { proof } = provePrefixSync(this.#nodes, this.#map, lookupKey(lookup.type, lookup.value));
    return { lookup, entries: this.#byLookup.get(describeLookup(lookup)) ?? [], proof };
  }
}

const known = new WeakMap<LogReader, { readonly whole: WholeLog; signal: AbortSignal }>();

/** The newest state of the log, read whole. It is kept for further questions to the same reader. */
export async function readWholeLog(reader: LogReader, signal: AbortSignal): Promise<WholeLog> {
  const view = await reader.latest(signal);
  const before = known.get(reader);
  if (before === undefined || before.whole.view.checkpoint.size !== view.checkpoint.size) {
    const whole = await WholeLog.read(view, reader.source.location);
    known.set(reader, { whole, signal });
    return whole;
  }
  // Its tree reads nothing more once the question is over that it was made for.
  if (before.signal.aborted) {
    before.whole.view = view;
    before.signal = signal;
  }
  return before.whole;
}

interface Reading {
  readonly byLookup: Map<string, bigint[]>;
  readonly pairs: Pair[];
  readonly undecodable: bigint[];
  /** Root of the index, in hex, that the last entry states. */
  stated: string | null;
}

function tooLarge(location: string, limit: string): ClientError {
  return new ClientError('too-large', `${location}: expected at most ${limit}; read the log at an address that answers index?lookup=…`);
}

/** Null when there is more than `maxBytes` of them. */
async function readEntries({ tree, checkpoint: { origin, size } }: LogView, maxBytes: number): Promise<Reading | null> {
  const reading: Reading = { byLookup: new Map(), pairs: [], undecodable: [], stated: null };
  const releases = new Map<number, ReleaseStatement>();
  const releaseAt = (index: number): ReleaseStatement | null => releases.get(index) ?? null;
  let bytes = 0;
  for await (const { index, entry } of tree.entries(0n)) {
    bytes += entry.length;
    if (bytes > maxBytes) return null;
    const statement = decodeOrNull(entry)?.statement;
    if (statement === undefined) {
      reading.undecodable.push(index);
      continue;
    }
    if (statement.predicateType === PREDICATE.release) releases.set(Number(index), statement);
    if (index === size - 1n) {
      // Whatever it is, the index that it ends has nothing of it.
      if (statement.predicateType === PREDICATE.control && statement.predicate.action === 'index-root')
        reading.stated = statement.predicate.root;
      break;
    }
    const value = hashLeaf(entry);
    for (const lookup of lookupsOf(statement, { origin, releaseAt })) {
      const name = describeLookup(lookup);
      const entries = reading.byLookup.get(name) ?? [];
      entries.push(index);
      reading.byLookup.set(name, entries);
      reading.pairs.push({ key: mapKey(lookupKey(lookup.type, lookup.value), index), value });
    }
  }
  return reading;
}
