import { readGoBuildId } from './build-id.ts';
import type { GoBuildInfo } from './build-info.ts';
import { orElse } from './errors.ts';
import { readImages } from './identify.ts';

/** One guess at `-ldflags`, and what to say about it. */
export interface LinkerFlags {
  readonly ldflags: string | null;
  readonly note: string | null;
}

/**
 * The values of `-ldflags` to try, best first. Go records the flag only without -trimpath (golang/go#52372), but hashes its exact spelling
 * into the build ID. What shows: a missing symbol table (`-s`), missing DWARF (`-w`, or `-s` since Go 1.22), a missing build ID (`-buildid=`).
 */
export function linkerFlagSpellings(bytes: Uint8Array, info: GoBuildInfo, hint: string | undefined): LinkerFlags[] {
  const recorded = info.settings.get('-ldflags');
  if (recorded !== undefined) return [{ ldflags: recorded, note: null }];
  if (hint !== undefined) return [{ ldflags: hint, note: null }];
  if (info.settings.get('-trimpath') !== 'true') return [{ ldflags: null, note: null }];
  const suffix = readGoBuildId(bytes) === null ? ' -buildid=' : '';
  return spellings(bytes).map((spelling) => {
    const ldflags = `${spelling}${suffix}`.trimStart();
    return {
      ldflags: ldflags === '' ? null : ldflags,
      note: '-ldflags is not recorded under -trimpath: this spelling is a guess; a miss in part 1 of the build ID alone means another one, or an -X',
    };
  });
}

function spellings(bytes: Uint8Array): string[] {
  const [image] = orElse(() => readImages(bytes), []);
  if (image === undefined) return ['-s -w', '-w -s', ''];
  const dwarf = image.sections.some(({ name }) => /^(\.|__)z?debug_/.test(name));
  if (image.format === 'wasm') return image.symbols === true ? ['', '-w'] : ['-s -w', '-w -s', '-s'];
  if (image.symbols === true) return dwarf ? [''] : ['-w', ''];
  return ['-s -w', '-w -s', '-s'];
}
