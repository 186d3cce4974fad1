import { readWasm } from '../wasm.ts';
import type { Part } from './parts.ts';

/** Section ids are written `#N` by the reader; 10 is code (core specification 5.5.2). */
const CODE = '#10';

/** The sections of a WebAssembly module; their headers are the gaps. */
export function wasmParts(bytes: Uint8Array): Part[] {
  return readWasm(bytes).sections.map(({ name, offset, size }) => ({
    name: name.startsWith('#') ? `section ${name.slice(1)}` : name,
    start: offset,
    end: offset + size,
    loaded: true,
    code: name === CODE,
  }));
}
