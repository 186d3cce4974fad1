/** A log that has ended: the question is asked again of the one that goes on, once it is proved that it goes on from there. */
import { historyOf, type NamedSuccessor } from '@verbatim/consensus';
import { type Ed25519Verify, fromHex } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { Gathered } from './collect.ts';
import { ClientError, LogMisbehaviour } from './errors.ts';
import { findBrokenSuccession } from './follow/succession.ts';
import type { LogReader } from './log-reader.ts';

/** Opens the log that another one named. */
export type OpenSuccessor = (log: NamedSuccessor) => Promise<LogReader>;

const opened = new WeakMap<LogReader, Promise<LogReader>>();

/**
 * The reader of the successor that the root key named in the evidence, proved to begin with the log that was read; null while that one goes on by
 * itself, and for a reader without a root key. It is opened once for each reader.
 *
 * @throws LogMisbehaviour when it begins with something else, ClientError when it cannot be read
 */
export async function successorOf(
  reader: LogReader,
  { evidence, view }: Gathered,
  open: OpenSuccessor,
  signal?: AbortSignal,
  verify: Ed25519Verify = verifyEd25519,
): Promise<LogReader | null> {
  const { root, logKey } = reader;
  if (root === null) return null;
  const { successor, priorRoots, findings } = historyOf(evidence, { log: { key: logKey }, root }, verify);
  // With a fault in its history the evidence speaks for itself.
  if (successor === null || findings.length > 0) return null;
  const known = opened.get(reader);
  if (known !== undefined) return known;
  const next = await open(successor);
  const { index } = successor;
  const claim = { size: index, root: fromHex(priorRoots.at(-1)!.root), log: successor };
  try {
    const begun = await next.latest(signal);
    if (begun.checkpoint.size <= index) {
      const found = `a checkpoint of ${begun.checkpoint.size}`;
      throw new ClientError('not-found', `expected the successor ${next.logKey.name} to go on after ${index} entries, found ${found}`);
    }
    const broken = await findBrokenSuccession(claim, index, view, begun);
    if (broken !== null) {
      const exhibits = [
        { path: 'checkpoint', bytes: view.note },
        { path: 'successor/checkpoint', bytes: begun.note },
      ];
      throw new LogMisbehaviour(broken.code, `${logKey.name} ${broken.what}`, { exhibits });
    }
  } catch (error) {
    await next.source.close();
    throw error;
  }
  const proved = Promise.resolve(next);
  opened.set(reader, proved);
  return proved;
}
