import { basename } from 'node:path';
import { BinaryError, identify, readSbom, type SbomFacts } from '@verbatim/binaries';
import { readDebControl } from '@verbatim/binaries/archives';
import { CliError } from '../errors.ts';
import { readMembersOf } from '../verify/members.ts';
import { debPackage, npmPackage, wheelPackage, type DebPackage, type Package } from './manifests.ts';

/** One program of a file: the file itself, or a member of a package. */
export interface Program {
  /** Path in the package; null for the file itself. */
  readonly member: string | null;
  /** What a release would call it. */
  readonly artifact: string;
  readonly bytes: Uint8Array;
}

export interface Programs {
  readonly found: readonly Program[];
  readonly of: Package | null;
  /** What a wheel of maturin lists of its Rust program. */
  readonly sbom: SbomFacts | null;
}

/** The file itself, or every executable in the package that it is; a .deb is rebuilt as a whole. Throws as `readMembersOf`; CliError `file` for a broken .deb. */
export async function programsOf(file: string, bytes: Uint8Array): Promise<Programs> {
  const deb = await debOf(file, bytes);
  if (deb !== null) return { found: [{ member: null, artifact: debName(deb), bytes }], of: deb, sbom: null };
  if (!isArchive(bytes)) return { found: [{ member: null, artifact: basename(file), bytes }], of: null, sbom: null };
  const members = (await readMembersOf(file, bytes, () => true)).flatMap(({ path, bytes: content }) =>
    content === null ? [] : [{ path, bytes: content }],
  );
  const text = (pattern: RegExp): string | null => {
    const found = members.find(({ path }) => pattern.test(path));
    return found === undefined ? null : new TextDecoder().decode(found.bytes);
  };
  const of = npmPackage(text(/^package\/package\.json$/)) ?? wheelPackage(text(/^[^/]+\.dist-info\/METADATA$/));
  const found = members
    .filter((member) => identify(member.bytes).format !== null)
    .map(({ path, bytes: content }) => ({ member: path, artifact: artifactName(path, of), bytes: content }));
  const list = text(/^[^/]+\.dist-info\/sboms\/[^/]+\.cyclonedx\.json$/);
  return { found, of, sbom: list === null ? null : readSbom(list) };
}

async function debOf(file: string, bytes: Uint8Array): Promise<DebPackage | null> {
  try {
    const control = await readDebControl(bytes);
    return control === null ? null : debPackage(control);
  } catch (cause) {
    if (cause instanceof BinaryError) throw new CliError('file', `${file} is no Debian package that can be read`, { cause });
    throw cause;
  }
}

/** As Debian's archive calls it: without the version's epoch. */
const debName = ({ name, version, architecture }: DebPackage): string => `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`;

const isArchive = (bytes: Uint8Array): boolean => (bytes[0] === 0x1f && bytes[1] === 0x8b) || (bytes[0] === 0x50 && bytes[1] === 0x4b);

/** `linux-x64/bin/esbuild` for `package/bin/esbuild` of `@esbuild/linux-x64`: what the registry calls the package, then the path in it. */
function artifactName(member: string, of: Package | null): string {
  // A wheel installs its scripts beside one another (PEP 427).
  const inside = member.replace(/^package\/|^[^/]+\.data\/scripts\//, '');
  return of?.type === 'npm' ? `${of.name.split('/').at(-1)!}/${inside}` : inside;
}
