import { splitQuoted } from '@verbatim/statements';
import { readGoBuildId } from './build-id.ts';
import type { GoBuildInfo } from './build-info.ts';
import { orElse } from './errors.ts';
import { readImages } from './identify.ts';
import type { ReleaseFlags } from './infer/release-files.ts';
import type { Image } from './layout.ts';
import { ascii, indexOfBytes } from './reader.ts';

/** One guess at `-ldflags`, and what to say about it. */
export interface LinkerFlags {
  readonly ldflags: string | null;
  readonly note: string | null;
}

/** Of one program. More would be a search. */
const MAX_SPELLINGS = 16;
const GUESS =
  '-ldflags is not recorded under -trimpath: this spelling is a guess; a miss in part 1 of the build ID alone means another one, or an -X';

/**
 * The values of `-ldflags` to try, best first. Go records the flag only without -trimpath (golang/go#52372), but hashes its exact spelling
 * into the build ID. What shows: a missing symbol table (`-s`), missing DWARF (`-w`, or `-s` since Go 1.22), a missing build ID (`-buildid=`),
 * and the values of `-X`. What release scripts say comes first, where it fits; of that what sets most.
 */
export function linkerFlagSpellings(
  bytes: Uint8Array,
  info: GoBuildInfo | null,
  hint: string | undefined,
  scripts: readonly ReleaseFlags[] = [],
): LinkerFlags[] {
  const recorded = info?.settings.get('-ldflags');
  if (recorded !== undefined) return [{ ldflags: recorded, note: null }];
  if (hint !== undefined) return [{ ldflags: hint, note: null }];
  if (info !== null && info.settings.get('-trimpath') !== 'true') return [{ ldflags: null, note: null }];
  const suffix = readGoBuildId(bytes) === null ? ' -buildid=' : '';
  const guessed = spellings(bytes, info === null).map((spelling) => `${spelling}${suffix}`.trimStart());
  const found = scripts
    .map(({ ldflags, file }) => ({ ldflags, file, values: fitting(ldflags, bytes) }))
    .filter(({ values }) => values !== null)
    .sort((a, b) => b.values! - a.values!);
  const notes = new Map<string, string>();
  for (const { ldflags, file } of found) if (!notes.has(ldflags)) notes.set(ldflags, `-ldflags as ${file} of the source has them`);
  for (const ldflags of guessed) if (!notes.has(ldflags)) notes.set(ldflags, GUESS);
  return [...notes].slice(0, MAX_SPELLINGS).map(([ldflags, note]) => ({ ldflags: ldflags === '' ? null : ldflags, note }));
}

function spellings(bytes: Uint8Array, once: boolean): string[] {
  const [image] = orElse(() => readImages(bytes), []);
  if (image === undefined) return ['-s -w', '-w -s', ''];
  if (image.format === 'wasm') return image.symbols === true ? ['', '-w'] : ['-s -w', '-w -s', '-s'];
  if (image.symbols === true) return hasDwarf(image) ? [''] : ['-w', ''];
  // Without a build ID the spelling does not show.
  return once ? ['-s -w'] : ['-s -w', '-w -s', '-s'];
}

const hasDwarf = (image: Image): boolean => image.sections.some(({ name }) => /^(\.|__)z?debug_/.test(name));

/** How many values of `-X` stand in the program; null when the program cannot have been linked with these flags. */
function fitting(ldflags: string, bytes: Uint8Array): number | null {
  const words = splitQuoted(ldflags);
  const [image] = orElse(() => readImages(bytes), []);
  // A word with blanks in it is a value; a flag with blanks was quoted for another shell.
  if (words === null || image === undefined || words.some((word) => /^-[^=]*\s/.test(word))) return null;
  if (image.format !== 'wasm' && words.includes('-s') !== (image.symbols !== true)) return null;
  if (hasDwarf(image) && words.includes('-w')) return null;
  if (words.includes('-buildid=') !== (readGoBuildId(bytes) === null)) return null;
  const values = words.flatMap((word, i) => (word === '-X' ? [words[i + 1] ?? ''] : word.startsWith('-X=') ? [word.slice(3)] : []));
  const texts = values.map((value) => value.slice(value.indexOf('=') + 1));
  return texts.every((text) => text === '' || indexOfBytes(bytes, utf8(text)) >= 0) ? texts.length : null;
}

const utf8 = (text: string): Uint8Array => (/^[\x20-\x7e]*$/.test(text) ? ascii(text) : new TextEncoder().encode(text));
