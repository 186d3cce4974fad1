/**
 * Recipe of kind `debian`: a Debian source package built by dpkg-buildpackage in a system of exact packages, as Debian's own builders do
 * (DESIGN §3.2, §3.9; what a .buildinfo file says, and the changelog entry that it leaves out).
 */
import { StatementError } from './errors.ts';
import { debianName, debianRoot, isDebianVersion, parseDebianPin, type DebianPin } from './debian-root.ts';
import { array, distinct, nullable, object, oneOf, string, where, type Infer } from './schema.ts';
import { crateName, crateVersion, debianSource } from './source.ts';
import { token } from './text.ts';
import { MAX_ARTIFACTS } from './vocabulary.ts';

/** `PACKAGE_VERSION_ARCHITECTURE.deb`, without the version's epoch. */
const DEB_FILE = /^([a-z0-9][a-z0-9+.-]+)_(\d[A-Za-z0-9.+~-]*)_([a-z0-9]+)\.deb$/;
const debFile = string('PACKAGE_VERSION_ARCHITECTURE.deb', 300, (text) => DEB_FILE.test(text));

/** DEB_BUILD_OPTIONS (policy §4.9.1). `parallel` changes no bits and is the builder's affair. */
const option = oneOf('nocheck', 'nodoc', 'noautodbgsym', 'noopt', 'nostrip');

/** Two folders below /build: the source's own, and the one that the results land in. */
const buildPath = string('a path such as /build/reproducible-path/hello-2.10', 200, (text) =>
  /^\/build\/[A-Za-z0-9_+~-][A-Za-z0-9._+~-]*\/[A-Za-z0-9_+~-][A-Za-z0-9._+~-]*$/.test(text),
);

const MAX_ENTRY = 4096;
/** A whole entry (deb-changelog(5)), in the lines that Debian's builders write: it ends up in the package. */
const ENTRY =
  /^([a-z0-9][a-z0-9+.-]+) \((\S+)\) [a-z0-9 -]+; urgency=[a-z]+, binary-only=yes\n\n(?: {2}[ !-~]*[!-~]\n)+\n -- [!-~][ !-~]* <[!-;=?-~]+> {2}[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}\n$/;
const changelogEntry = string('one changelog entry of a binary-only upload', MAX_ENTRY, (text) => ENTRY.test(text));

const shape = object({
  kind: oneOf('debian'),
  version: oneOf(1),
  source: debianSource,
  /** Files of the source that are the .crate of a crate, byte for byte, for mirrors that no longer have them. */
  crates: array(
    object({ file: string('a file of the source', 255, (text) => text !== ''), name: crateName, version: crateVersion }),
    0,
    16,
  ),
  root: debianRoot,
  /** Packages of the root that make the bits: the compilers. Releases and observations list them. */
  compilers: array(debianName, 1, 8),
  /** Changelog entry of a rebuild without a new source (binNMU). Its date is the date of the files in the package. */
  binNmu: nullable(changelogEntry),
  buildPath,
  options: array(option, 0, 5),
  /** Files that the build makes beside its folder. */
  outputs: array(object({ artifact: debFile }), 1, MAX_ARTIFACTS),
});
export type DebianRecipe = Infer<typeof shape>;

/** What dpkg-buildpackage needs to run at all, and we to run it. */
const NEEDED = ['dpkg', 'dpkg-dev', 'fakeroot', 'util-linux'];

function inconsistent(at: string, message: string): StatementError {
  return new StatementError('inconsistent', at, message);
}

/** Every input that changes bits is said once, and explicitly. */
export const debianRecipe = where(shape, (recipe, at) => {
  const place = (key: string): string => (at === '' ? key : `${at}.${key}`);
  const { source, crates, root, compilers, binNmu, outputs } = recipe;
  const { architecture } = root;
  const files = new Set(source.files.map(({ name }) => name));
  distinct(crates, ({ file }) => file, place('crates'));
  const stray = crates.find(({ file }) => !files.has(file));
  if (stray !== undefined) throw inconsistent(place('crates'), `expected a file of the source, found ${stray.file}`);
  const pins = new Map(root.packages.map(parseDebianPin).map((pin) => [`${pin.name}:${pin.architecture}`, pin]));
  const lacking = NEEDED.find((name) => !pins.has(`${name}:${architecture}`) && !pins.has(`${name}:all`));
  if (lacking !== undefined) throw inconsistent(place('root.packages'), `expected ${lacking} among the packages, found none`);
  distinct(compilers, (name) => name, place('compilers'));
  for (const name of compilers) {
    const pin = pins.get(`${name}:${architecture}`);
    if (pin === undefined) throw inconsistent(place('compilers'), `expected a package of the root, found ${name}`);
    token(pin.version, place('compilers'));
  }
  const [, named, version] = binNmu === null ? [] : ENTRY.exec(binNmu)!;
  if (binNmu !== null && (named !== source.name || !isBinNmu(version!, source.version))) {
    throw inconsistent(place('binNmu'), `expected an entry ${source.name} (${source.version}+bN), found ${named} (${version})`);
  }
  distinct(recipe.options, (each) => each, place('options'));
  distinct(outputs, ({ artifact }) => artifact, place('outputs'));
  const foreign = outputs.find(({ artifact }) => DEB_FILE.exec(artifact)![3] !== architecture);
  if (foreign !== undefined) {
    throw inconsistent(place('outputs'), `expected packages for ${architecture} as the root is, found ${foreign.artifact}`);
  }
});

function isBinNmu(version: string, source: string): boolean {
  return isDebianVersion(version) && version.startsWith(`${source}+b`) && /^\d{1,3}$/.test(version.slice(source.length + 2));
}

/** The compilers with their versions and digests. */
export function debianCompilers({ root, compilers }: DebianRecipe): DebianPin[] {
  const pins = root.packages.map(parseDebianPin).filter(({ architecture }) => architecture === root.architecture);
  return compilers.map((name) => pins.find((pin) => pin.name === name)!);
}
