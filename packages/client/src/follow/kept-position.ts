/** A position as its consumer kept it. */
import { parseCheckpoint, parseNote, TlogError } from '@verbatim/tlog';
import { ClientError } from '../errors.ts';
import type { Remembered } from '../note-store.ts';
import type { FollowPosition } from './consumer.ts';

/** Throws `ClientError` 'unusable' when what was kept is no position. Its signature was verified before it was kept. */
export function readPosition({ checkpoint: note, next }: FollowPosition): Remembered {
  try {
    const checkpoint = parseCheckpoint(parseNote(note).text);
    if (next >= 0n && next <= checkpoint.size) return { note, checkpoint };
    throw new ClientError('unusable', `expected a position of at most ${checkpoint.size}, found ${next}: the kept state is damaged`);
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw new ClientError('unusable', 'expected a checkpoint in the kept position: the kept state is damaged', { cause });
  }
}
