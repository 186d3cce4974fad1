import { readAr } from './ar.ts';
import { readGzip, readXz, readZstd } from './compressors.ts';
import type { Layer, LayerFormat, UnpackBudget } from './layer.ts';
import { readTar } from './tar.ts';
import { readZip } from './zip.ts';

const MAGIC: readonly (readonly [format: LayerFormat, at: number, bytes: readonly number[]])[] = [
  // RFC 1952 §2.3.1 with deflate; APPNOTE 4.3.7 and, for an empty archive, 4.3.16; xz's and zstd's frames; ar(5); ustar and GNU's spelling of it.
  ['gzip', 0, [0x1f, 0x8b, 8]],
  ['zip', 0, [0x50, 0x4b, 3, 4]],
  ['zip', 0, [0x50, 0x4b, 5, 6]],
  ['xz', 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
  ['zstd', 0, [0x28, 0xb5, 0x2f, 0xfd]],
  ['ar', 0, [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e, 0x0a]],
  ['tar', 257, [0x75, 0x73, 0x74, 0x61, 0x72]],
];

/** How a file is packed, by its first bytes whatever its name; null when it is not. */
export function layerFormatOf(bytes: Uint8Array): LayerFormat | null {
  return MAGIC.find(([, at, magic]) => magic.every((byte, index) => bytes[at + index] === byte))?.[0] ?? null;
}

/**
 * Lays one layer open. Members are views where the format allows it.
 * @throws BinaryError `truncated`, `malformed`, `too-large`, `unsupported`
 */
export async function readLayer(bytes: Uint8Array, format: LayerFormat, budget: UnpackBudget): Promise<Layer> {
  switch (format) {
    case 'gzip':
      return readGzip(bytes, budget);
    case 'xz':
      return readXz(bytes, budget);
    case 'zstd':
      return readZstd(bytes, budget);
    case 'tar':
      return readTar(bytes, budget);
    case 'zip':
      return readZip(bytes, budget);
    case 'ar':
      return readAr(bytes, budget);
  }
}
