import { elfGoBuildId } from './elf.ts';
import { orElse } from './errors.ts';
import { unquote } from './go-quote.ts';
import { readImages } from './identify.ts';
import { sectionBytes } from './layout.ts';
import type { Image } from './layout.ts';
import { ascii, indexOfBytes } from './reader.ts';

/** The linker writes this at the start of the text of every format without notes (cmd/internal/buildid). */
const PREFIX = Uint8Array.of(0xff, ...ascii(' Go build ID: "'));
const END = Uint8Array.of(...ascii('"\n '), 0xff);
/** How far into the text Go's own reader looks. */
const WINDOW = 32 * 1024;

/**
 * The Go build ID, `actionID(link)/actionID(main)/contentID(main)/contentID(exe)`, as `go tool buildid` prints it; null when there is none
 * (`-buildid=`, not Go's, damaged). Which parts differ between two builds tells the cause of a mismatch. Never throws on any input.
 */
export function readGoBuildId(bytes: Uint8Array): string | null {
  return orElse(() => {
    const [image] = readImages(bytes);
    return image === undefined ? null : buildIdOf(image);
  }, null);
}

function buildIdOf(image: Image): string | null {
  if (image.format === 'elf') {
    const note = sectionBytes(image, '.note.go.buildid');
    return note === null ? null : elfGoBuildId(image, note);
  }
  const text = sectionBytes(image, '__text', '.text', 'go:buildid') ?? image.bytes;
  const start = indexOfBytes(text, PREFIX, 0, WINDOW);
  if (start < 0) return null;
  const end = indexOfBytes(text, END, start + PREFIX.length, start + 1024);
  if (end < 0) return null;
  return unquote(String.fromCharCode(...text.subarray(start + PREFIX.length - 1, end + 1)));
}
