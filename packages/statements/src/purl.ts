/**
 * Package URLs (github.com/package-url/purl-spec), canonical spelling only. The rules are those of packageurl-js, which the tests hold
 * this file against; that library itself costs 10 to 20 ms at start (it makes an Intl.Collator) and repairs what we must refuse.
 */
import { StatementError, show } from './errors.ts';
import { string } from './schema.ts';
import { isPrintable } from './text.ts';

export interface Purl {
  /** `npm`, `golang`, … */
  readonly type: string;
  /** Decoded, with `/` between segments: `@esbuild`, `github.com/evanw`. */
  readonly namespace: string | null;
  readonly name: string;
  readonly version: string | null;
  /** Sorted by key; values decoded. */
  readonly qualifiers: readonly (readonly [key: string, value: string])[];
  readonly subpath: string | null;
}

export const MAX_PURL_CHARS = 512;

/** What a type does to case and hyphens (purl-spec, PURL-TYPES). Types that are not listed are refused: we would not know their rules. */
interface TypeRule {
  readonly lower?: readonly ('namespace' | 'name' | 'version')[];
  readonly hyphens?: boolean;
  readonly namespace?: 'required' | 'none';
  readonly version?: RegExp;
}
/** Module versions are semantic ones; what does not start with v is taken as it is (a commit, a Go release). */
const GO_VERSION =
  /^(?!v)|^v(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const LOWER = { lower: ['namespace', 'name'] } as const;
const TYPES = new Map<string, TypeRule>([
  ['alpm', LOWER],
  ['apk', LOWER],
  ['bitbucket', LOWER],
  ['cargo', { namespace: 'none' }],
  ['composer', LOWER],
  ['deb', LOWER],
  ['docker', {}],
  ['gem', {}],
  ['generic', {}],
  ['github', LOWER],
  ['gitlab', LOWER],
  ['golang', { version: GO_VERSION }],
  ['hex', LOWER],
  ['maven', { namespace: 'required' }],
  ['npm', LOWER],
  ['nuget', {}],
  ['oci', { lower: ['name'], namespace: 'none' }],
  ['pypi', { ...LOWER, hyphens: true }],
  ['rpm', { lower: ['namespace'] }],
]);

const encodeName = encodeURIComponent;
const encodeNamespace = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%2F', '/');
const encodeVersion = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%2B', '+');
const encodeSubpath = (text: string): string => encodeURIComponent(text).replaceAll('%2F', '/');
/** application/x-www-form-urlencoded leaves fewer characters alone than encodeURIComponent does, and `*`. */
const encodeValue = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** The components of a canonical purl of at most 512 characters. Throws StatementError `bad-purl`. */
export function parsePurl(text: string): Purl {
  if (text.length > MAX_PURL_CHARS) throw bad(text, `of at most ${MAX_PURL_CHARS} characters`);
  // Canonical text has each separator at most once in its role: everything else spelled with it is percent-encoded.
  const match = /^pkg:([a-z][a-z0-9.+-]*)\/([^@?#]+)(?:@([^@?#]+))?(?:\?([^?#]+))?(?:#([^?#]+))?$/.exec(text);
  if (match === null) throw bad(text, 'pkg:type/namespace/name@version?qualifiers#subpath');
  const [, type, path, version, query, subpath] = match as unknown as [string, string, string, ...(string | undefined)[]];
  const slash = path.lastIndexOf('/');
  const purl: Purl = {
    type,
    namespace: slash === -1 ? null : decode(path.slice(0, slash), text),
    name: decode(path.slice(slash + 1), text),
    version: version === undefined ? null : decode(version, text),
    qualifiers: query === undefined ? [] : query.split('&').map((pair) => parseQualifier(pair, text)),
    subpath: subpath === undefined ? null : decode(subpath, text),
  };
  checkComponents(purl, text);
  if (formatPurl(purl) !== text) throw bad(text, `spelled ${show(formatPurl(purl))}`);
  return purl;
}

/** The canonical text of canonical components. */
export function formatPurl({ type, namespace, name, version, qualifiers, subpath }: Purl): string {
  const head = `pkg:${type}/${namespace === null ? '' : `${encodeNamespace(namespace)}/`}${encodeName(name)}`;
  const pairs = qualifiers.map(([key, value]) => `${key}=${encodeValue(value)}`).join('&');
  return [
    head,
    version === null ? '' : `@${encodeVersion(version)}`,
    pairs === '' ? '' : `?${pairs}`,
    subpath === null ? '' : `#${encodeSubpath(subpath)}`,
  ].join('');
}

export function isCanonicalPurl(text: string): boolean {
  return purlOrNull(text) !== null;
}

function decode(component: string, text: string): string {
  try {
    return decodeURIComponent(component);
  } catch {
    throw bad(text, 'percent-encoded as UTF-8');
  }
}

function parseQualifier(pair: string, text: string): readonly [string, string] {
  const match = /^([a-z][a-z0-9._-]*)=([^=]+)$/.exec(pair);
  if (match === null) throw bad(text, 'with qualifiers key=value');
  return [match[1]!, decode(match[2]!, text)];
}

function checkComponents(purl: Purl, text: string): void {
  const rule = TYPES.get(purl.type);
  if (rule === undefined) throw bad(text, `of a known type (${[...TYPES.keys()].join(', ')})`);
  for (const part of [purl.namespace, purl.name, purl.version, purl.subpath, ...purl.qualifiers.map(([, value]) => value)]) {
    if (part !== null && !isPrintable(part)) throw bad(text, 'without white space at an end, control or invisible characters');
  }
  for (const path of [purl.namespace, purl.subpath]) {
    if (path !== null && path.split('/').some((segment) => ['', '.', '..'].includes(segment)))
      throw bad(text, 'without empty segments, "." and ".."');
  }
  for (const part of rule.lower ?? []) {
    if (purl[part] !== null && purl[part].toLowerCase() !== purl[part]) throw bad(text, `with its ${part} in lower case`);
  }
  if (rule.hyphens === true && purl.name.includes('_')) throw bad(text, 'with hyphens for underscores');
  if (rule.namespace === 'required' && purl.namespace === null) throw bad(text, 'with a namespace');
  if (rule.namespace === 'none' && purl.namespace !== null) throw bad(text, 'without a namespace');
  if (rule.version !== undefined && purl.version !== null && !rule.version.test(purl.version))
    throw bad(text, `with a version of ${purl.type}`);
  const keys = purl.qualifiers.map(([key]) => key);
  if (keys.some((key, index) => index > 0 && key <= keys[index - 1]!)) throw bad(text, 'with sorted, distinct qualifiers');
}

function bad(text: string, expected: string): StatementError {
  return new StatementError('bad-purl', '', `expected a canonical purl ${expected}, found ${show(text)}`);
}

/** The purl, or null where `parsePurl` would throw. */
export function purlOrNull(text: string): Purl | null {
  try {
    return parsePurl(text);
  } catch {
    return null;
  }
}

/** A canonical purl with a version and no subpath: a release, or where one of its files is published. */
export const versionedPurl = string('a canonical purl with a version', MAX_PURL_CHARS, (text) => {
  const purl = purlOrNull(text);
  return purl !== null && purl.version !== null && purl.subpath === null;
});
