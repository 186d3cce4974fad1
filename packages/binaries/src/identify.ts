import { isElf, readElf } from './elf.ts';
import { orElse } from './errors.ts';
import type { BinaryFormat, Identity, Image } from './layout.ts';
import { isMachO, readMachO } from './macho.ts';
import { isPe, readPe } from './pe.ts';
import { isWasm, readWasm } from './wasm.ts';

/** The container format by its magic bytes alone; null when it is none that we read. */
export function formatOf(bytes: Uint8Array): BinaryFormat | null {
  if (isElf(bytes)) return 'elf';
  if (isMachO(bytes)) return 'macho';
  if (isPe(bytes)) return 'pe';
  if (isWasm(bytes)) return 'wasm';
  return null;
}

/** The images of a file; [] when it is no executable that we read. Throws BinaryError when its headers are damaged. */
export function readImages(bytes: Uint8Array): Image[] {
  switch (formatOf(bytes)) {
    case 'elf':
      return [readElf(bytes)];
    case 'macho':
      return readMachO(bytes);
    case 'pe':
      return [readPe(bytes)];
    case 'wasm':
      return [readWasm(bytes)];
    default:
      return [];
  }
}

/**
 * What a file is, from its headers, in Go's names (`linux`, `amd64`). Never throws: what damaged headers do not tell is null.
 * A fat Mach-O file with several architectures has `arch` null. A static ELF file without an OS mark is called `linux`.
 */
export function identify(bytes: Uint8Array): Identity {
  const format = formatOf(bytes);
  const images = orElse(() => readImages(bytes), []);
  const first = images[0];
  if (first === undefined) return { format: format === 'pe' ? null : format, os: null, arch: null };
  return { format, os: first.os, arch: images.every((image) => image.arch === first.arch) ? first.arch : null };
}
