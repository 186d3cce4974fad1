/** What a Debian package installs, entry by entry, as member roots list it (DESIGN §3.12a). */
import { createHash } from 'node:crypto';
import { BinaryError } from '../errors.ts';
import { type LayerMember, NOTHING, UnpackBudget } from './layer.ts';
import { layerFormatOf, readLayer } from './read-layer.ts';

export interface DebMember {
  /** Relative, without `./` and a closing slash. */
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link';
  /** Permission bits. */
  readonly mode: number;
  /** Bytes of the content; of a link, of its target's text; of a folder, 0. */
  readonly size: number;
  /** Hex SHA-256 of the same bytes. */
  readonly sha256: string;
}

/**
 * Entries of the package's data archive, in its order; paths are as hostile as the package.
 * @throws BinaryError for what is no package, and for an entry that is neither a file, a folder nor a link
 */
export async function debMembers(deb: Uint8Array): Promise<DebMember[]> {
  const budget = new UnpackBudget();
  if (layerFormatOf(deb) !== 'ar') throw new BinaryError('malformed', 'expected a Debian package, found no ar archive');
  const { members } = await readLayer(deb, 'ar', budget);
  const data = members.filter(({ name }) => /^data\.tar(?:\.(?:gz|xz|zst))?$/.test(name));
  if (members[0]?.name !== 'debian-binary' || data.length !== 1) {
    throw new BinaryError(
      'malformed',
      `expected a Debian package with one data archive, found ${members.map(({ name }) => name).join(', ')}`,
    );
  }
  const entries = await readLayer(await tarOf(data[0]!, budget), 'tar', budget);
  const found = new Map<string, DebMember>();
  return entries.members.flatMap((entry) => {
    const member = memberOf(entry, found);
    if (member !== null) found.set(member.path, member);
    return member ?? [];
  });
}

async function tarOf({ bytes }: LayerMember, budget: UnpackBudget): Promise<Uint8Array> {
  const format = layerFormatOf(bytes);
  if (format === 'tar') return bytes;
  if (format !== 'gzip' && format !== 'xz' && format !== 'zstd')
    throw new BinaryError('unsupported', 'its data archive is packed in a way that is not known');
  return (await readLayer(bytes, format, budget)).members[0]!.bytes;
}

/** Null for the folder that everything is in. A hard link is the file that it is another name of, which comes before it. */
function memberOf({ name, type, meaning, fields, bytes }: LayerMember, before: ReadonlyMap<string, DebMember>): DebMember | null {
  const path = relative(name);
  if (path === '' && type === 'folder') return null;
  const mode = Number.parseInt(fields['mode']!, 8);
  if (meaning['type'] === 'link') {
    const target = before.get(relative(meaning['target']!));
    if (target === undefined) throw new BinaryError('malformed', `${path} is a link to what does not come before it`);
    return { ...target, path };
  }
  if (type === 'other') throw new BinaryError('unsupported', `${path} is neither a file, a folder nor a link`);
  const content = type === 'file' ? bytes : type === 'link' ? new TextEncoder().encode(meaning['target']) : NOTHING;
  return { path, type, mode, size: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

const relative = (name: string): string => name.replace(/^\.\//, '').replace(/^\.$/, '').replace(/\/$/, '');
