/** A log that goes on: with another key, or under another origin. */
import type { Signer } from '@verbatim/tlog';
import { InMemoryLog } from './in-memory-log.ts';

/** The first `size` entries of a log in one that `signer` signs for. */
export function continuedLog(log: InMemoryLog, signer: Signer, size = log.size, origin = signer.name): InMemoryLog {
  const copy = new InMemoryLog({ origin, signer, witnesses: log.witnesses });
  for (let index = 0n; index < size; index++) copy.add(log.entry(index));
  return copy;
}
