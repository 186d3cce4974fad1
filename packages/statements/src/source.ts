/** Where the source of a release is. Pinned by hash, so that nobody need trust who serves it. */
import { StatementError } from './errors.ts';
import { debianName, debianVersion } from './debian-root.ts';
import { isCanonicalPurl } from './purl.ts';
import { array, distinct, object, oneOf, string, tagged, where, type Infer } from './schema.ts';
import { h1, httpsUrl, revision, sha256Hex } from './text.ts';

/** golang.org/x/mod/module, CheckPath, a little narrower: lower-case first segment with a dot, plain ASCII segments. */
function isModulePath(text: string): boolean {
  const segments = text.split('/');
  if (!/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(segments[0]!) || !segments[0]!.includes('.')) return false;
  return segments.every((segment) => /^[A-Za-z0-9_~-](?:[A-Za-z0-9._~-]*[A-Za-z0-9_~-])?$/.test(segment));
}
const modulePath = string('a Go module path', 255, isModulePath);

/** Canonical module versions, pseudo-versions included. */
export const moduleVersion = string('a Go module version such as v1.2.3', 128, (text) =>
  /^v(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+incompatible)?$/.test(text),
);

/** What cargo calls a package, in manifests and lockfiles. */
export const crateName = string('a crate name', 64, (text) => /^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(text));
export const crateVersion = string('a semantic version', 64, (text) =>
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/.test(text),
);

/** A module as the module proxy serves it; `h1` is what the checksum database has for its zip. */
const goModule = object({ kind: oneOf('go-module'), module: modulePath, version: moduleVersion, h1 });
/** A crate as the user's registry serves it; `sha256` is the checksum of its .crate in the index. */
const crate = object({ kind: oneOf('crate'), name: crateName, version: crateVersion, sha256: sha256Hex });
const git = object({ kind: oneOf('git'), url: httpsUrl, commit: revision });

const sourceFile = string('a file name of a Debian source package', 255, (text) => /^[a-z0-9][A-Za-z0-9+.~_-]+$/.test(text));
/** A Debian source package: its .dsc and the files that this names. */
export const debianSource = where(
  object({
    kind: oneOf('debian'),
    name: debianName,
    version: debianVersion,
    files: array(object({ name: sourceFile, sha256: sha256Hex }), 2, 16),
  }),
  ({ name, version, files }, at) => {
    distinct(files, (file) => file.name, `${at}.files`);
    const dsc = `${name}_${version.replace(/^\d+:/, '')}.dsc`;
    const found = files.map((file) => file.name).filter((each) => each.endsWith('.dsc'));
    if (found.length === 1 && found[0] === dsc) return;
    throw new StatementError('inconsistent', `${at}.files`, `expected one .dsc file, ${dsc}, found ${found.join(', ') || 'none'}`);
  },
);

/** Hex SHA-256 of the .dsc, which names all other files by digest. */
export const dscDigest = ({ files }: Infer<typeof debianSource>): string => files.find(({ name }) => name.endsWith('.dsc'))!.sha256;

/** Of Go code. */
export const source = tagged('kind', { 'go-module': goModule, git });
export const cargoSource = tagged('kind', { crate, git });
export const releaseSource = tagged('kind', { 'go-module': goModule, crate, git, debian: debianSource });
export type Source = Infer<typeof releaseSource>;

/** Where something was downloaded from: a coordinate, or an https address. */
export const retrievedUri = string('a canonical purl or an https address', 512, (text) => {
  if (text.startsWith('pkg:')) return isCanonicalPurl(text);
  try {
    return httpsUrl(text, '') === text;
  } catch {
    return false;
  }
});
