import { basename } from 'node:path';
import { identify } from '@verbatim/binaries';
import { readMembersOf } from '../verify/members.ts';
import { npmPackage, wheelPackage, type Package } from './manifests.ts';

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
}

/** The file itself, or every executable in the package that it is. Throws as `readMembersOf`. */
export async function programsOf(file: string, bytes: Uint8Array): Promise<Programs> {
  if (!isArchive(bytes)) return { found: [{ member: null, artifact: basename(file), bytes }], of: null };
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
  return { found, of };
}

const isArchive = (bytes: Uint8Array): boolean => (bytes[0] === 0x1f && bytes[1] === 0x8b) || (bytes[0] === 0x50 && bytes[1] === 0x4b);

/** `linux-x64/bin/esbuild` for `package/bin/esbuild` of `@esbuild/linux-x64`: what the registry calls the package, then the path in it. */
function artifactName(member: string, of: Package | null): string {
  // A wheel installs its scripts beside one another (PEP 427).
  const inside = member.replace(/^package\/|^[^/]+\.data\/scripts\//, '');
  return of?.type === 'npm' ? `${of.name.split('/').at(-1)!}/${inside}` : inside;
}
