import { linkerFlagsOfGoReleaser } from './goreleaser.ts';
import { linkerFlagsInScript } from './scripts.ts';
import type { ReleaseFacts } from './values.ts';

/** Best first: what releases are made with, then what people and tests build with. */
const KINDS: readonly RegExp[] = [
  /^\.?goreleaser[\w.-]*\.ya?ml$/,
  /(?:^|\/)[\w.-]*release[\w.-]*\/[\w.-]*\.sh$|(?:^|\/)[\w.-]*release[\w.-]*\.(?:sh|ya?ml)$/,
  /(?:^|\/)(?:GNU)?[Mm]akefile$|\.mk$/,
  /\.sh$/,
  /(?:^|\/)(?:package\.json|Taskfile\.ya?ml|justfile|Dockerfile)$/,
  /^\.github\/workflows\/[\w.-]+\.ya?ml$/,
];
const LEFT_OUT = /(?:^|\/)(?:vendor|node_modules|testdata)\//;
/** Files that are read, each of at most 256 KiB by `FoundModule.read`. */
export const MAX_RELEASE_FILES = 48;
/** Bytes of one text that are looked at. */
const MAX_TEXT = 256 * 1024;
const MAX_FLAGS = 64;

/** Files of a source that may say how it is released, best first. */
export function releaseFiles(files: readonly string[]): string[] {
  const seen = new Set<string>();
  for (const kind of KINDS) {
    const found = files.filter((file) => kind.test(file) && !LEFT_OUT.test(file));
    for (const file of found.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))) seen.add(file);
  }
  return [...seen].slice(0, MAX_RELEASE_FILES);
}

export interface ReleaseFlags {
  readonly ldflags: string;
  /** The file that has them. */
  readonly file: string;
}

/** Values of `-ldflags` that the texts of those files may lead to, in their order, each once. */
export function linkerFlagsInFiles(texts: ReadonlyMap<string, string>, facts: ReleaseFacts): ReleaseFlags[] {
  const found = new Map<string, string>();
  for (const [file, text] of texts) {
    if (text.length > MAX_TEXT) continue;
    const flags = KINDS[0]!.test(file) ? linkerFlagsOfGoReleaser(text, facts) : linkerFlagsInScript(text, facts);
    for (const ldflags of flags) if (!found.has(ldflags) && found.size < MAX_FLAGS) found.set(ldflags, file);
  }
  return [...found].map(([ldflags, file]) => ({ ldflags, file }));
}
