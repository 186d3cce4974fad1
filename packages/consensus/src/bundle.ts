/** Bundles: evidence in a file, as one canonical JSON object, so that equal evidence has equal bytes. docs/spec/bundle.md is exact. */
import { canonicalTextOfParsed, type Lookup } from '@verbatim/statements';
import { concatBytes, HASH_BYTES, parseCheckpoint, parseNote, toBase64, utf8Decode, utf8Encode, type Hash } from '@verbatim/tlog';
import { checkTotal, readBundled, toBundled } from './bundle-entry.ts';
import { base64, list, malformed, members, string } from './bundle-json.ts';
import { restoreProofs, shareProofs } from './bundle-proofs.ts';
import { BundleError } from './errors.ts';
import type { Evidence, LookupProof } from './evidence.ts';
import { describeLookup } from './lookups.ts';
import { readBundledMember, toBundledMember } from './member-proof.ts';

export const BUNDLE_MEDIA_TYPE = 'application/vnd.verbatim.bundle+json;version=2';
export const MAX_BUNDLE_BYTES = 4 * 1024 * 1024;
export const MAX_BUNDLE_ENTRIES = 4096;
export const MAX_BUNDLE_LOOKUPS = 16;
/** More than the longest path in an index, whose keys have 320 bits. */
export const MAX_LOOKUP_PROOF_BYTES = 16_384;
const LOOKUP_TYPES: readonly string[] = ['artifact', 'observed', 'release', 'rebuilder', 'control'] satisfies Lookup['type'][];

/**
 * `{"checkpoint","entries","hashes","index","mediaType"}`, perhaps with a `member`, without white space. Throws `BundleError` 'too-large', or 'malformed' for what
 * could not be read again: entries out of order or outside of the checkpoint, proofs that contradict each other.
 */
export function encodeBundle({ checkpoint, entries, index, member }: Evidence): Uint8Array {
  const note = utf8Decode(checkpoint);
  checkOrder(entries.map((entry) => entry.index));
  checkTotal(entries.reduce((total, { entry }) => total + entry.length, 0));
  const size = sizeOf(note, entries.at(-1)?.index ?? -1n);
  const text = canonicalTextOfParsed({
    checkpoint: note,
    entries: toBundled(entries),
    hashes: toBase64(concatBytes(...shareProofs(entries, size))),
    index: orderedProofs(index).map(({ lookup, proof }) => ({ proof: toBase64(proof), type: lookup.type, value: lookup.value })),
    mediaType: BUNDLE_MEDIA_TYPE,
    ...(member === undefined ? {} : { member: toBundledMember(member) }),
  });
  const bytes = utf8Encode(text);
  if (bytes.length > MAX_BUNDLE_BYTES) throw tooLarge(bytes.length);
  return bytes;
}

/** Syntax only; `evaluate` verifies. Throws `BundleError` for anything that `encodeBundle` would not have written. */
export function decodeBundle(bytes: Uint8Array): Evidence {
  if (bytes.length > MAX_BUNDLE_BYTES) throw tooLarge(bytes.length);
  const { text, value } = parseJson(bytes);
  checkMediaType(value);
  const { member, ...rest } = value as { member?: unknown };
  const { checkpoint, entries, hashes, index } = members(rest, ['checkpoint', 'entries', 'hashes', 'index', 'mediaType']);
  const note = string(checkpoint, 'checkpoint');
  const read = readBundled(list(entries, MAX_BUNDLE_ENTRIES, 'entries'));
  checkOrder(read.map((entry) => entry.index));
  const size = sizeOf(note, read.at(-1)?.index ?? -1n);
  const proofs = restoreProofs(read, size, readHashes(hashes));
  const lookups = list(index, MAX_BUNDLE_LOOKUPS, 'index').map(readLookup);
  if (orderedProofs(lookups).some((each, i) => each !== lookups[i])) throw malformed('index in ascending order of type and value');
  const proved = member === undefined ? {} : { member: readBundledMember(member) };
  // Everything in it is known and shallow by now.
  if (canonicalTextOfParsed(value) !== text) {
    throw new BundleError('not-canonical', 'expected canonical JSON (RFC 8785), found another spelling of the same');
  }
  return { checkpoint: utf8Encode(note), entries: read.map((entry, i) => ({ ...entry, proof: proofs[i]! })), index: lookups, ...proved };
}

function parseJson(bytes: Uint8Array): { text: string; value: unknown } {
  try {
    const text = utf8Decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch (cause) {
    throw malformed('JSON in UTF-8', cause);
  }
}

function checkMediaType(value: unknown): void {
  const found: unknown = typeof value === 'object' && value !== null ? (value as { mediaType?: unknown }).mediaType : undefined;
  if (found !== BUNDLE_MEDIA_TYPE) throw malformed(`mediaType ${BUNDLE_MEDIA_TYPE}`);
}

/** Of the tree that the proofs are in, as the unverified note says. */
function sizeOf(note: string, last: bigint): bigint {
  let size: bigint;
  try {
    ({ size } = parseCheckpoint(parseNote(utf8Encode(note)).text));
  } catch (cause) {
    throw malformed('checkpoint as a signed note', cause);
  }
  if (last >= size) throw malformed(`entries below the checkpoint's size ${size}`);
  return size;
}

function readHashes(value: unknown): Hash[] {
  const bytes = base64(value, MAX_BUNDLE_BYTES, 'hashes');
  if (bytes.length % HASH_BYTES !== 0) throw malformed(`hashes of ${HASH_BYTES} bytes each`);
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

function readLookup(given: unknown): LookupProof {
  const { proof, type, value } = members(given, ['proof', 'type', 'value']);
  if (typeof type !== 'string' || !LOOKUP_TYPES.includes(type)) throw malformed(`type as one of ${LOOKUP_TYPES.join(', ')}`);
  return {
    lookup: { type: type as Lookup['type'], value: string(value, 'value') },
    proof: base64(proof, MAX_LOOKUP_PROOF_BYTES, 'proof'),
  };
}

function checkOrder(indexes: readonly bigint[]): void {
  if (indexes.length > MAX_BUNDLE_ENTRIES) throw new BundleError('too-large', `expected at most ${MAX_BUNDLE_ENTRIES} entries`);
  let last = -1n;
  for (const index of indexes) {
    if (index <= last || index > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('entries in ascending order of index, below 2^53');
    last = index;
  }
}

/** By type, then value, each lookup key once. */
function orderedProofs(proofs: readonly LookupProof[]): LookupProof[] {
  if (proofs.length > MAX_BUNDLE_LOOKUPS) throw new BundleError('too-large', `expected at most ${MAX_BUNDLE_LOOKUPS} lookup keys`);
  const names = new Set(proofs.map(({ lookup }) => describeLookup(lookup)));
  if (names.size !== proofs.length) throw malformed('each lookup key once');
  return proofs.toSorted(({ lookup: a }, { lookup: b }) => (a.type === b.type ? (a.value < b.value ? -1 : 1) : a.type < b.type ? -1 : 1));
}

function tooLarge(length: number): BundleError {
  return new BundleError('too-large', `expected at most ${MAX_BUNDLE_BYTES} bytes, found ${length}`);
}
