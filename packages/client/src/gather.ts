/** Gathers what a verdict needs. Look-ups say where to look, nothing more; entries come from verified tiles, with their proofs. */
import type { Evidence } from '@verbatim/consensus';
import { ClientError } from './errors.ts';
import type { LogReader, LogView } from './log-reader.ts';
import { lookUp, MAX_LOOKUP_ENTRIES } from './lookup.ts';
import { type Ask, Relevance } from './relevance.ts';
import type { ProvedEntry } from './verified-tree.ts';

/** A whole question, retries included. Milliseconds. */
const GATHER_TIMEOUT_MS = 30_000;
/** A folder has no look-ups and is read whole, up to this many entries. */
const MAX_SCAN_ENTRIES = 1_000_000n;

export interface GatherOptions {
  /** Reuse this view instead of asking for a new checkpoint, for several files in one go. */
  readonly view?: LogView;
  readonly signal?: AbortSignal;
}

export interface Gathered {
  readonly evidence: Evidence;
  readonly view: LogView;
  /** Entries that a look-up named and that this question does not need. */
  readonly foreign: readonly bigint[];
}

/**
 * Everything logged about a file digest, a release, or both: releases, observations of the artifacts in question, revocations, genesis.
 * Completeness is the log's word only, until there is an index proof (DESIGN §3.5). Throws `ClientError`, `LogMisbehaviour` among them.
 */
export async function gatherEvidence(reader: LogReader, ask: Ask, options: GatherOptions = {}): Promise<Gathered> {
  const deadline = AbortSignal.timeout(GATHER_TIMEOUT_MS);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  try {
    return await (reader.source.hasLookup
      ? gatherByLookup(reader, ask, options.view, signal)
      : gatherByScan(reader, ask, options.view, signal));
  } catch (cause) {
    if (options.signal?.aborted === true || !deadline.aborted || cause instanceof ClientError) throw cause;
    throw new ClientError('timeout', `${reader.source.location}: no complete answer within ${GATHER_TIMEOUT_MS} ms`, { cause });
  }
}

async function gatherByLookup(reader: LogReader, ask: Ask, known: LogView | undefined, signal: AbortSignal): Promise<Gathered> {
  const paths = [
    ...(ask.digest === undefined ? [] : [`lookup/artifact/${ask.digest}`]),
    ...(ask.member === undefined ? [] : [`lookup/artifact/${ask.member}`]),
    ...(ask.purl === undefined ? [] : [`lookup/release?purl=${encodeURIComponent(ask.purl)}`]),
  ];
  const [first, ...answers] = await Promise.all([
    known ?? reader.latest(signal),
    ...paths.map((path) => lookUp(reader.source, path, signal)),
  ]);
  const named = [...new Set(answers.flatMap(({ indexes }) => indexes))].sort((a, b) => (a < b ? -1 : 1));
  const newest = answers.reduce((size, answer) => (answer.size > size ? answer.size : size), 0n);
  // Asked at the same moment: the answer may be about a checkpoint that is newer than ours by a moment.
  const view = newest > first.checkpoint.size ? await reader.latest(signal) : first;
  const { size } = view.checkpoint;
  const beyond = named.find((index) => index >= size);
  if (beyond !== undefined) throw new ClientError('bad-lookup', `a look-up names entry ${beyond}, and the log has published ${size}`);
  const covered = answers.reduce((least, answer) => (answer.size < least ? answer.size : least), size);
  if (size - covered > BigInt(MAX_LOOKUP_ENTRIES))
    throw new ClientError('bad-lookup', `look-ups cover ${covered} of ${size} entries; try again later`);
  // What was published after the answer is read in any case.
  const late = Array.from({ length: Number(size - covered) }, (_, i) => covered + BigInt(i));
  return collect(view, ask, [...new Set([...named.filter((index) => index < covered), ...late])], new Set(named));
}

async function gatherByScan(reader: LogReader, ask: Ask, known: LogView | undefined, signal: AbortSignal): Promise<Gathered> {
  const view = known ?? (await reader.latest(signal));
  if (view.checkpoint.size > MAX_SCAN_ENTRIES)
    throw new ClientError('too-large', `${reader.source.location}: expected at most ${MAX_SCAN_ENTRIES} entries to read whole`);
  const relevance = new Relevance(ask);
  const indexes: bigint[] = [];
  for await (const { index, entry } of view.tree.entries(0n)) if (relevance.isRelevant(index, entry)) indexes.push(index);
  return { evidence: await prove(view, indexes), view, foreign: [] };
}

/** Reads the entries at `indexes` (ascending) and proves those that are about the question. */
async function collect(view: LogView, ask: Ask, indexes: readonly bigint[], named: ReadonlySet<bigint>): Promise<Gathered> {
  const entries = await Promise.all(indexes.map(async (index) => [index, await view.tree.entry(index)] as const));
  const relevance = new Relevance(ask);
  const relevant = entries.filter(([index, entry]) => relevance.isRelevant(index, entry)).map(([index]) => index);
  const foreign = indexes.filter((index) => named.has(index) && !relevant.includes(index));
  return { evidence: await prove(view, relevant), view, foreign };
}

async function prove({ note, tree }: LogView, indexes: readonly bigint[]): Promise<Evidence> {
  const entries: ProvedEntry[] = await Promise.all(indexes.map((index) => tree.proved(index)));
  return { checkpoint: note, entries };
}
