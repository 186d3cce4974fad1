/** Members that only list digests of other members: where those differ, these must. */
import type { ChangedMember } from './compare-layers.ts';

interface ManifestKind {
  readonly name: RegExp;
  /** Path of the member that a line is about. */
  readonly path: (line: string) => string | undefined;
}

const KINDS: readonly ManifestKind[] = [
  // deb(5): md5sums in the control archive names files of the data archive.
  { name: /^(?:\.\/)?md5sums$/, path: (line) => /^[0-9a-f]{32} {2}(.+)$/.exec(line)?.[1] },
  // PEP 376: RECORD in a wheel.
  { name: /^[^/]+\.dist-info\/RECORD$/, path: (line) => /^("?)(.+)\1,sha256=[A-Za-z0-9_-]+,\d*$/.exec(line)?.[2] },
];
const MAX_BYTES = 16 * 1024 * 1024;

/** The members that a changed manifest says are other than before; null when it is no manifest, or says anything else too. */
export function manifestChanges({ name, published, rebuilt, meaning }: ChangedMember): ReadonlySet<string> | null {
  const kind = KINDS.find(({ name: pattern }) => pattern.test(name));
  if (kind === undefined || published === null || rebuilt === null || meaning.length > 0) return null;
  if (Math.max(published.bytes.length, rebuilt.bytes.length) > MAX_BYTES) return null;
  const [theirs, ours] = [published, rebuilt].map(({ bytes }) => new TextDecoder('utf-8').decode(bytes).split('\n')) as [
    string[],
    string[],
  ];
  if (theirs.length !== ours.length) return null;
  const paths = new Set<string>();
  for (const [index, line] of theirs.entries()) {
    if (line === ours[index]) continue;
    const path = kind.path(line);
    if (path === undefined || path !== kind.path(ours[index]!)) return null;
    paths.add(path);
  }
  return paths;
}
