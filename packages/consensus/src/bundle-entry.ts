/** Entries as readable JSON: docs/spec/bundle.md §3. */
import { canonicalTextOfParsed, decodeEnvelope, encodeEnvelope, MAX_SIGNATURES, PAYLOAD_TYPE } from '@verbatim/statements';
import { fromBase64, MAX_BUNDLE_ENTRY_BYTES, toBase64, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { base64, list, malformed, members, string } from './bundle-json.ts';
import type { EvidenceEntry } from './evidence.ts';

/** Objects and arrays within each other in a payload; a statement has fewer. */
export const MAX_PAYLOAD_DEPTH = 32;

export type BareEntry = Pick<EvidenceEntry, 'index' | 'entry'>;

/** What follows from these makes the entry's bytes again; members in canonical order. */
type Readable = { readonly payload: unknown; readonly signatures: readonly { readonly keyid: string; readonly sig: string }[] };

/** The one JSON value that stands for an entry. Only what no log may admit has no readable form. */
export function toBundled({ index, entry }: BareEntry): object {
  const readable = toReadable(entry);
  return readable === null ? { entry: toBase64(entry), index: Number(index) } : { index: Number(index), ...readable };
}

/** Throws `BundleError` 'malformed' for what `toBundled` would not have made, but for the order of members and the like. */
export function readBundled(value: unknown): BareEntry {
  const isReadable = typeof value === 'object' && value !== null && 'payload' in value;
  const { index, ...rest } = members<string>(value, isReadable ? ['index', 'payload', 'signatures'] : ['entry', 'index']);
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) throw malformed('index as an integer in 0…2^53−1');
  return { index: BigInt(index), entry: isReadable ? fromReadable(rest, index) : fromOpaque(rest.entry, index) };
}

function fromReadable({ payload, signatures }: Record<string, unknown>, index: number): Uint8Array {
  const read = list(signatures, MAX_SIGNATURES, 'signatures').map((signature) => members(signature, ['keyid', 'sig']));
  if (!isShallow(payload, MAX_PAYLOAD_DEPTH)) throw malformed(`a payload of at most ${MAX_PAYLOAD_DEPTH} levels at entry ${index}`);
  try {
    return encodeEnvelope({
      payload: utf8Encode(canonicalTextOfParsed(payload)),
      payloadType: PAYLOAD_TYPE,
      signatures: read.map(({ keyid, sig }) => ({ keyid: string(keyid, 'keyid'), sig: fromBase64(string(sig, 'sig')) })),
    });
  } catch (cause) {
    throw malformed(`a payload and signatures that make an envelope at entry ${index}`, cause);
  }
}

function fromOpaque(value: unknown, index: number): Uint8Array {
  const entry = base64(value, MAX_BUNDLE_ENTRY_BYTES, 'entry');
  if (toReadable(entry) !== null) throw malformed(`the payload and signatures of entry ${index}, which has a readable form`);
  return entry;
}

/** Null unless exactly these bytes come out of it again. */
function toReadable(entry: Uint8Array): Readable | null {
  try {
    const { payload, signatures } = decodeEnvelope(entry);
    const text = utf8Decode(payload);
    const value: unknown = JSON.parse(text);
    if (!isShallow(value, MAX_PAYLOAD_DEPTH) || canonicalTextOfParsed(value) !== text) return null;
    return { payload: value, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) })) };
  } catch {
    // An entry that no log may admit can have any bytes.
    return null;
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1));
}
