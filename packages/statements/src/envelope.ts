/** DSSE v1 envelopes (secure-systems-lab/dsse), in one canonical encoding: a log entry has exactly one spelling. */
import { concatBytes, fromBase64, toBase64, utf8Encode, type Ed25519Verify } from '@verbatim/tlog';
import { StatementError } from './errors.ts';
import { decodeCanonicalJson, encodeCanonicalJson } from './json.ts';
import { array, object, oneOf, string, where, type Check } from './schema.ts';
import { sha256Hex } from './text.ts';
import { MAX_ENTRY_BYTES, MAX_SIGNATURES, PAYLOAD_TYPE } from './vocabulary.ts';

export interface EnvelopeSignature {
  /** 64 hex digits (see `keyidOf`). */
  readonly keyid: string;
  /** Raw Ed25519 over the pre-authentication encoding: 64 bytes. */
  readonly sig: Uint8Array;
}

export interface Envelope {
  readonly payload: Uint8Array;
  readonly payloadType: string;
  /** 1 to 8, keyids distinct and ascending. */
  readonly signatures: readonly EnvelopeSignature[];
}

const SIGNATURE_BYTES = 64;

/** Its alphabet and padding are `decodeBase64`'s, so that 16 KiB are looked through once. */
const base64 = (max: number): Check<string> => string('base64', max, (text) => text !== '');

const envelopeSchema = object({
  payload: base64(MAX_ENTRY_BYTES),
  payloadType: oneOf(PAYLOAD_TYPE),
  signatures: where(array(object({ keyid: sha256Hex, sig: base64(88) }), 1, MAX_SIGNATURES), (signatures, at) => {
    for (const [index, { keyid }] of signatures.entries()) {
      if (index > 0 && keyid <= signatures[index - 1]!.keyid) {
        throw new StatementError('not-canonical', at, 'expected distinct keyids in ascending order');
      }
    }
  }),
});

function decodeBase64(text: string, at: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new StatementError('not-canonical', at, 'expected canonical padded base64', { cause });
  }
}

function decodeSignature({ keyid, sig }: { readonly keyid: string; readonly sig: string }, index: number): EnvelopeSignature {
  const at = `signatures[${index}].sig`;
  const bytes = decodeBase64(sig, at);
  if (bytes.length !== SIGNATURE_BYTES) {
    throw new StatementError('bad-schema', at, `expected ${SIGNATURE_BYTES} bytes, found ${bytes.length}`);
  }
  return { keyid, sig: bytes };
}

/** Entry bytes of an envelope. Throws as `decodeEnvelope` would: nothing is written that cannot be read. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const bytes = encodeCanonicalJson({
    payload: toBase64(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) })),
  });
  decodeEnvelope(bytes);
  return bytes;
}

/**
 * The envelope of entry bytes (at most 16 KiB). Nothing is verified, and the payload is not looked into.
 * Throws StatementError `too-large`, `not-json`, `bad-schema` or `not-canonical`.
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const { payload, payloadType, signatures } = decodeCanonicalJson(bytes, MAX_ENTRY_BYTES, 'an envelope', envelopeSchema);
  return {
    payload: decodeBase64(payload, 'payload'),
    payloadType,
    signatures: signatures.map(decodeSignature),
  };
}

/** What is signed: DSSE v1 PAE, `"DSSEv1" SP len(type) SP type SP len(payload) SP payload`, lengths in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8Encode(payloadType);
  return concatBytes(utf8Encode(`DSSEv1 ${type.length} `), type, utf8Encode(` ${payload.length} `), payload);
}

/** A key that the caller knows and has checked (`parseVkey` does). */
export interface KnownKey {
  readonly keyid: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/**
 * The keyids whose signatures verify, in the envelope's order; signatures of unknown keys are left out.
 * Throws `bad-signature` when a known key's signature does not verify: such an entry was never signed by whom it names.
 */
export function verifySignatures(envelope: Envelope, keys: readonly KnownKey[], verify: Ed25519Verify): string[] {
  const message = preAuthEncoding(envelope.payloadType, envelope.payload);
  const verified: string[] = [];
  for (const { keyid, sig } of envelope.signatures) {
    const key = keys.find((known) => known.keyid === keyid);
    if (key === undefined) continue;
    if (!verify(key.publicKey, message, sig)) {
      throw new StatementError('bad-signature', 'signatures', `the signature of key ${keyid} does not verify`);
    }
    verified.push(keyid);
  }
  return verified;
}
