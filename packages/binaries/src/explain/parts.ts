import { orElse } from '../errors.ts';
import { formatOf } from '../identify.ts';
import { elfParts } from './parts-elf.ts';
import { machoParts } from './parts-macho.ts';
import { peParts } from './parts-pe.ts';
import { wasmParts } from './parts-wasm.ts';

/** A stretch of a file with a name. The parts of a file cover it completely, in order, without overlapping. */
export interface Part {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Whether the system maps it into memory when the program runs; true where that is not known. */
  readonly loaded: boolean;
  /** Machine code, or a whole file that may hold some. */
  readonly code: boolean;
}

/**
 * Cuts a file into headers, sections and the gaps between them. A file that is no executable that we read, or whose headers
 * contradict themselves (sections that overlap or end outside the file), is one loaded part called `file`: comparing it as a whole is
 * all that can be trusted then.
 */
export function partsOf(bytes: Uint8Array): Part[] {
  return orElse(() => covering(bytes, namedParts(bytes)), null) ?? [wholeFile(bytes)];
}

export const wholeFile = (bytes: Uint8Array): Part => ({ name: 'file', start: 0, end: bytes.length, loaded: true, code: true });

function namedParts(bytes: Uint8Array): Part[] {
  switch (formatOf(bytes)) {
    case 'elf':
      return elfParts(bytes);
    case 'macho':
      return machoParts(bytes);
    case 'pe':
      return peParts(bytes);
    case 'wasm':
      return wasmParts(bytes);
    default:
      return [];
  }
}

/** Sorted, numbered where a name comes again, with the gaps filled; null when they overlap, leave the file, or are none. */
function covering(bytes: Uint8Array, named: readonly Part[]): Part[] | null {
  if (named.length === 0) return null;
  const seen = new Map<string, number>();
  const parts: Part[] = [];
  let at = 0;
  const numbered = (part: Part): Part => {
    const count = (seen.get(part.name) ?? 0) + 1;
    seen.set(part.name, count);
    return count === 1 ? part : { ...part, name: `${part.name} (${count})` };
  };
  for (const part of [...named].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (part.start === part.end) continue;
    if (part.start < at || part.end > bytes.length || part.start > part.end) return null;
    const whole = numbered(part);
    if (part.start > at) parts.push(gap(`gap before ${whole.name}`, at, part.start));
    parts.push(whole);
    at = part.end;
  }
  if (at < bytes.length) parts.push(gap('gap at the end', at, bytes.length));
  return parts;
}

const gap = (name: string, start: number, end: number): Part => ({ name, start, end, loaded: true, code: false });
