import { formatOf } from '../identify.ts';
import { Reader, ascii, indexOfBytes } from '../reader.ts';
import type { Range } from './bytes.ts';
import { isZero, latin1 } from './bytes.ts';
import type { Ledger } from './ledger.ts';
import type { PartPair } from './pairs.ts';
import { LOAD_COMMANDS, loadCommands } from './parts-macho.ts';
import type { Coverage } from './types.ts';

const NOTE_GO_BUILD_ID = 4;
const NT_GNU_BUILD_ID = 3;
const LC_UUID = 0x1b;
/** SHA-512 is the longest hash that linkers offer for --build-id. */
const MAX_GNU_ID_BYTES = 64;
const GO_ID = /^[A-Za-z0-9_/-]{1,200}$/;
/** debhelper names the file by the rest of the build ID. */
const DEBUG_FILE = /^[0-9a-f]{2,126}\.debug$/;
const PRINTABLE = /^[\x20-\x7e\0]*$/;

/**
 * Accounts for identifiers, each only in the exact form in which its linker writes it: the text of a Go build ID, the bytes of a GNU build ID,
 * a debug link named after it with its CRC, the UUID of a Mach-O file, and `.comment` where it is not loaded. Whatever else stands in those
 * sections stays open.
 */
export function settleIds(ledger: Ledger, published: Uint8Array, rebuilt: Uint8Array): Coverage[] {
  const covers: (Coverage | null)[] = [];
  const goTexts = formatOf(published) === 'elf' ? [] : ['.text', '__text', 'go:buildid'];
  for (const pair of ledger.pairs) {
    const { published: a, rebuilt: b } = pair;
    if (a === null || b === null) continue;
    if (pair.name === '.comment') {
      if (!pair.loaded && PRINTABLE.test(latin1(a)) && PRINTABLE.test(latin1(b))) covers.push(ledger.settle(pair, 'all', 'id'));
    } else if (a.length === b.length) {
      const range = idRange(pair, a, b) ?? (goTexts.includes(pair.name) ? goTextId(a, b) : null);
      if (range !== null) covers.push(ledger.settle(pair, [range], 'id'));
    }
  }
  const commands = ledger.pair(LOAD_COMMANDS);
  if (commands !== undefined) covers.push(ledger.settle(commands, machoUuids(published, rebuilt), 'id'));
  return covers.filter((cover) => cover !== null);
}

function idRange(pair: PartPair, a: Uint8Array, b: Uint8Array): Range | null {
  switch (pair.name) {
    case '.note.go.buildid':
      return noteRange(a, b, 'Go\0\0', NOTE_GO_BUILD_ID, isGoId);
    case '.note.gnu.build-id':
      return noteRange(a, b, 'GNU\0', NT_GNU_BUILD_ID, (id) => id.length <= MAX_GNU_ID_BYTES);
    case '.gnu_debuglink':
      return debugLinkRange(a, b);
    default:
      return null;
  }
}

const isGoId = (id: Uint8Array): boolean => GO_ID.test(latin1(id));

/** The description of a note that is alone in its section (gABI chapter 5, "Note Section"), when both have the same owner, type and size. */
function noteRange(a: Uint8Array, b: Uint8Array, owner: string, type: number, isId: (id: Uint8Array) => boolean): Range | null {
  if (a.length < 16) return null;
  const [left, right] = [a, b].map((note) => {
    const little = new Reader(note, true);
    const reader = little.u32(0) === 4 ? little : new Reader(note, false);
    const end = 16 + reader.u32(4);
    if (reader.u32(0) !== 4 || reader.u32(8) !== type || latin1(note.subarray(12, 16)) !== owner) return null;
    // Padded with zeros to a multiple of four.
    const alone = end <= note.length && note.length < end + 4 && isZero(note.subarray(end));
    return alone && isId(note.subarray(16, end)) ? end : null;
  });
  return left === right && typeof left === 'number' ? { start: 16, end: left } : null;
}

/** A file name, zeros up to a multiple of four, and a CRC of four bytes (GDB manual, "Separate Debug Files"). */
function debugLinkRange(a: Uint8Array, b: Uint8Array): Range | null {
  if (a.length < 8) return null;
  const names = [a, b].map((link) => latin1(link.subarray(0, link.length - 4)).replace(/\0{1,4}$/, ''));
  if (names[0] !== names[1] && !names.every((name) => DEBUG_FILE.test(name))) return null;
  return { start: 0, end: a.length };
}

/** Where the format has no notes, Go writes the ID near the start of the text (cmd/internal/buildid); elsewhere it is a constant that looks like one. */
const GO_TEXT_PREFIX = Uint8Array.of(0xff, ...ascii(' Go build ID: "'));
/** How far into the text Go's own reader looks. */
const GO_TEXT_WINDOW = 32 * 1024;
const GO_TEXT_END = Uint8Array.of(...ascii('"\n '), 0xff);

function goTextId(a: Uint8Array, b: Uint8Array): Range | null {
  const [left, right] = [a, b].map((text) => {
    const start = indexOfBytes(text, GO_TEXT_PREFIX, 0, GO_TEXT_WINDOW);
    if (start < 0) return null;
    const from = start + GO_TEXT_PREFIX.length;
    const end = indexOfBytes(text, GO_TEXT_END, from, from + 256);
    return end < 0 || !isGoId(text.subarray(from, end)) ? null : { start: from, end };
  });
  if (left === null || right === null || left?.start !== right?.start || left?.end !== right?.end) return null;
  return left ?? null;
}

function machoUuids(published: Uint8Array, rebuilt: Uint8Array): Range[] {
  const [a, b] = [published, rebuilt].map((bytes) =>
    loadCommands(bytes).commands.filter(({ kind, size }) => kind === LC_UUID && size === 24),
  );
  return a!.filter(({ at }) => b!.some((other) => other.at === at)).map(({ at, size }) => ({ start: at + 8, end: at + size }));
}
