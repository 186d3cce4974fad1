/** Rules for what a container may hold, whatever its format (DESIGN §3.12): every member has one canonical path, and one only. */
import { isRelativePath } from '@verbatim/statements';
import { createHash, type Hash } from 'node:crypto';
import { ClientError } from '../errors.ts';

export type MemberType = 'file' | 'directory' | 'symlink' | 'link';

export interface Member {
  /** Relative, `/` between segments, no `.` or `..`, no `/` at the end. */
  readonly path: string;
  readonly type: MemberType;
  /** Permission bits, 0…0o7777. */
  readonly mode: number;
  /** Bytes of a file; 0 for everything else. */
  readonly size: number;
  /** Of a file's bytes, or of a link's target; lower-case hex. A folder's is the digest of nothing. */
  readonly sha256: string;
  /** Of a file that was asked for (`collect`). */
  readonly bytes?: Uint8Array;
}

/** Far above real packages, far below what fills a disk or a day. */
export const CONTAINER_LIMITS = {
  members: 100_000,
  /** Of all members together, in bytes. */
  total: 8 * 1024 ** 3,
  /** Bytes out for each byte in, once more than `free` came out. Deflate alone reaches 1,030. */
  ratio: 200,
  free: 64 * 1024 ** 2,
  /** Of one member that is handed out, in bytes. */
  collected: 1024 ** 3,
} as const;

export function voidContainer(message: string, cause?: unknown): ClientError {
  return new ClientError('void-container', `the container is void: ${message}`, { cause });
}

/** Collects members as a reader finds them, and refuses what could be read in two ways. */
export class Contents {
  readonly #members = new Map<string, Member>();
  readonly #compressed: number;
  #total = 0;

  /** @param compressed size of the container in bytes */
  constructor(compressed: number) {
    this.#compressed = compressed;
  }

  /**
   * The canonical spelling of a member's name; null for the container's own root (`./`). Throws `ClientError` 'void-container' for
   * absolute paths, `..`, doubled slashes, backslashes, and names that no terminal shows as they are.
   */
  path(name: string, isDirectory: boolean): string | null {
    const relative = name.startsWith('./') ? name.slice(2) : name;
    const path = isDirectory && relative.endsWith('/') ? relative.slice(0, -1) : relative;
    if (isDirectory && (path === '' || path === '.')) return null;
    if (!isRelativePath(path))
      throw voidContainer(`expected a relative path without "." and "..", found ${JSON.stringify(name.slice(0, 200))}`);
    return path;
  }

  add(member: Member): void {
    if (this.#members.has(member.path)) throw voidContainer(`${JSON.stringify(member.path)} is in it twice`);
    if (this.#members.size >= CONTAINER_LIMITS.members) throw voidContainer(`expected at most ${CONTAINER_LIMITS.members} members`);
    this.#members.set(member.path, member);
  }

  /** Counts bytes as they come out of decompression. */
  count(bytes: number): void {
    this.#total += bytes;
    if (this.#total > CONTAINER_LIMITS.total) throw voidContainer(`expected at most ${CONTAINER_LIMITS.total} bytes in all`);
    if (this.#total > CONTAINER_LIMITS.free && this.#total > CONTAINER_LIMITS.ratio * this.#compressed) {
      throw voidContainer(`it holds more than ${CONTAINER_LIMITS.ratio} times its own size`);
    }
  }

  /** All members, sorted by the bytes of their paths. */
  finish(): Member[] {
    for (const { path } of this.#members.values()) {
      for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
        const above = this.#members.get(path.slice(0, slash));
        // Unpacking would go through it: to another place if it is a link.
        if (above !== undefined && above.type !== 'directory') throw voidContainer(`${JSON.stringify(path)} is below a ${above.type}`);
      }
    }
    return [...this.#members.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  }
}

/** Digests a stream while counting it; the bytes are handed out only when `collect` is true. */
export async function digestStream(
  stream: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
  collect = false,
): Promise<{ sha256: string; size: number; bytes: Uint8Array | null }> {
  const hash: Hash = createHash('sha256');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    count(chunk.length);
    size += chunk.length;
    if (collect && size > CONTAINER_LIMITS.collected)
      throw voidContainer(`expected a member of at most ${CONTAINER_LIMITS.collected} bytes`);
    if (collect) chunks.push(chunk);
    hash.update(chunk);
  }
  return { sha256: hash.digest('hex'), size, bytes: collect ? new Uint8Array(Buffer.concat(chunks, size)) : null };
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
