/**
 * Where linker, crt objects, libc and C compiler of a build come from. They change bits: crtbeginS.o brings gcc's version string into
 * `.comment`, and with it into the build id, even when it is stripped afterwards.
 */
import { object, oneOf, record, string, tagged, type Infer } from './schema.ts';
import { platform, relativePath, sha256Hex, token } from './text.ts';

const npmName = string('an npm package name', 214, (text) => /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/.test(text));
const command = string('a program of GNU binutils or gcc', 64, (text) => /^[a-z0-9_][a-z0-9_.+-]*$/.test(text));

const npmPackage = object({
  name: npmName,
  version: token,
  /** Of the package's tarball. */
  sha256: sha256Hex,
  /** A tar archive in the package that holds the tools (.tar, .tar.gz or .tar.xz). */
  archive: relativePath,
  /** Folder of the tools in that archive: it has a `bin`. */
  folder: relativePath,
});

export const cTools = tagged('kind', {
  /** Whatever the host has: named by digest in the observation, pinned by nobody. Only hosts of one distribution and state agree. */
  host: object({ kind: oneOf('host') }),
  /** A toolchain that is published as an npm package, one for each kind of host. */
  npm: object({ kind: oneOf('npm'), packages: record(platform, npmPackage, 16), cc: command, ar: command }),
});
export type CTools = Infer<typeof cTools>;
