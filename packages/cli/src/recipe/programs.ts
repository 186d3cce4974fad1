import { basename } from 'node:path';
import { identify } from '@verbatim/binaries';
import { readMembersOf } from '../verify/members.ts';

/** One program of a file: the file itself, or a member of a package. */
export interface Program {
  /** Path in the package; null for the file itself. */
  readonly member: string | null;
  /** What a release would call it. */
  readonly artifact: string;
  readonly bytes: Uint8Array;
}

/** What a package's own manifest says of it: hints, nothing more. */
export interface PackagePurl {
  readonly name: string;
  readonly version: string;
  readonly text: string;
}

export interface Programs {
  readonly found: readonly Program[];
  readonly purl: PackagePurl | null;
}

/** The file itself, or every executable in the package that it is. Throws as `readMembersOf`. */
export async function programsOf(file: string, bytes: Uint8Array): Promise<Programs> {
  if (!isArchive(bytes)) return { found: [{ member: null, artifact: basename(file), bytes }], purl: null };
  const members = (await readMembersOf(file, bytes, () => true)).flatMap(({ path, bytes: content }) =>
    content === null ? [] : [{ path, bytes: content }],
  );
  const purl = npmPurl(members.find(({ path }) => path === 'package/package.json')?.bytes ?? null);
  const found = members
    .filter((member) => identify(member.bytes).format !== null)
    .map(({ path, bytes: content }) => ({ member: path, artifact: artifactName(path, purl), bytes: content }));
  return { found, purl };
}

const isArchive = (bytes: Uint8Array): boolean => (bytes[0] === 0x1f && bytes[1] === 0x8b) || (bytes[0] === 0x50 && bytes[1] === 0x4b);

/** `linux-x64/bin/esbuild` for `package/bin/esbuild` of `@esbuild/linux-x64`: what the registry calls the package, then the path in it. */
function artifactName(member: string, purl: PackagePurl | null): string {
  const inside = member.startsWith('package/') ? member.slice('package/'.length) : member;
  return purl === null ? inside : `${purl.name.split('/').at(-1)!}/${inside}`;
}

function npmPurl(manifest: Uint8Array | null): PackagePurl | null {
  if (manifest === null) return null;
  try {
    const { name, version } = JSON.parse(new TextDecoder().decode(manifest)) as { name?: unknown; version?: unknown };
    if (typeof name !== 'string' || typeof version !== 'string') return null;
    if (!/^(@[a-z0-9._~-]+\/)?[a-z0-9._~-]+$/.test(name) || !/^[0-9A-Za-z.+-]+$/.test(version)) return null;
    return { name, version, text: `pkg:npm/${name.replace('@', '%40')}@${version}` };
  } catch {
    return null;
  }
}
