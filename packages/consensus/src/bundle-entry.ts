/** Entries as readable JSON: docs/spec/bundle.md §3. Each has one form. */
import { canonicalTextOfParsed, decodeEnvelope, encodeEnvelope, MAX_SIGNATURES, PAYLOAD_TYPE } from '@verbatim/statements';
import { fromBase64, MAX_BUNDLE_ENTRY_BYTES, toBase64, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { base64, list, malformed, members, string } from './bundle-json.ts';
import { impliedStatement, type ImpliedType, impliedSigner, impliedType, isImpliedType } from './bundle-statement.ts';
import { Repeats } from './bundle-repeats.ts';
import { BundleError } from './errors.ts';
import type { EvidenceEntry } from './evidence.ts';

/** Objects and arrays within each other in a payload; a statement has fewer. */
export const MAX_PAYLOAD_DEPTH = 32;
/** Of all entries together. One that repeats another takes more room as an entry than in a bundle, so the bundle's own limit does not bound it. */
export const MAX_ENTRIES_BYTES = 16 * 1024 * 1024;

export type BareEntry = Pick<EvidenceEntry, 'index' | 'entry'>;

/** Members in canonical order. */
interface Signature {
  readonly keyid: string;
  readonly sig: string;
}

interface Readable {
  readonly payload: unknown;
  /** Canonical JSON of it. */
  readonly text: string;
  readonly signatures: readonly Signature[];
}

/** The one JSON value that stands for each entry, its members in canonical order. Only what no log may admit has no readable form. */
export function toBundled(entries: readonly BareEntry[]): object[] {
  const repeats = new Repeats();
  return entries.map(({ index, entry }) => {
    const readable = toReadable(entry);
    if (readable === null) return { entry: toBase64(entry), index: Number(index) };
    const { payload, signatures } = readable;
    return { index: Number(index), ...(impliedForm(readable, repeats) ?? { payload, signatures }) };
  });
}

/**
 * Throws `BundleError` 'malformed' for what `toBundled` would not have made, but for the order of members and the like; 'too-large' for
 * entries of more than `MAX_ENTRIES_BYTES` together.
 */
export function readBundled(values: readonly unknown[]): BareEntry[] {
  const repeats = new Repeats();
  let total = 0;
  return values.map((value) => {
    const read = readOne(value, repeats);
    total += read.entry.length;
    checkTotal(total);
    return read;
  });
}

/** Throws `BundleError` 'too-large'. */
export function checkTotal(bytes: number): void {
  if (bytes <= MAX_ENTRIES_BYTES) return;
  throw new BundleError('too-large', `expected entries of at most ${MAX_ENTRIES_BYTES} bytes together`);
}

function readOne(value: unknown, repeats: Repeats): BareEntry {
  const has = (name: string): boolean => typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  const names = has('predicate')
    ? ['index', 'predicate', 'signatures', 'type']
    : has('payload')
      ? ['index', 'payload', 'signatures']
      : ['entry', 'index'];
  const { index, ...rest } = members<string>(value, names);
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) throw malformed('index as an integer in 0…2^53−1');
  try {
    const entry = has('predicate') ? fromPredicate(rest, repeats) : has('payload') ? fromPayload(rest, repeats) : fromOpaque(rest);
    return { index: BigInt(index), entry };
  } catch (cause) {
    throw malformed(`entry ${index} in its one form`, cause);
  }
}

/** The form that has no more than the predicate; null for an entry that has none. */
function impliedForm(readable: Readable, repeats: Repeats): object | null {
  const type = impliedBy(readable);
  if (type === null) return null;
  const { predicate } = readable.payload as { predicate: Record<string, unknown> };
  const signer = impliedSigner(type, predicate);
  const signatures = readable.signatures.map((each) => (each.keyid === signer ? each.sig : each));
  if (type !== 'observation') return { predicate, signatures, type };
  const shortened = repeats.shorten(predicate);
  return shortened === null ? null : { predicate: shortened, signatures, type };
}

function fromPredicate({ predicate: given, signatures, type }: Record<string, unknown>, repeats: Repeats): Uint8Array {
  if (!isImpliedType(type)) throw malformed('a type of statement that follows from its predicate');
  checkDepth(given, MAX_PAYLOAD_DEPTH - 1);
  const predicate = type === 'observation' ? wholeObservation(given, repeats) : given;
  const signer = impliedSigner(type, predicate);
  return envelope(canonicalTextOfParsed(impliedStatement(type, predicate)), signatures, signer);
}

function wholeObservation(given: unknown, repeats: Repeats): unknown {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const whole = isObject ? repeats.restore(given as Record<string, unknown>) : null;
  if (whole === null) throw malformed('an observation without what it repeats of the one before');
  return whole;
}

function fromPayload({ payload, signatures }: Record<string, unknown>, repeats: Repeats): Uint8Array {
  checkDepth(payload, MAX_PAYLOAD_DEPTH);
  const text = canonicalTextOfParsed(payload);
  if (impliedForm({ payload, text, signatures: [] }, repeats) !== null) throw malformed('a predicate alone, which the rest follows from');
  return envelope(text, signatures, null);
}

function fromOpaque({ entry }: Record<string, unknown>): Uint8Array {
  const bytes = base64(entry, MAX_BUNDLE_ENTRY_BYTES, 'entry');
  if (toReadable(bytes) !== null) throw malformed('a readable form');
  return bytes;
}

function envelope(payload: string, signatures: unknown, signer: string | null): Uint8Array {
  const read = list(signatures, MAX_SIGNATURES, 'signatures').map((each) => {
    if (typeof each === 'string' && signer !== null) return { keyid: signer, sig: fromBase64(each) };
    const { keyid, sig } = members(each, ['keyid', 'sig']);
    if (keyid === signer) throw malformed('a signature without the keyid that follows');
    return { keyid: string(keyid, 'keyid'), sig: fromBase64(string(sig, 'sig')) };
  });
  return encodeEnvelope({ payload: utf8Encode(payload), payloadType: PAYLOAD_TYPE, signatures: read });
}

/** Null unless exactly these bytes come out of it again. */
function toReadable(entry: Uint8Array): Readable | null {
  try {
    const { payload: bytes, signatures } = decodeEnvelope(entry);
    const text = utf8Decode(bytes);
    const payload: unknown = JSON.parse(text);
    checkDepth(payload, MAX_PAYLOAD_DEPTH);
    if (canonicalTextOfParsed(payload) !== text) return null;
    return { payload, text, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) })) };
  } catch {
    // An entry that no log may admit can have any bytes.
    return null;
  }
}

/** The type of statement that this payload follows from the predicate of; null when there is none. */
function impliedBy({ payload, text }: Readable): ImpliedType | null {
  const type = impliedType(payload);
  if (type === null) return null;
  try {
    return canonicalTextOfParsed(impliedStatement(type, (payload as { predicate: unknown }).predicate)) === text ? type : null;
  } catch {
    return null;
  }
}

function checkDepth(value: unknown, levels: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (levels === 0) throw malformed(`a payload of at most ${MAX_PAYLOAD_DEPTH} levels`);
  for (const member of Object.values(value)) checkDepth(member, levels - 1);
}
