/** What an enrolled publisher or registrar may register: prefixes of purls. */
import { MAX_PURL_CHARS, isCanonicalPurl, purlOrNull } from './purl.ts';
import { string } from './schema.ts';

/**
 * A prefix a publisher may be given: a whole name (`pkg:npm/esbuild`) or a namespace with its slash (`pkg:npm/%40esbuild/`).
 * A whole type is a registrar's. No version, qualifiers or subpath.
 */
export function isPublisherScope(text: string): boolean {
  // A namespace is canonical when any name below it is.
  const example = text.endsWith('/') ? `${text}x` : text;
  const purl = purlOrNull(example);
  if (purl === null) return false;
  const { namespace, version, qualifiers, subpath } = purl;
  return version === null && qualifiers.length === 0 && subpath === null && (example === text || namespace !== null);
}

/** A prefix a registrar may be given: an ecosystem (`pkg:npm/`). */
export function isRegistrarScope(text: string): boolean {
  // maven demands a namespace: try both.
  return /^pkg:[^/]+\/$/.test(text) && (isCanonicalPurl(`${text}x`) || isCanonicalPurl(`${text}x/x`));
}

export const publisherScope = string(
  'a purl without version (pkg:npm/esbuild) or a namespace (pkg:npm/%40esbuild/)',
  MAX_PURL_CHARS,
  isPublisherScope,
);
export const registrarScope = string('a purl type (pkg:npm/)', MAX_PURL_CHARS, isRegistrarScope);

/**
 * Whether `purl` lies under `prefix`: equal, or going on after it with `/`, `@`, `?` or `#`. So `pkg:npm/esbuild` covers
 * `pkg:npm/esbuild@1` and not `pkg:npm/esbuild-x@1`. Both canonical: any other spelling is covered by nothing.
 */
export function purlCovers(prefix: string, purl: string): boolean {
  if (prefix === '' || !purl.startsWith(prefix) || !isCanonicalPurl(purl)) return false;
  if (!isPublisherScope(prefix) && !isRegistrarScope(prefix) && !isCanonicalPurl(prefix)) return false;
  return purl.length === prefix.length || prefix.endsWith('/') || '/@?#'.includes(purl[prefix.length]!);
}
