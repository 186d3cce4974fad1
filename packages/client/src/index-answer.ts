/** What a log answers to `GET index?lookup=…`: at one published checkpoint, all entries under some lookup keys, with proofs. */
import { MAX_BUNDLE_LOOKUPS, MAX_LOOKUP_PROOF_BYTES } from '@verbatim/consensus';
import { lookupKey } from '@verbatim/index-map';
import type { Lookup } from '@verbatim/statements';
import { fromBase64, toHex, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { ClientError } from './errors.ts';
import type { Source } from './source.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
/** Under one lookup key; a log answers no more. */
export const MAX_LOOKUP_ENTRIES = 4096;

export interface IndexAnswer {
  /** The checkpoint, not verified. */
  readonly note: Uint8Array;
  /** In the order in which they were asked for. */
  readonly lookups: readonly AnsweredLookup[];
}

export interface AnsweredLookup {
  readonly lookup: Lookup;
  /** Ascending, each once. A claim: the entries and the proof decide. */
  readonly entries: readonly bigint[];
  readonly proof: Uint8Array;
}

/**
 * Null when the source has no index, as a mirror of tiles has none.
 * @param lookups distinct, at most 16
 * @throws ClientError 'malformed' for what is no such answer, and what `Source.get` throws
 */
export async function askIndex(source: Source, lookups: readonly Lookup[], signal?: AbortSignal): Promise<IndexAnswer | null> {
  if (lookups.length > MAX_BUNDLE_LOOKUPS)
    throw new RangeError(`expected at most ${MAX_BUNDLE_LOOKUPS} lookup keys, found ${lookups.length}`);
  const keys = lookups.map(({ type, value }) => toHex(lookupKey(type, value)));
  const bytes = await source.get(`index?${keys.map((key) => `lookup=${key}`).join('&')}`, { limit: MAX_ANSWER_BYTES, signal });
  if (bytes === null) return null;
  const fail = (expected: string, cause?: unknown): ClientError =>
    new ClientError('malformed', `${source.location}: index: expected ${expected}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes));
  } catch (cause) {
    throw fail('JSON', cause);
  }
  const { checkpoint, lookups: answered } = membersOf(value);
  if (typeof checkpoint !== 'string' || !checkpoint.isWellFormed()) throw fail('a checkpoint as text');
  if (!Array.isArray(answered) || answered.length !== keys.length) throw fail(`${keys.length} lookups`);
  const byKey = new Map(answered.map((each: unknown) => [membersOf(each).lookup, membersOf(each)]));
  return {
    note: utf8Encode(checkpoint),
    lookups: lookups.map((lookup, i) => {
      const found = byKey.get(keys[i]);
      if (found === undefined) throw fail(`an answer about ${keys[i]}`);
      return { lookup, entries: readEntries(found.entries, fail), proof: readProof(found.proof, fail) };
    }),
  };
}

type Fail = (expected: string, cause?: unknown) => ClientError;

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function readEntries(value: unknown, fail: Fail): bigint[] {
  if (!Array.isArray(value) || value.length > MAX_LOOKUP_ENTRIES) throw fail(`a list of at most ${MAX_LOOKUP_ENTRIES} entries`);
  let last = -1;
  return value.map((index: unknown) => {
    if (typeof index !== 'number' || !Number.isSafeInteger(index) || index <= last) throw fail('entries as whole numbers, ascending');
    last = index;
    return BigInt(index);
  });
}

function readProof(value: unknown, fail: Fail): Uint8Array {
  if (typeof value !== 'string') throw fail('a proof in base64');
  let proof: Uint8Array;
  try {
    proof = fromBase64(value);
  } catch (cause) {
    throw fail('a proof in base64', cause);
  }
  if (proof.length > MAX_LOOKUP_PROOF_BYTES) throw fail(`a proof of at most ${MAX_LOOKUP_PROOF_BYTES} bytes`);
  return proof;
}
