/** Reading an add-checkpoint request, as a witness and a mirror do: C2SP tlog-witness at HEAD, strictly. */
import { parseAddCheckpoint } from './add-checkpoint.ts';
import { utf8Decode, utf8Encode } from './bytes.ts';
import { parseCheckpoint, type Checkpoint } from './checkpoint.ts';
import type { Ed25519Verify } from './ed25519.ts';
import { TlogError } from './errors.ts';
import type { Hash } from './hashing.ts';
import { MAX_NOTE_SIGNATURES, parseSignatureLines, type NoteSignature } from './note.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { VerifierKey } from './vkey.ts';

/** The keys that are trusted for each origin. */
export type TrustedLogs = ReadonlyMap<string, readonly VerifierKey[]>;

/** A request that is well formed and signed by the log that it is about. */
export interface Submission {
  readonly oldSize: bigint;
  readonly proof: readonly Hash[];
  readonly checkpoint: Checkpoint;
  /** The checkpoint's text, canonical. */
  readonly text: string;
  /** The log's own lines, each of them verified. Never empty. */
  readonly signatures: readonly NoteSignature[];
}

/** 400 for anything malformed, 404 for an unknown origin, 403 without the log's signature or with a bad one. */
export function readSubmission(body: Uint8Array, logs: TrustedLogs, verify: Ed25519Verify): Submission | Refusal {
  let request: ReturnType<typeof parse>;
  try {
    request = parse(body);
  } catch (error) {
    if (error instanceof TlogError) return refuse(400, 'malformed', error.message);
    throw error;
  }
  const { oldSize, proof, checkpoint, text, lines } = request;
  const keys = logs.get(checkpoint.origin);
  if (keys === undefined) return refuse(404, 'unknown-origin', 'the log of that origin is not known here');
  const signatures = verifiedLines(text, lines, keys, verify);
  if ('status' in signatures) return signatures;
  // tlog-checkpoint: never two lines with the same name and key ID. Checked last: a line that contradicts a verified one is 403.
  if (new Set(lines.map(({ name, keyId }) => `${keyId} ${name}`)).size !== lines.length) {
    return refuse(400, 'malformed', 'malformed note: expected one signature a key, found a second line of the same name and key ID');
  }
  if (oldSize > checkpoint.size) {
    return refuse(400, 'old-size-ahead', `expected an old size of at most the checkpoint's ${checkpoint.size}, found ${oldSize}`);
  }
  return { oldSize, proof, checkpoint, text, signatures };
}

function parse(body: Uint8Array): {
  oldSize: bigint;
  proof: Hash[];
  checkpoint: Checkpoint;
  text: string;
  lines: NoteSignature[];
} {
  const { oldSize, proof, checkpoint: note } = parseAddCheckpoint(body);
  const whole = utf8Decode(note);
  // signed-note: the last blank line separates text and signatures. (`parseNote` is not used: it refuses a repeated key at once.)
  const split = whole.lastIndexOf('\n\n');
  if (split < 0) throw new TlogError('malformed-note', 'malformed note: expected a blank line before the signatures, found none');
  const text = whole.slice(0, split + 1);
  return { oldSize, proof, checkpoint: parseCheckpoint(text), text, lines: parseLines(whole.slice(split + 2)) };
}

function parseLines(text: string): NoteSignature[] {
  const lines = text.split('\n', MAX_NOTE_SIGNATURES + 2);
  if (lines.length < 2 || lines.length > MAX_NOTE_SIGNATURES + 1 || lines.at(-1) !== '') {
    throw new TlogError('malformed-note', `malformed note: expected 1 to ${MAX_NOTE_SIGNATURES} signature lines, each with a newline`);
  }
  return lines.slice(0, -1).flatMap((line) => parseSignatureLines(`${line}\n`));
}

function verifiedLines(
  text: string,
  lines: NoteSignature[],
  keys: readonly VerifierKey[],
  verify: Ed25519Verify,
): NoteSignature[] | Refusal {
  const message = utf8Encode(text);
  const verified: NoteSignature[] = [];
  for (const line of lines) {
    // A match on only one of name and key ID is an unknown key, which says nothing.
    const key = keys.find(({ name, keyId }) => name === line.name && keyId === line.keyId);
    if (key === undefined) continue;
    if (!verify(key.publicKey, message, line.signature)) {
      return refuse(403, 'bad-signature', "a signature line of the log's key does not verify");
    }
    verified.push(line);
  }
  return verified.length > 0 ? verified : refuse(403, 'not-signed', "expected a signature by the log's key, found none");
}
