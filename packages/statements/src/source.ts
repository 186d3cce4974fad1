/** Where the source of a release is. Pinned by hash, so that nobody need trust who serves it. */
import { isCanonicalPurl } from './purl.ts';
import { object, oneOf, string, tagged, type Infer } from './schema.ts';
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

/** What crates.io calls a package; lock files and manifests use the same names. */
export const crateName = string('a crate name', 64, (text) => /^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(text));
const crateVersion = string('a semantic version', 64, (text) =>
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/.test(text),
);

/** A module as the module proxy serves it; `h1` is what the checksum database has for its zip. */
const goModule = object({ kind: oneOf('go-module'), module: modulePath, version: moduleVersion, h1 });
/** A crate as the user's registry serves it; `sha256` is the checksum of its .crate in the index. */
const crate = object({ kind: oneOf('crate'), name: crateName, version: crateVersion, sha256: sha256Hex });
const git = object({ kind: oneOf('git'), url: httpsUrl, commit: revision });

/** Of Go code. */
export const source = tagged('kind', { 'go-module': goModule, git });
export const cargoSource = tagged('kind', { crate, git });
export const releaseSource = tagged('kind', { 'go-module': goModule, crate, git });
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
