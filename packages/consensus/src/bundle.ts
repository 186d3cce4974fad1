/** Bundles: evidence in a file, as one canonical JSON object (RFC 8785), so that equal evidence has equal bytes. */
import { fromBase64, HASH_BYTES, MAX_PROOF_HASHES, toBase64, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { BundleError } from './errors.ts';
import type { Evidence, EvidenceEntry } from './evidence.ts';

export const BUNDLE_MEDIA_TYPE = 'application/vnd.verbatim.bundle+json;version=1';
export const MAX_BUNDLE_BYTES = 4 * 1024 * 1024;
export const MAX_BUNDLE_ENTRIES = 4096;

/**
 * `{"checkpoint","entries":[{"entry","index","proof"}],"mediaType"}` without white space, at most 4 MiB and 4,096 entries.
 * Throws `BundleError` 'too-large', or 'malformed' for entries out of order.
 */
export function encodeBundle(evidence: Evidence): Uint8Array {
  checkEntries(evidence.entries);
  // Members are written in the order that RFC 8785 sorts them; JSON.stringify spells strings and integers as it demands.
  const text = JSON.stringify({
    checkpoint: utf8Decode(evidence.checkpoint),
    entries: evidence.entries.map(({ index, entry, proof }) => ({
      entry: toBase64(entry),
      index: Number(index),
      proof: proof.map(toBase64),
    })),
    mediaType: BUNDLE_MEDIA_TYPE,
  });
  const bytes = utf8Encode(text);
  if (bytes.length > MAX_BUNDLE_BYTES) throw tooLarge(bytes.length);
  return bytes;
}

/** Syntax only; `evaluate` verifies. Throws `BundleError` for anything that `encodeBundle` would not have written. */
export function decodeBundle(bytes: Uint8Array): Evidence {
  if (bytes.length > MAX_BUNDLE_BYTES) throw tooLarge(bytes.length);
  const evidence = readBundle(parseJson(bytes));
  const again = encodeBundle(evidence);
  if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i])) {
    throw new BundleError('not-canonical', 'expected canonical JSON (RFC 8785), found another spelling of the same');
  }
  return evidence;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decode(bytes));
  } catch (cause) {
    throw new BundleError('malformed', 'expected JSON in UTF-8', { cause });
  }
}

function readBundle(value: unknown): Evidence {
  const { checkpoint, entries, mediaType } = members(value, ['checkpoint', 'entries', 'mediaType']);
  if (mediaType !== BUNDLE_MEDIA_TYPE) throw malformed(`mediaType ${BUNDLE_MEDIA_TYPE}`);
  if (typeof checkpoint !== 'string' || !checkpoint.isWellFormed()) throw malformed('checkpoint as text');
  return { checkpoint: utf8Encode(checkpoint), entries: list(entries, MAX_BUNDLE_ENTRIES, 'entries').map(readEntry) };
}

function readEntry(value: unknown): EvidenceEntry {
  const { entry, index, proof } = members(value, ['entry', 'index', 'proof']);
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) throw malformed('index as an integer in 0…2^53−1');
  const hashes = list(proof, MAX_PROOF_HASHES, 'proof').map((hash) => base64(hash, 'proof'));
  if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw malformed(`proof hashes of ${HASH_BYTES} bytes`);
  return { index: BigInt(index), entry: base64(entry, 'entry'), proof: hashes };
}

function checkEntries(entries: readonly EvidenceEntry[]): void {
  if (entries.length > MAX_BUNDLE_ENTRIES) throw new BundleError('too-large', `expected at most ${MAX_BUNDLE_ENTRIES} entries`);
  let last = -1n;
  for (const { index } of entries) {
    if (index <= last || index > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('entries in ascending order of index, below 2^53');
    last = index;
  }
}

/** The members of an object that has exactly these. */
function members<Name extends string>(value: unknown, names: readonly Name[]): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('an object');
  const found = Object.keys(value);
  if (found.length !== names.length || names.some((name) => !Object.hasOwn(value, name))) {
    throw malformed(`an object with exactly the members ${names.join(', ')}`);
  }
  return value as Record<Name, unknown>;
}

function list(value: unknown, limit: number, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > limit) throw malformed(`${what} as an array of at most ${limit}`);
  return value;
}

function base64(value: unknown, what: string): Uint8Array {
  if (typeof value !== 'string') throw malformed(`${what} as text`);
  try {
    return fromBase64(value);
  } catch (cause) {
    throw malformed(`${what} in canonical base64`, cause);
  }
}

function malformed(expected: string, cause?: unknown): BundleError {
  return new BundleError('malformed', `expected ${expected}`, { cause });
}

function tooLarge(length: number): BundleError {
  return new BundleError('too-large', `expected at most ${MAX_BUNDLE_BYTES} bytes, found ${length}`);
}
