/** Following with a file instead of a database: each entry is handled at least once, and what may come twice says so. */
import { bytesEqual, parseDecimal, parseVkey, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { join } from 'node:path';
import { ClientError } from '../errors.ts';
import { readIfThere, writeDurably } from '../state-files.ts';
import type { FollowBatch, FollowConsumer, FollowedEntry, FollowPosition } from './consumer.ts';

export interface PlainBatch extends Omit<FollowBatch, 'entries'> {
  /** `replayed`: an earlier process had this entry in its hands when it ended; it may have been handled already. */
  readonly entries: readonly (FollowedEntry & { readonly replayed: boolean })[];
}

interface Kept {
  readonly position: FollowPosition | null;
  /** Entries below this index may have been handled, though the position does not say so. */
  readonly begunTo: bigint;
}

/**
 * A consumer whose effects cannot share a transaction with its position, such as one that sends mail. The position is kept in
 * `folder/NAME.json`, after `handle` is done. Before `handle` is called the file says which entries it gets: if the process ends in between, the
 * next one marks exactly these as replayed.
 */
export function atLeastOnce(folder: string, name: string, handle: (batch: PlainBatch) => void | Promise<void>): FollowConsumer {
  const file = `${name}.json`;
  let kept: Kept = { position: null, begunTo: 0n };
  const keep = (next: Kept): Promise<void> => writeDurably(folder, file, encode(next));
  return {
    async position() {
      const bytes = await readIfThere(folder, file);
      if (bytes !== null) kept = decode(bytes, join(folder, file));
      return kept.position;
    },
    async take({ entries, ...batch }) {
      const { position } = batch;
      const { begunTo } = kept;
      const end = entries.length === 0 ? begunTo : entries.at(-1)!.index + 1n;
      if (end > begunTo) kept = { position: kept.position, begunTo: end };
      if (end > begunTo) await keep(kept);
      await handle({ ...batch, entries: entries.map((entry) => ({ ...entry, replayed: entry.index < begunTo })) });
      // In a successor, indexes begin anew.
      const sameLog = kept.position === null || parseVkey(kept.position.vkey).name === parseVkey(position.vkey).name;
      kept = { position, begunTo: sameLog && kept.begunTo > position.next ? kept.begunTo : position.next };
      await keep(kept);
    },
  };
}

function encode({ position, begunTo }: Kept): Uint8Array {
  const text = position === null ? null : { ...position, checkpoint: utf8Decode(position.checkpoint), next: String(position.next) };
  return utf8Encode(`${JSON.stringify({ version: 1, position: text, begunTo: String(begunTo) }, null, 2)}\n`);
}

/** Our own file: anything but what `encode` writes is damage. */
function decode(bytes: Uint8Array, path: string): Kept {
  try {
    const { version, position, begunTo } = JSON.parse(utf8Decode(bytes)) as { version: 1; position: Written | null; begunTo: string };
    if (version !== 1) throw new Error(`expected version 1, found ${JSON.stringify(version)}`);
    const kept = { position: position === null ? null : read(position), begunTo: parseDecimal(begunTo, 'an index') };
    if (!bytesEqual(encode(kept), bytes)) throw new Error('expected what was written, found a change');
    return kept;
  } catch (cause) {
    throw new ClientError('unusable', `${path}: expected a kept position; move the file away to begin with entry 0`, { cause });
  }
}

type Written = Omit<FollowPosition, 'checkpoint' | 'next'> & { readonly checkpoint: string; readonly next: string };

function read({ vkey, checkpoint, next, ...rest }: Written): FollowPosition {
  return { vkey: parseVkey(vkey).text, checkpoint: utf8Encode(checkpoint), next: parseDecimal(next, 'an index'), ...rest };
}
