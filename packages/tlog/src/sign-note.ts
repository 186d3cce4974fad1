/** Signing notes with Ed25519: C2SP signed-note, type 0x01. */
import { utf8Encode } from './bytes.ts';
import { checkNoteText, formatNote, type NoteSignature } from './note.ts';
import { KEY_TYPE_ED25519, computeKeyId } from './vkey.ts';

/** Somebody who can sign with Ed25519. Where the private key lives is its own business. */
export interface Signer {
  readonly algorithm?: 'ed25519';
  readonly name: string;
  readonly publicKey: Uint8Array;
  /** Raw Ed25519 (RFC 8032): 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** Bytes of a note over `text` (must end with a newline), one type-0x01 line for each signer. */
export function signNote(text: string, signers: readonly Signer[]): Uint8Array {
  const message = utf8Encode(checkNoteText(text));
  const signatures: NoteSignature[] = signers.map((signer) => ({
    name: signer.name,
    keyId: computeKeyId(signer.name, KEY_TYPE_ED25519, signer.publicKey),
    signature: signer.sign(message),
  }));
  return formatNote({ text, signatures });
}
