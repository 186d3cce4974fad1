/** gzip (RFC 1952), xz and zstd: one member, and what the compressor wrote about itself. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import xz from 'xz-decompress';
import { BinaryError } from '../errors.ts';
import { type Layer, type LayerFormat, NOTHING, type UnpackBudget, type WrapperFields } from './layer.ts';

/** RFC 1952 §2.3.1: FLG. */
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const MAX_NAME = 4096;

export function readGzip(bytes: Uint8Array, budget: UnpackBudget): Layer {
  const { buffer, engine } = inflate(() => gunzipSync(bytes, { maxOutputLength: budget.bytes, info: true }), 'its gzip stream');
  if (engine.bytesWritten !== bytes.length) throw new BinaryError('malformed', `bytes follow the end of the gzip stream`);
  return layerOf('gzip', gzipFields(bytes), buffer, budget);
}

function gzipFields(bytes: Uint8Array): WrapperFields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = bytes[3]!;
  let at = 10;
  if ((flags & FEXTRA) !== 0) at += 2 + view.getUint16(at, true);
  const text = (flag: number): string => {
    if ((flags & flag) === 0) return '';
    const end = bytes.indexOf(0, at);
    const found = new TextDecoder('latin1').decode(bytes.subarray(at, Math.min(end, at + MAX_NAME)));
    at = end + 1;
    return found;
  };
  return {
    mtime: timeOf(view.getUint32(4, true)),
    name: text(FNAME),
    comment: text(FCOMMENT),
    'made on': `system ${bytes[9]!}`,
    compression: `level flag ${bytes[8]!}`,
  };
}

export function readZstd(bytes: Uint8Array, budget: UnpackBudget): Layer {
  const { buffer, engine } = inflate(() => zstdDecompressSync(bytes, { maxOutputLength: budget.bytes, info: true }), 'its zstd stream');
  if (engine.bytesWritten !== bytes.length) throw new BinaryError('malformed', 'bytes follow the end of the zstd stream');
  return layerOf('zstd', {}, buffer, budget);
}

interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** `info: true` makes zlib return this pair, which its types leave out. @param name of what is inflated, for errors */
export function inflate(run: () => unknown, name: string): Inflated {
  try {
    return run() as Inflated;
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const message = tooLarge ? `${name} unpacks to more than expected` : `${name} cannot be inflated: ${(error as Error).message}`;
    throw new BinaryError(tooLarge ? 'too-large' : 'malformed', message);
  }
}

/** In WebAssembly: a hostile stream reaches nothing but its own memory. */
export async function readXz(bytes: Uint8Array, budget: UnpackBudget): Promise<Layer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of new xz.XzReadableStream(new Blob([bytes as Uint8Array<ArrayBuffer>]).stream())) {
      size += chunk.length;
      if (size > budget.bytes) budget.take(size);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BinaryError) throw error;
    throw new BinaryError('malformed', `its xz stream cannot be read: ${(error as Error).message}`);
  }
  return layerOf('xz', {}, Buffer.concat(chunks, size), budget);
}

function layerOf(format: LayerFormat, fields: WrapperFields, bytes: Uint8Array, budget: UnpackBudget): Layer {
  budget.take(bytes.length);
  budget.member();
  return { format, fields, members: [{ name: '', type: 'file', meaning: {}, fields: {}, bytes }], rest: NOTHING };
}

/** POSIX seconds as people read them; 0 stands for none. */
export function timeOf(seconds: number): string {
  const time = new Date(seconds * 1000);
  return seconds === 0 ? 'none' : Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString().replace('.000Z', 'Z');
}
