import { BinaryError } from '../errors.ts';
import { readMachO } from '../macho.ts';
import { Reader } from '../reader.ts';
import type { Part } from './parts.ts';

const LC_SYMTAB = 0x2;
const LC_CODE_SIGNATURE = 0x1d;

export const LOAD_COMMANDS = 'load commands';
export const CODE_SIGNATURE = 'code signature';

/** One load command of a thin image (mach-o/loader.h); `at` and `size` in bytes. */
export interface LoadCommand {
  readonly kind: number;
  readonly at: number;
  readonly size: number;
}

/** The load commands of a thin 64-bit little-endian image, the only kind that is taken apart here; others throw `unsupported`. */
export function loadCommands(bytes: Uint8Array): { reader: Reader; commands: LoadCommand[]; end: number } {
  const reader = new Reader(bytes, true);
  if (reader.u32(0) !== 0xfeedfacf) throw new BinaryError('unsupported', 'expected a thin 64-bit Mach-O file');
  const commands: LoadCommand[] = [];
  let at = 32;
  const end = at + reader.u32(20);
  while (at < end) {
    const size = reader.u32(at + 4);
    if (size < 8 || at + size > end) throw new BinaryError('malformed', `expected a Mach-O load command of 8 bytes or more, found ${size}`);
    commands.push({ kind: reader.u32(at), at, size });
    at += size;
  }
  return { reader, commands, end };
}

/** The parts of a Mach-O file: load commands, sections, symbols, code signature. All count as loaded. */
export function machoParts(bytes: Uint8Array): Part[] {
  const { reader, commands, end } = loadCommands(bytes);
  const part = (name: string, start: number, size: number): Part => ({
    name,
    start,
    end: start + size,
    loaded: true,
    code: name === '__text',
  });
  const parts = [part(LOAD_COMMANDS, 0, end)];
  for (const image of readMachO(bytes))
    for (const { name, offset, size } of image.sections) if (offset > 0) parts.push(part(name, offset, size));
  for (const { kind, at } of commands) {
    if (kind === LC_SYMTAB) {
      parts.push(part('symbols', reader.u32(at + 8), reader.u32(at + 12) * 16));
      parts.push(part('symbol names', reader.u32(at + 16), reader.u32(at + 20)));
    }
    if (kind === LC_CODE_SIGNATURE) parts.push(part(CODE_SIGNATURE, reader.u32(at + 8), reader.u32(at + 12)));
  }
  return parts;
}
