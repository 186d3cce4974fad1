import { BinaryError } from './errors.ts';
import { MAX_SECTIONS } from './layout.ts';
import type { Image, Section } from './layout.ts';
import { Reader, limitCount } from './reader.ts';

const FAT_MAGIC = 0xcafebabe;
const FAT_MAGIC_64 = 0xcafebabf;
const LC_SEGMENT = 0x1;
const LC_SYMTAB = 0x2;
const LC_DYSYMTAB = 0xb;
const LC_VERSION_MIN_IPHONEOS = 0x25;
const LC_SEGMENT_64 = 0x19;
const LC_BUILD_VERSION = 0x32;
const PLATFORM_MACOS = 1;
const MAX_COMMANDS = 4096;
/** A Java class file has the fat magic too; its second word is a version of 45 or more, so a fat file with as many images is not believed. */
const MAX_FAT_IMAGES = 44;

const ARCHITECTURES: Readonly<Record<number, string>> = {
  7: '386',
  12: 'arm',
  18: 'ppc',
  0x01000007: 'amd64',
  0x0100000c: 'arm64',
  0x01000012: 'ppc64',
};

export function isMachO(bytes: Uint8Array): boolean {
  if (bytes.length < 8) return false;
  const magic = new Reader(bytes, false).u32(0);
  return isThin(magic) || ((magic === FAT_MAGIC || magic === FAT_MAGIC_64) && new Reader(bytes, false).u32(4) <= MAX_FAT_IMAGES);
}

function isThin(magic: number): boolean {
  return magic === 0xfeedface || magic === 0xfeedfacf || magic === 0xcefaedfe || magic === 0xcffaedfe;
}

/** Every image of a Mach-O file: one when it is thin, one for each architecture when it is fat (mach-o/fat.h). */
export function readMachO(bytes: Uint8Array): Image[] {
  const reader = new Reader(bytes, false);
  const magic = reader.u32(0);
  if (isThin(magic)) return [readThin(bytes)];
  const wide = magic === FAT_MAGIC_64;
  const count = limitCount('images in a fat Mach-O file', reader.u32(4), MAX_FAT_IMAGES);
  const images: Image[] = [];
  for (let i = 0; i < count; i += 1) {
    const base = 8 + i * (wide ? 32 : 20);
    const offset = wide ? reader.u64(base + 8) : reader.u32(base + 8);
    const size = wide ? reader.u64(base + 16) : reader.u32(base + 12);
    images.push(readThin(reader.slice(offset, size)));
  }
  return images;
}

function readThin(bytes: Uint8Array): Image {
  const magic = new Reader(bytes, false).u32(0);
  if (!isThin(magic)) throw new BinaryError('malformed', 'expected a Mach-O image inside the fat file');
  const reader = new Reader(bytes, magic === 0xcefaedfe || magic === 0xcffaedfe);
  const is64 = magic === 0xfeedfacf || magic === 0xcffaedfe;
  const commands = limitCount('Mach-O load commands', reader.u32(16), MAX_COMMANDS);
  const sections: Section[] = [];
  let anySymbols = false;
  let ownSymbols: boolean | null = null;
  let os = 'darwin';
  let at = is64 ? 32 : 28;
  for (let i = 0; i < commands; i += 1) {
    const kind = reader.u32(at);
    const size = reader.u32(at + 4);
    if (size < 8) throw new BinaryError('malformed', `expected a Mach-O load command of 8 bytes or more, found ${size}`);
    if (kind === LC_SEGMENT || kind === LC_SEGMENT_64) readSegment(reader, at, kind === LC_SEGMENT_64, sections);
    if (kind === LC_SYMTAB) anySymbols ||= reader.u32(at + 12) > 0;
    // A stripped program still names what it imports: only local and defined symbols count.
    if (kind === LC_DYSYMTAB) ownSymbols = reader.u32(at + 12) + reader.u32(at + 20) > 0;
    if (kind === LC_BUILD_VERSION && reader.u32(at + 8) !== PLATFORM_MACOS) os = 'ios';
    if (kind === LC_VERSION_MIN_IPHONEOS) os = 'ios';
    at += size;
  }
  return { format: 'macho', os, arch: ARCHITECTURES[reader.u32(4)] ?? null, bytes, sections, symbols: ownSymbols ?? anySymbols };
}

function readSegment(reader: Reader, at: number, is64: boolean, sections: Section[]): void {
  const count = reader.u32(at + (is64 ? 64 : 48));
  limitCount('Mach-O sections', sections.length + count, MAX_SECTIONS);
  for (let i = 0; i < count; i += 1) {
    const base = at + (is64 ? 72 + i * 80 : 56 + i * 68);
    sections.push({
      name: reader.name(base, 16),
      size: is64 ? reader.u64(base + 40) : reader.u32(base + 36),
      offset: reader.u32(base + (is64 ? 48 : 40)),
    });
  }
}
