import { expect, test } from 'vitest';
import {
  formatCheckpoint,
  formatNote,
  greaseLines,
  MAX_NOTE_SIGNATURES,
  openCheckpoint,
  parseNote,
  signNote,
  verifyEd25519Pure,
} from './index.ts';
import { generateSeed, signerFromSeed, verifyEd25519, vkeyOf } from './node.ts';
import { parseVkey } from './vkey.ts';

const signer = signerFromSeed('log.example/1', generateSeed());
const key = parseVkey(vkeyOf(signer));
const text = (size: bigint): string => formatCheckpoint({ origin: signer.name, size, root: new Uint8Array(32) });

/** A checkpoint of ours between `before` lines of nobody and `after` more. */
function greased(before: number, after: number): Uint8Array {
  const note = parseNote(signNote(text(7n), [signer]));
  const lines = greaseLines(note.text, before + after);
  return formatNote({ text: note.text, signatures: [...lines.slice(0, before), ...note.signatures, ...lines.slice(before)] });
}

test('the lines of one checkpoint are always the same, and no other checkpoint has them', () => {
  expect(greaseLines(text(7n), 2)).toEqual(greaseLines(text(7n), 2));
  const seen = Array.from({ length: 50 }, (_, size) => greaseLines(text(BigInt(size)), 2)).flat();
  expect(new Set(seen.map(({ name, keyId }) => `${name} ${keyId}`)).size).toBe(100);
  expect(new Set(seen.map(({ signature }) => signature.length))).toEqual(new Set([64, 72]));
});

test.each([verifyEd25519, verifyEd25519Pure])('a checkpoint with 16 unknown lines opens, wherever they stand', (verify) => {
  for (const before of [0, 1, 8, 16]) expect(openCheckpoint(greased(before, 16 - before), key, verify).checkpoint.size).toBe(7n);
});

// C2SP signed-note: at least 16 signatures must be accepted, and their number should be bounded; x/mod's bound is ours.
test('between 17 and 99 unknown lines a checkpoint opens as well; with more than 100 signatures a note is malformed', () => {
  for (const unknown of [17, 50, MAX_NOTE_SIGNATURES - 1]) {
    expect(openCheckpoint(greased(unknown, 0), key, verifyEd25519).note.signatures).toHaveLength(unknown + 1);
  }
  expect(() => greased(MAX_NOTE_SIGNATURES, 0)).toThrow(expect.objectContaining({ code: 'malformed-note' }));
});
