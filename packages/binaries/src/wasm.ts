import { BinaryError } from './errors.ts';
import { MAX_SECTIONS } from './layout.ts';
import type { Image, Section } from './layout.ts';
import { Reader, ascii, indexOfBytes } from './reader.ts';

const MAGIC = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
const CUSTOM_SECTION = 0;
const IMPORT_SECTION = 2;

export function isWasm(bytes: Uint8Array): boolean {
  return indexOfBytes(bytes, MAGIC, 0, 1) === 0;
}

/** Reads the section list of a WebAssembly module (core specification 5.5); custom sections go by their own name. */
export function readWasm(bytes: Uint8Array): Image {
  const reader = new Reader(bytes, true);
  const sections: Section[] = [];
  let os: string | null = null;
  let at = MAGIC.length;
  while (at < bytes.length) {
    if (sections.length >= MAX_SECTIONS) throw new BinaryError('too-large', `expected at most ${MAX_SECTIONS} wasm sections`);
    const id = reader.u8(at);
    const size = leb128(reader, at + 1);
    const body = reader.slice(size.next, size.value);
    if (id === IMPORT_SECTION) os = operatingSystem(body);
    sections.push(
      id === CUSTOM_SECTION ? customSection(reader, size.next, size.value) : { name: `#${id}`, offset: size.next, size: size.value },
    );
    at = size.next + size.value;
  }
  return { format: 'wasm', os, arch: 'wasm', bytes, sections, symbols: sections.some((section) => section.name === 'name') };
}

function customSection(reader: Reader, offset: number, size: number): Section {
  const length = leb128(reader, offset);
  if (length.next + length.value > offset + size) throw new BinaryError('malformed', 'a wasm section name is longer than its section');
  const start = length.next + length.value;
  return { name: reader.name(length.next, Math.min(length.value, 256)), offset: start, size: offset + size - start };
}

/** Go's ports differ in whom they import from: the page's `gojs` (`go` before Go 1.21) or WASI. */
function operatingSystem(imports: Uint8Array): string | null {
  if (indexOfBytes(imports, ascii('wasi_snapshot_preview1')) >= 0) return 'wasip1';
  if (indexOfBytes(imports, ascii('\x04gojs')) >= 0 || indexOfBytes(imports, ascii('\x02go')) >= 0) return 'js';
  return null;
}

/** An unsigned LEB128 number of 32 bits. */
function leb128(reader: Reader, offset: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 5; i += 1) {
    const byte = reader.u8(offset + i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: offset + i + 1 };
  }
  throw new BinaryError('malformed', 'a wasm number is longer than 5 bytes');
}
