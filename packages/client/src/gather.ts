/** Gathers what a verdict needs. The index says where to look, and proves that it is all; entries come from verified tiles, with their proofs. */
import { neededLookups } from '@verbatim/consensus';
import type { Lookup, ReleaseStatement } from '@verbatim/statements';
import { setTimeout as sleep } from 'node:timers/promises';
import { Collected, type Gathered } from './collect.ts';
import { ClientError } from './errors.ts';
import { askIndex, type AnsweredLookup } from './index-answer.ts';
import type { LogReader, LogView } from './log-reader.ts';
import { type OpenSuccessor, successorOf } from './successor.ts';
import { readWholeLog } from './whole-log.ts';

/** A whole question, retries included. Milliseconds. */
const GATHER_TIMEOUT_MS = 30_000;
/** Reading a whole log. */
const WHOLE_TIMEOUT_MS = 300_000;
/** Some front end of a log may lag behind another. */
const STALE_ATTEMPTS = 3;
const STALE_DELAY_MS = 300;

export interface Ask {
  /** sha256 of a file or of a container, 64 lower-case hex digits. */
  readonly digest: string;
  /** sha256 of a member of that container: it may have been judged elsewhere, and dissents about the same question count. */
  readonly member?: string;
  /** A release: if it does not list the digest, its entries are gathered to say what it claims instead, or that it exists. */
  readonly purl?: string;
}

export interface GatherOptions {
  readonly signal?: AbortSignal;
  /** Opens the log that goes on where this one has ended. Without it the evidence is of this one, and no verdict comes of it. */
  readonly open?: OpenSuccessor;
}

/** A log that goes on in another, which goes on in another …: more than anybody lives to see. */
const MAX_SUCCESSIONS = 16;

/**
 * Everything logged about a file digest, with the proofs that it is everything, all at one published checkpoint. A log that has no
 * `index?lookup=…`, a folder or a mirror of tiles, is read whole. Throws `ClientError`, `LogMisbehaviour` among them.
 */
export async function gatherEvidence(reader: LogReader, ask: Ask, options: GatherOptions = {}): Promise<Gathered> {
  let from = reader;
  for (let hop = 0; hop <= MAX_SUCCESSIONS; hop++) {
    const gathered = await gatherFrom(from, ask, options);
    const { open } = options;
    const next =
      open === undefined ? null : await within(GATHER_TIMEOUT_MS, from, options, (signal) => successorOf(from, gathered, open, signal));
    if (next === null) return gathered;
    from = next;
  }
  throw new ClientError('too-large', `${reader.source.location}: expected at most ${MAX_SUCCESSIONS} logs that go on from each other`);
}

async function gatherFrom(reader: LogReader, ask: Ask, options: GatherOptions): Promise<Gathered> {
  const answered = reader.source.hasLookup
    ? await within(GATHER_TIMEOUT_MS, reader, options, (signal) => gatherByIndex(reader, ask, signal))
    : null;
  return answered ?? within(WHOLE_TIMEOUT_MS, reader, options, (signal) => gatherFromWhole(reader, ask, signal));
}

async function within<T>(
  limitMs: number,
  reader: LogReader,
  { signal }: GatherOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(limitMs);
  try {
    return await work(signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
  } catch (cause) {
    if (signal?.aborted === true || cause instanceof ClientError) throw cause;
    // The evidence may have had a deadline before this one.
    if (!deadline.aborted && (cause as Error).name !== 'TimeoutError') throw cause;
    throw new ClientError('timeout', `${reader.source.location}: no complete answer within ${limitMs} ms`, { cause });
  }
}

/** Null when there is no index to ask. */
async function gatherByIndex(reader: LogReader, ask: Ask, signal: AbortSignal): Promise<Gathered | null> {
  // What a release claims instead is needed of few: those that do not list the file.
  const { purl: _, ...bare } = ask;
  const first = await answerOf(reader, lookupsFor(reader, bare, []), signal);
  if (first === null) return null;
  const gathered = await Collected.read(first.view, first.answers);
  const more = lookupsFor(reader, ask, gathered.releases());
  if (more.length === first.answers.length) return gathered.finish(null);
  // Asked again as a whole: evidence is about one checkpoint.
  const second = await answerOf(reader, more, signal);
  return second === null ? null : (await Collected.read(second.view, second.answers)).finish(null);
}

async function gatherFromWhole(reader: LogReader, ask: Ask, signal: AbortSignal): Promise<Gathered> {
  const whole = await readWholeLog(reader, signal);
  const answer = (releases: readonly ReleaseStatement[]): AnsweredLookup[] =>
    lookupsFor(reader, ask, releases).map((lookup) => whole.answer(lookup));
  const first = await Collected.read(whole.view, answer([]), whole.undecodable);
  return (await Collected.read(whole.view, answer(first.releases()), whole.undecodable)).finish(whole.audited);
}

function lookupsFor({ logKey }: LogReader, { digest, member, purl }: Ask, releases: readonly ReleaseStatement[]): Lookup[] {
  return neededLookups({ origin: logKey.name, sha256: digest, member, release: purl }, releases);
}

/** An answer about a state that is as new as what this machine has seen. */
async function answerOf(
  reader: LogReader,
  lookups: readonly Lookup[],
  signal: AbortSignal,
): Promise<{ view: LogView; answers: readonly AnsweredLookup[] } | null> {
  for (let attempt = 1; ; attempt++) {
    const answer = await askIndex(reader.source, lookups, signal);
    if (answer === null) return null;
    const view = await reader.adopt(answer.note, signal);
    if (view.note === answer.note) return { view, answers: answer.lookups };
    if (attempt === STALE_ATTEMPTS) {
      const known = `this machine has seen the log with ${view.checkpoint.size} entries`;
      throw new ClientError('bad-lookup', `${reader.source.location}: its index answers for an older state, and ${known}; try again later`);
    }
    await sleep(STALE_DELAY_MS, undefined, { signal });
  }
}
