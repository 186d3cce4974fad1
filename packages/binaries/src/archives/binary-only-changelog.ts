/** Debian's binary-only rebuilds: an entry in the changelog that no source package has. */

const NAME = /(?:^|\/)changelog\.Debian(?:\.[a-z0-9-]+)?(?:\.gz)?$/;
const MAX_BYTES = 16 * 1024 * 1024;

/** Whether two changelogs are the same but for entries marked `binary-only=yes` (deb-changelog(5)). */
export function differsByBinaryOnlyEntry(name: string, published: Uint8Array, rebuilt: Uint8Array): boolean {
  if (!NAME.test(name) || Math.max(published.length, rebuilt.length) > MAX_BYTES) return false;
  const [theirs, ours] = [published, rebuilt].map((bytes) => entriesOf(new TextDecoder('utf-8').decode(bytes)));
  const source = (entries: readonly string[]): string => entries.filter((entry) => !isBinaryOnly(entry)).join('');
  return [...theirs!, ...ours!].some(isBinaryOnly) && source(theirs!) === source(ours!);
}

const isBinaryOnly = (entry: string): boolean => /^[^\n]*;[^\n]*\bbinary-only=yes\b/.test(entry.trimStart());

/** An entry starts with `name (version) suites; …` in the first column. */
function entriesOf(text: string): string[] {
  return text.split(/^(?=[a-z0-9][a-z0-9+.-]+ \([^()\n]+\) )/m);
}
