/** What is in a container: .tgz, .tar, .zip, .whl and whatever else is one of these inside. */
import { ClientError } from '../errors.ts';
import { openRegular } from '../regular-file.ts';
import type { Member } from './contents.ts';

export type ContainerFormat = 'tar' | 'tar.gz' | 'zip';

export interface Container {
  readonly format: ContainerFormat;
  /** Sorted by the bytes of their paths. */
  readonly members: readonly Member[];
}

const TAR_MAGIC_AT = 257;
const HEAD_BYTES = 512;

export interface ReadMembersOptions {
  /** Files whose bytes are handed out as well, by their paths; none by default. */
  readonly collect?: (path: string) => boolean;
}

/**
 * The members of a container (a file, or its bytes) with their digests, read in a stream; null for a file that is none by its first bytes, whatever its name.
 * Throws `ClientError` 'void-container' for duplicate, absolute or `..` paths, for members below a link, for bombs and for what cannot be
 * read to the end; 'unusable' for a file that cannot be read.
 */
export async function readMembers(
  file: string | Uint8Array,
  { collect = () => false }: ReadMembersOptions = {},
): Promise<Container | null> {
  const { format, size } = typeof file === 'string' ? await identify(file) : { format: formatOf(headOf(file)), size: file.length };
  switch (format) {
    case null:
      return null;
    case 'zip':
      return { format, members: await (await import('./zip.ts')).readZip(file, size, collect) };
    default:
      return { format, members: await (await import('./tar.ts')).readTar(file, size, format === 'tar.gz', collect) };
  }
}

async function identify(file: string): Promise<{ format: ContainerFormat | null; size: number }> {
  try {
    const { handle, size } = await openRegular(file, 'unusable');
    await using _closed = handle;
    const head = Buffer.alloc(HEAD_BYTES);
    await handle.read(head, 0, HEAD_BYTES, 0);
    return { format: formatOf(head), size };
  } catch (cause) {
    if (cause instanceof ClientError) throw cause;
    throw new ClientError('unusable', `${file}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function headOf(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.set(bytes.subarray(0, HEAD_BYTES));
  return head;
}

function formatOf(head: Buffer): ContainerFormat | null {
  // RFC 1952 §2.3.1 with deflate; APPNOTE 4.3.7 and, for an empty archive, 4.3.16; POSIX ustar, and GNU's spelling of it.
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'tar.gz';
  const signature = head.readUInt32LE(0);
  if (signature === 0x04034b50 || signature === 0x06054b50) return 'zip';
  return head.toString('latin1', TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === 'ustar' ? 'tar' : null;
}
