/** Verifying notes: C2SP signed-note, "Verifying a note", and tlog-checkpoint for a log's own. */
import { utf8Encode } from './bytes.ts';
import { parseCheckpoint, type Checkpoint } from './checkpoint.ts';
import { verifyCosignature } from './cosignature.ts';
import { SIGNATURE_BYTES } from './ed25519.ts';
import { TlogError, quote } from './errors.ts';
import { canVerify, type NoteVerify } from './note-verify.ts';
import { parseNote, type Note, type NoteSignature } from './note.ts';
import { KEY_TYPE_ED25519, KEY_TYPE_ML_DSA, formatKeyId, type VerifierKey } from './vkey.ts';

export interface OpenedNote {
  text: string;
  /** Lines of known keys; every one of them verified. Never empty. */
  verified: NoteSignature[];
  /** Lines of nobody we know; nothing is said about them. */
  unknown: NoteSignature[];
}

/**
 * Parse a note and verify every line whose (name, key ID) both match one of `keys` (types 0x01, 0x04 and,
 * where `verify` has it, 0x06). Throws `malformed-note`; `bad-signature` when a known key's line fails, whatever the others
 * say; `unverified-note` when no known key signed; `bad-key` for keys that cannot verify anything or
 * that cannot be told apart.
 */
export function openNote(bytes: Uint8Array, keys: readonly VerifierKey[], verify: NoteVerify): OpenedNote {
  return openParsed(parseNote(bytes), keys, verify);
}

function openParsed(note: Note, keys: readonly VerifierKey[], verify: NoteVerify): OpenedNote {
  const known = indexKeys(keys, verify);
  const verified: NoteSignature[] = [];
  const unknown: NoteSignature[] = [];
  const message = utf8Encode(note.text);
  for (const line of note.signatures) {
    // A match on only one of name and key ID is an unknown key.
    const key = known.get(keyLabel(line));
    if (key === undefined) {
      unknown.push(line);
      continue;
    }
    const valid =
      key.type === KEY_TYPE_ED25519
        ? line.signature.length === SIGNATURE_BYTES && verify(key.publicKey, message, line.signature)
        : verifyCosignature(note.text, line, key, verify) !== null;
    if (!valid) throw new TlogError('bad-signature', `the signature of ${quote(keyLabel(line))} does not verify: the note is refused`);
    verified.push(line);
  }
  if (verified.length === 0) {
    // Of many lines those say most that have an expected name.
    const near = unknown.filter(({ name }) => keys.some((key) => key.name === name));
    throw new TlogError('unverified-note', `expected a signature by ${named(keys)}, found ${named(near.length > 0 ? near : unknown)}`);
  }
  return { text: note.text, verified, unknown };
}

/**
 * A log's checkpoint: a note whose text is a checkpoint, signed by `logKey` (type 0x01), whose name
 * is the origin (C2SP tlog-policy). Cosignatures are not looked at. Throws as `openNote` does, and
 * `malformed-checkpoint` or `wrong-origin`.
 */
export function openCheckpoint(bytes: Uint8Array, logKey: VerifierKey, verify: NoteVerify): { checkpoint: Checkpoint; note: Note } {
  if (logKey.type !== KEY_TYPE_ED25519) {
    throw new TlogError('bad-key', `expected a log key of type 0x01, found type ${logKey.type}: cosigners' keys do not sign for logs`);
  }
  const note = parseNote(bytes);
  openParsed(note, [logKey], verify);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== logKey.name) {
    throw new TlogError('wrong-origin', `expected a checkpoint of ${quote(logKey.name)}, found one of ${quote(checkpoint.origin)}`);
  }
  return { checkpoint, note };
}

function indexKeys(keys: readonly VerifierKey[], verify: NoteVerify): Map<string, VerifierKey> {
  const known = new Map<string, VerifierKey>();
  for (const key of keys) {
    if (!canVerify(key, verify)) {
      // A browser has no ML-DSA: what it cannot verify, nobody it knows has signed.
      if (key.type === KEY_TYPE_ML_DSA) continue;
      throw new TlogError('bad-key', `cannot verify signatures by ${quote(key.text)}: its type ${key.type} is not supported`);
    }
    const label = keyLabel(key);
    if (known.has(label)) throw new TlogError('bad-key', `two keys share name and key ID: ${quote(label)}`);
    known.set(label, key);
  }
  return known;
}

function keyLabel({ name, keyId }: { name: string; keyId: number }): string {
  return `${name}+${formatKeyId(keyId)}`;
}

/** As many as a message can bear: a note may have a hundred lines. */
function named(keys: readonly { name: string; keyId: number }[]): string {
  if (keys.length === 0) return 'none';
  const shown = keys.slice(0, 3).map((key) => quote(keyLabel(key)));
  return `${shown.join(', ')}${keys.length > shown.length ? ` and ${keys.length - shown.length} more` : ''}`;
}
