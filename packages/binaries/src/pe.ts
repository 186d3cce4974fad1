import { BinaryError } from './errors.ts';
import { MAX_NAME_BYTES, MAX_SECTIONS } from './layout.ts';
import type { Image, Section } from './layout.ts';
import { Reader, limitCount } from './reader.ts';

const ARCHITECTURES: Readonly<Record<number, string>> = { 0x14c: '386', 0x1c4: 'arm', 0x8664: 'amd64', 0xaa64: 'arm64' };
const SYMBOL_BYTES = 18;

export function isPe(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x4d && bytes[1] === 0x5a;
}

/** Reads the headers of a Portable Executable (PE32 and PE32+; Microsoft's "PE Format"). A bare DOS program is `malformed`. */
export function readPe(bytes: Uint8Array): Image {
  const reader = new Reader(bytes, true);
  const header = reader.u32(0x3c);
  if (reader.u32(header) !== 0x4550) throw new BinaryError('malformed', 'expected the PE signature, found a bare DOS program');
  const count = limitCount('PE sections', reader.u16(header + 6), MAX_SECTIONS);
  const symbolsAt = reader.u32(header + 12);
  const symbolCount = reader.u32(header + 16);
  const stringsAt = symbolsAt === 0 ? 0 : symbolsAt + symbolCount * SYMBOL_BYTES;
  const table = header + 24 + reader.u16(header + 20);
  const sections: Section[] = [];
  for (let i = 0; i < count; i += 1) {
    const base = table + i * 40;
    sections.push({
      name: sectionName(reader, base, stringsAt),
      // Raw data is padded to the file alignment; the virtual size says how much is meant.
      size: Math.min(reader.u32(base + 16), reader.u32(base + 8) || reader.u32(base + 16)),
      offset: reader.u32(base + 20),
    });
  }
  return {
    format: 'pe',
    os: 'windows',
    arch: ARCHITECTURES[reader.u16(header + 4)] ?? null,
    bytes,
    sections,
    // The Go linker writes section names longer than 8 bytes to the string table even when it writes no symbols.
    symbols: symbolCount > 0,
  };
}

/** A name over 8 bytes is written `/N`: N bytes into the string table that follows the symbols. */
function sectionName(reader: Reader, base: number, stringsAt: number): string {
  const short = reader.name(base, 8);
  const long = /^\/([0-9]{1,7})$/.exec(short);
  if (long === null || stringsAt === 0) return short;
  const at = stringsAt + Number.parseInt(long[1]!, 10);
  return at < reader.bytes.length ? reader.name(at, Math.min(MAX_NAME_BYTES, reader.bytes.length - at)) : short;
}
