/**
 * GREASE (the idea of RFC 8701): signature lines that nobody can verify, so that a reader that mishandles lines of unknown keys is found while
 * nothing depends on it. C2SP signed-note: such lines are ignored.
 */
import { sha256, utf8Encode, concatBytes } from './bytes.ts';
import type { NoteSignature } from './note.ts';

/** As an Ed25519 signature line has, and a cosignature: both lengths are to be met with. */
const LENGTHS = [64, 72];
/** A reserved top-level domain (RFC 2606): nobody's name. */
const NAME = 'grease.invalid';

/**
 * `count` lines for a note's text: well-formed, with names, key IDs and bytes that follow from the text, so that the same checkpoint always has
 * the same ones and no checkpoint has those of another.
 */
export function greaseLines(text: string, count: number): NoteSignature[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = expand(`${i}\n${text}`, 12 + LENGTHS[i % LENGTHS.length]!);
    const view = new DataView(bytes.buffer);
    return { name: `${NAME}/${view.getUint32(0).toString(36)}`, keyId: view.getUint32(4), signature: bytes.slice(12) };
  });
}

/** Whether a line is one of these, for who wrote it: a reader ignores every line of a key that it does not know. */
export function isGrease({ name }: NoteSignature): boolean {
  return name.startsWith(`${NAME}/`);
}

function expand(seed: string, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => sha256(utf8Encode(`grease ${i}\n${seed}`)));
  return concatBytes(...blocks).slice(0, length);
}
