import { BinaryError, orElse } from './errors.ts';
import { formatOf, readImages } from './identify.ts';
import { sectionBytes } from './layout.ts';
import type { BinaryFormat } from './layout.ts';
import { parseModuleInfo } from './module-info.ts';
import type { ModuleInfo } from './module-info.ts';
import { ascii, indexOfBytes } from './reader.ts';

/** What `go version -m` prints about an executable. */
export interface GoBuildInfo extends ModuleInfo {
  /** As stamped: `go1.23.5`, with ` X:…` or `-X:…` when experiments were on. Empty for a wasm module whose version string was not found. */
  readonly goVersion: string;
  readonly format: BinaryFormat;
}

/** "\xff Go buildinf:" (debug/buildinfo), then pointer size, flags, 16 bytes unused since Go 1.18, and two length-prefixed strings. */
const MAGIC = Uint8Array.of(0xff, ...ascii(' Go buildinf:'));
const ALIGNMENT = 16;
const HEADER_BYTES = 32;
const FLAG_INLINE_STRINGS = 0x2;
/** cmd/go wraps the text in two 16-byte marks (modload.ModInfoData). */
const TEXT_START = Uint8Array.of(0x30, 0x77, 0xaf, 0x0c, 0x92, 0x74, 0x08, 0x02, 0x41, 0xe1, 0xc1, 0x07, 0xe6, 0xd6, 0x18, 0xe6);
const TEXT_END = Uint8Array.of(0xf9, 0x32, 0x43, 0x31, 0x86, 0x18, 0x20, 0x72, 0x00, 0x82, 0x42, 0x10, 0x41, 0x16, 0xd8, 0xf2);

/** Far above real ones: the largest dependency lists seen are some 100 KB. */
export const MAX_VERSION_BYTES = 1024;
/** Bounds the work on a file made of nothing but `go1.`; real programs have some hundreds. */
const MAX_VERSION_LOOKS = 100_000;
export const MAX_MODULE_INFO_BYTES = 4 * 1024 * 1024;

const NOTHING: ModuleInfo = { path: '', main: null, deps: [], settings: new Map() };

/**
 * Reads the Go build info of an ELF, Mach-O (first image of a fat file, as Go does), PE or wasm file, without running it.
 * Returns null for a file without any: not an executable, not Go's, or linked without (esbuild since 0.27).
 * A binary whose text was blanked (Bazel) has its version and nothing else.
 * Throws BinaryError: `unsupported` for the pointers that Go before 1.18 wrote, `malformed` or `too-large` for a text that breaks the format.
 */
export function readGoBuildInfo(bytes: Uint8Array): GoBuildInfo | null {
  const format = formatOf(bytes);
  if (format === null) return null;
  if (format === 'wasm') return readWasmInfo(bytes);
  let old = false;
  for (const region of regionsOf(bytes)) {
    for (let at = nextMagic(region, 0); at >= 0; at = nextMagic(region, at + ALIGNMENT)) {
      const flags = region[at + MAGIC.length + 1];
      if (flags === undefined) continue;
      if ((flags & FLAG_INLINE_STRINGS) === 0) {
        old ||= looksLikePointers(region, at);
        continue;
      }
      const found = readInline(region, at + HEADER_BYTES);
      if (found !== null) return { ...found, format };
    }
  }
  if (old)
    throw new BinaryError(
      'unsupported',
      'this program was built by Go 1.17 or older, whose build info is not read; rebuild it with Go 1.18 or later',
    );
  return null;
}

/** Where to look, best first: the linker's own section, the data section that holds it in PE files, everything. */
function regionsOf(bytes: Uint8Array): Uint8Array[] {
  const [first] = orElse(() => readImages(bytes), []);
  if (first === undefined) return [bytes];
  const named = sectionBytes(first, '.go.buildinfo', '__go_buildinfo');
  const data = first.format === 'pe' ? sectionBytes(first, '.data') : null;
  return [named, data, first.bytes].filter((region) => region !== null);
}

function nextMagic(region: Uint8Array, from: number): number {
  // Sections are aligned in the file as in memory, so the magic stands at a multiple of 16 of its region; most other hits are strings.
  for (let at = from; at + HEADER_BYTES <= region.length; at += ALIGNMENT) {
    if (region[at] === 0xff && indexOfBytes(region, MAGIC, at, at + 1) === at) return at;
  }
  return -1;
}

/** The version and the text at `at`, or null when this magic is only a string inside a program that parses build info. */
function readInline(region: Uint8Array, at: number): (ModuleInfo & { goVersion: string }) | null {
  const version = orElse(() => lengthPrefixed(region, at, MAX_VERSION_BYTES), null);
  if (version === null) return null;
  const goVersion = latin1(version.value);
  if (!/^(go|devel)[\x20-\x7e]*$/.test(goVersion)) return null;
  const text = lengthPrefixed(region, version.next, MAX_MODULE_INFO_BYTES).value;
  return { goVersion, ...(unwrap(text) ?? NOTHING) };
}

/** The text between the marks, parsed; null when it is not wrapped as cmd/go does, which debug/buildinfo also reads as no text. */
function unwrap(wrapped: Uint8Array): ModuleInfo | null {
  if (wrapped.length < 33 || wrapped[wrapped.length - 17] !== 0x0a) return null;
  return parseModuleInfo(utf8(wrapped.subarray(16, wrapped.length - 16)));
}

/** A wasm module has no header in front: the text stands between its marks in the data, the version in a string of its own. */
function readWasmInfo(bytes: Uint8Array): GoBuildInfo | null {
  const start = indexOfBytes(bytes, TEXT_START);
  if (start < 0) return null;
  const end = indexOfBytes(bytes, TEXT_END, start, start + MAX_MODULE_INFO_BYTES);
  if (end < 0) throw new BinaryError('truncated', 'the Go build info of this wasm module has no end');
  const info = unwrap(bytes.subarray(start, end + TEXT_END.length));
  return info === null ? null : { ...info, goVersion: findGoVersions(bytes)[0] ?? '', format: 'wasm' };
}

/** The release names (`go1.23.5`) that stand alone in the data as the linker writes runtime.buildVersion: ended by a NUL. Most frequent first. */
export function findGoVersions(bytes: Uint8Array): string[] {
  const seen = new Map<string, number>();
  const needle = ascii('go1.');
  let looks = 0;
  for (let at = indexOfBytes(bytes, needle); at >= 0 && looks < MAX_VERSION_LOOKS; at = indexOfBytes(bytes, needle, at + needle.length)) {
    looks += 1;
    const [version] = /^go1\.[0-9]{1,3}(\.[0-9]{1,3}|rc[0-9]{1,2}|beta[0-9]{1,2})?\0/.exec(latin1(bytes.subarray(at, at + 24))) ?? [];
    if (version === undefined) continue;
    const name = version.slice(0, -1);
    seen.set(name, (seen.get(name) ?? 0) + 1);
    if (seen.size >= 64) break;
  }
  return [...seen].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

/** Pointer size 4 or 8 and flags 0 or 1: the header before Go 1.18, not a stray string. */
function looksLikePointers(region: Uint8Array, at: number): boolean {
  const size = region[at + MAGIC.length];
  return (size === 4 || size === 8) && region[at + MAGIC.length + 1]! <= 1;
}

function lengthPrefixed(region: Uint8Array, at: number, limit: number): { value: Uint8Array; next: number } {
  let length = 0;
  for (let i = 0; ; i += 1) {
    const byte = region[at + i];
    if (byte === undefined || i > 4) throw new BinaryError('truncated', 'Go build info: a length prefix does not end');
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte >= 0x80) continue;
    const start = at + i + 1;
    if (length > limit) throw new BinaryError('too-large', `Go build info: expected a string of at most ${limit} bytes, found ${length}`);
    if (start + length > region.length) throw new BinaryError('truncated', 'Go build info: a string ends outside the file');
    return { value: region.subarray(start, start + length), next: start + length };
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BinaryError('malformed', 'Go build info: the text is not UTF-8');
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
