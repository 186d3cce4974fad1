/** A log's look-ups: which entries are about a digest or a release. An answer is a hint and no more: every entry is read and verified. */
import { utf8Decode } from '@verbatim/tlog';
import { ClientError } from './errors.ts';
import type { Source } from './source.ts';

const MAX_ANSWER_BYTES = 256 * 1024;
/** Entries of one question, over all pages. */
export const MAX_LOOKUP_ENTRIES = 4096;
const MAX_PAGES = 64;

export interface LookupAnswer {
  /** The published size that the answer is about. */
  readonly size: bigint;
  /** Ascending, each once. */
  readonly indexes: readonly bigint[];
}

/** @param path `lookup/artifact/<sha256>` or `lookup/release?purl=<purl>` */
export async function lookUp(source: Source, path: string, signal?: AbortSignal): Promise<LookupAnswer> {
  const indexes = new Set<bigint>();
  let size: bigint | null = null;
  let next: bigint | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const paged: string = next === null ? path : `${path}${path.includes('?') ? '&' : '?'}start=${next}`;
    const bytes = await source.get(paged, { limit: MAX_ANSWER_BYTES, signal });
    if (bytes === null) throw new ClientError('bad-status', `${source.location}: ${path} is not answered; is this a Verbatim log?`);
    const answer = parseAnswer(bytes, `${source.location}: ${path}`);
    // A page of a newer state may name entries that the first page left out, never the reverse: the older size is what is covered.
    size ??= answer.size;
    for (const index of answer.entries) indexes.add(index);
    if (indexes.size > MAX_LOOKUP_ENTRIES) throw new ClientError('bad-lookup', `${path}: expected at most ${MAX_LOOKUP_ENTRIES} entries`);
    if (answer.next === null) return { size, indexes: [...indexes].sort((a, b) => (a < b ? -1 : 1)) };
    if (next !== null && answer.next <= next) throw new ClientError('bad-lookup', `${path}: its pages do not move on`);
    next = answer.next;
  }
  throw new ClientError('bad-lookup', `${path}: expected at most ${MAX_PAGES} pages`);
}

function parseAnswer(bytes: Uint8Array, what: string): { size: bigint; entries: bigint[]; next: bigint | null } {
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes));
  } catch (cause) {
    throw new ClientError('malformed', `${what}: expected JSON`, { cause });
  }
  const { size, entries, next } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (!Array.isArray(entries)) throw new ClientError('malformed', `${what}: expected a list of entries`);
  return {
    size: toIndex(size, what),
    entries: entries.map((entry) => toIndex(entry, what)),
    next: next === undefined || next === null ? null : toIndex(next, what),
  };
}

function toIndex(value: unknown, what: string): bigint {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new ClientError('malformed', `${what}: expected sizes and indexes as whole numbers`);
  }
  return BigInt(value);
}
