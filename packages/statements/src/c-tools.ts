/**
 * Where linker, crt objects, libc and C compiler of a build come from. They change bits: crtbeginS.o brings gcc's version string into
 * `.comment`, and with it into the build id, even when it is stripped afterwards.
 */
import { debianRoot, parseDebianPin, platformOfDebian } from './debian-root.ts';
import { StatementError } from './errors.ts';
import { array, object, oneOf, record, string, tagged, type Infer } from './schema.ts';
import { isRelativePath, platform, relativePath, sha256Hex, token } from './text.ts';

const npmName = string('an npm package name', 214, (text) => /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/.test(text));
const command = string('a program of GNU binutils or gcc', 64, (text) => /^[a-z0-9_][a-z0-9_.+-]*$/.test(text));

const npmPackage = object({
  name: npmName,
  version: token,
  /** Of the package's tarball. */
  sha256: sha256Hex,
  /** A tar archive in the package that holds the tools (.tar, .tar.gz or .tar.xz). */
  archive: relativePath,
  /** Folder of the tools in that archive, which has a `bin`: `.` when the archive itself has. */
  folder: string('. or a relative path', 256, (text) => text === '.' || isRelativePath(text)),
});

const folder = string('an absolute path without . and ..', 256, (text) => /^(?:\/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)+$/.test(text));

export const cTools = tagged('kind', {
  /** A Debian system of exact packages, which the whole build runs in: gcc, binutils, libc6-dev; util-linux and coreutils too. */
  debian: object({
    kind: oneOf('debian'),
    /** For each platform that may build it. For one target they need the same libc6-dev and libgcc-dev, of the target's architecture. */
    roots: record(platform, debianRoot, 4),
    cc: command,
    ar: command,
    /** Where cc looks first for crt objects and libraries: a cross compiler has its own, which carry another version string. */
    prefixes: array(folder, 0, 4),
  }),
  /** Whatever the host has: named by digest in the observation, pinned by nobody. Only hosts of one distribution and state agree. */
  host: object({ kind: oneOf('host') }),
  /** A toolchain that is published as an npm package, one for each kind of host. */
  npm: object({ kind: oneOf('npm'), packages: record(platform, npmPackage, 16), cc: command, ar: command }),
});
export type CTools = Infer<typeof cTools>;

/** The C toolchain's own contradictions, and those with the Rust that is among its packages, if `rust` names one. */
export function checkCTools(c: CTools, rust: string | null, at: string): void {
  if (c.kind !== 'debian') {
    if (rust === null) return;
    throw new StatementError('inconsistent', at, `expected kind debian, whose packages hold rustc and cargo, found ${c.kind}`);
  }
  for (const [host, { architecture, packages }] of Object.entries(c.roots)) {
    const place = `${at}.roots.${host}`;
    if (platformOfDebian(architecture) !== host) {
      throw new StatementError('inconsistent', place, `expected a root whose programs run on ${host}, found architecture ${architecture}`);
    }
    if (rust === null) continue;
    const pins = packages.map(parseDebianPin);
    const found = pins.find(({ name, architecture: own }) => /^rustc(?:-web|-mozilla|-1\.\d+)?$/.test(name) && own === architecture);
    if (found === undefined || !found.version.startsWith(rust)) {
      throw new StatementError(
        'inconsistent',
        place,
        `expected rustc ${rust} for ${architecture} among the packages, found ${found?.version ?? 'none'}`,
      );
    }
  }
}
