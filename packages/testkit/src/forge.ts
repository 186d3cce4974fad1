/** Entries that an honest program would never make. */
import { PAYLOAD_TYPE, encodeCanonicalJson, encodeEnvelope, keyidOf, preAuthEncoding } from '@verbatim/statements';
import type { Signer } from '@verbatim/tlog';

/** Any JSON value in a well-formed, well-signed envelope: no schema, no rule is checked. */
export function forgeEntry(statement: unknown, signers: readonly Signer[]): Uint8Array {
  return forgePayload(encodeCanonicalJson(statement), signers);
}

/** Any bytes as a payload. */
export function forgePayload(payload: Uint8Array, signers: readonly Signer[]): Uint8Array {
  const signatures = signers.map((signer) => ({
    keyid: keyidOf(signer.name, signer.publicKey),
    sig: signer.sign(preAuthEncoding(PAYLOAD_TYPE, payload)),
  }));
  return encodeEnvelope({ payload, payloadType: PAYLOAD_TYPE, signatures: signatures.toSorted((a, b) => (a.keyid < b.keyid ? -1 : 1)) });
}

/** A copy with one byte changed; the last one by default. */
export function withByteChanged(bytes: Uint8Array, at: number = bytes.length - 1, mask = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at] = copy[at]! ^ mask;
  return copy;
}
