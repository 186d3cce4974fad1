/** Signing statements. The signer is a port: where the private key lives is its own business. */
import type { Signer } from '@verbatim/tlog';
import { encodeEnvelope, preAuthEncoding, type EnvelopeSignature } from './envelope.ts';
import { StatementError } from './errors.ts';
import { keyidOf } from './keyid.ts';
import { checkSigners, decodeEntry, encodeStatement, type Statement } from './statement.ts';
import { PAYLOAD_TYPE } from './vocabulary.ts';

function signatureOf(signer: Signer, payload: Uint8Array): EnvelopeSignature {
  return { keyid: keyidOf(signer.name, signer.publicKey), sig: signer.sign(preAuthEncoding(PAYLOAD_TYPE, payload)) };
}

/** Of the statement whose payload this is, which was read already. */
function sealed(statement: Statement, payload: Uint8Array, signatures: readonly EnvelopeSignature[]): Uint8Array {
  const ascending = signatures.toSorted((a, b) => (a.keyid < b.keyid ? -1 : 1));
  const envelope = { payload, payloadType: PAYLOAD_TYPE, signatures: ascending };
  const bytes = encodeEnvelope(envelope);
  checkSigners(statement, envelope);
  return bytes;
}

/** Entry bytes: the statement, signed by each signer. Throws StatementError as `decodeEntry` would. */
export function signStatement(statement: Statement, signers: readonly Signer[]): Uint8Array {
  const payload = encodeStatement(statement);
  return sealed(
    statement,
    payload,
    signers.map((signer) => signatureOf(signer, payload)),
  );
}

/** The entry with one approval more (m of n publishers). Throws `inconsistent` when this key has signed it already. */
export function addSignature(entry: Uint8Array, signer: Signer): Uint8Array {
  const { envelope, statement } = decodeEntry(entry);
  const added = signatureOf(signer, envelope.payload);
  if (envelope.signatures.some(({ keyid }) => keyid === added.keyid)) {
    throw new StatementError('inconsistent', 'signatures', `expected another key: ${added.keyid} has signed this already`);
  }
  return sealed(statement, envelope.payload, [...envelope.signatures, added]);
}
