/** Signed notes: C2SP signed-note, "Format" (HEAD, read strictly). Syntax only; see open-note.ts. */
import { concatBytes, fromBase64, toBase64, utf8Decode, utf8Encode } from './bytes.ts';
import { TlogError, quote } from './errors.ts';
import { hasControl, isKeyName } from './text.ts';

/** One signature line. `signature` is what follows the 4-byte key ID: its form depends on the key's type. */
export interface NoteSignature {
  name: string;
  /** uint32 */
  keyId: number;
  signature: Uint8Array;
}

export interface Note {
  /** Ends with a newline; does not include the blank line. */
  text: string;
  signatures: NoteSignature[];
}

/** The most signature lines a note may have (x/mod's limit; the specification asks for 16 at least). */
export const MAX_NOTE_SIGNATURES = 100;
/** Longest note in bytes (x/mod's limit). */
export const MAX_NOTE_BYTES = 1_000_000;

/**
 * Throws `malformed-note` for bytes that `formatNote` would not write, for more than 100 signature
 * lines, and for two lines with the same (name, key ID), which C2SP tlog-checkpoint forbids.
 */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_NOTE_BYTES) throw malformed(`at most ${MAX_NOTE_BYTES} bytes`, `${bytes.length}`);
  let whole: string;
  try {
    whole = utf8Decode(bytes);
  } catch {
    throw malformed('valid UTF-8', 'other bytes');
  }
  // The text may contain blank lines itself: the last one separates.
  const split = whole.lastIndexOf('\n\n');
  if (split < 0) throw malformed('a blank line before the signatures', 'none');
  const text = checkNoteText(whole.slice(0, split + 1));
  return { text, signatures: parseSignatureLines(whole.slice(split + 2)) };
}

/** One or more signature lines, as a witness returns them. Throws `malformed-note`. */
export function parseSignatureLines(text: string): NoteSignature[] {
  if (!text.endsWith('\n')) throw malformed('signature lines that end with a newline', quote(text.slice(-32)));
  const lines = text.slice(0, -1).split('\n', MAX_NOTE_SIGNATURES + 1);
  if (lines.length > MAX_NOTE_SIGNATURES) throw malformed(`at most ${MAX_NOTE_SIGNATURES} signatures`, 'more');
  const seen = new Set<string>();
  return lines.map((line) => {
    const signature = parseSignatureLine(line);
    const key = `${signature.keyId} ${signature.name}`;
    if (seen.has(key)) throw malformed('one signature a key', `a second line ${quote(line)}`);
    seen.add(key);
    return signature;
  });
}

/** One signature line without its newline. */
function parseSignatureLine(line: string): NoteSignature {
  const match = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
  if (match === null) throw malformed('a line "— name base64"', quote(line));
  const [, name, base64] = match as unknown as [string, string, string];
  if (!isKeyName(name)) throw malformed('a key name', quote(name));
  let data: Uint8Array;
  try {
    data = fromBase64(base64);
  } catch {
    throw malformed('canonical base64', quote(base64));
  }
  if (data.length < 5) throw malformed('a key ID and a signature', quote(base64));
  return { name, keyId: new DataView(data.buffer).getUint32(0), signature: data.slice(4) };
}

/** A signature line with its newline. Throws `malformed-note` for what no parser would take. */
export function formatSignatureLine(line: NoteSignature): string {
  const id = new Uint8Array(4);
  new DataView(id.buffer).setUint32(0, line.keyId);
  const text = `\u2014 ${line.name} ${toBase64(concatBytes(id, line.signature))}`;
  const parsed = parseSignatureLine(text);
  if (parsed.keyId !== line.keyId) throw malformed('a uint32 key ID', String(line.keyId));
  return `${text}\n`;
}

/** Bytes of a note. Throws `malformed-note` when `parseNote` would refuse them. */
export function formatNote(note: Note): Uint8Array {
  const text = `${checkNoteText(note.text)}\n${note.signatures.map(formatSignatureLine).join('')}`;
  const bytes = utf8Encode(text);
  parseNote(bytes);
  return bytes;
}

/** `text` when it may stand in a note: ends with a newline, no other control character. */
export function checkNoteText(text: string): string {
  if (!text.endsWith('\n')) throw malformed('text that ends with a newline', quote(text.slice(-32)));
  if (hasControl(text, '\n')) throw malformed('no control characters but newlines', 'one');
  if (!text.isWellFormed()) throw malformed('well-formed text', 'a lone surrogate');
  return text;
}

function malformed(expected: string, found: string): TlogError {
  return new TlogError('malformed-note', `malformed note: expected ${expected}, found ${found}`);
}
