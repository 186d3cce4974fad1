/** One member of a gzipped tar archive, to a file; hostile archives included. */
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoOf, messageOf } from '../errors.ts';
import { readTarGz, TooLarge } from '../tar-gz.ts';
import { notReceived, type NotReceived } from './outcome.ts';

export interface MemberRequest {
  /** A file of the kind that the function reads. */
  readonly archive: string;
  /** The member's name, as the archive spells it. */
  readonly path: string;
  /** A new file. */
  readonly to: string;
  /** Bytes of the archive unpacked. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Writes the member to `to`. Null when it is there. An archive that has it twice has two meanings, and is refused. */
export async function extractTarMember({ archive, path, to, maxBytes, signal }: MemberRequest): Promise<NotReceived | null> {
  let found = 0;
  let other: string | null = null;
  const failures = await readTarGz({ archive, maxBytes, signal }, async (entry) => {
    if (entry.header.name !== path) {
      entry.resume();
      return;
    }
    found++;
    if (entry.header.type !== 'file') {
      other = entry.header.type ?? 'nameless thing';
      entry.resume();
    } else {
      await pipeline(entry as unknown as Readable, createWriteStream(to, { flags: found === 1 ? 'wx' : 'w', mode: 0o600 }));
    }
  });
  if (failures.some((each) => each instanceof TooLarge)) {
    return notReceived('too-large', `${path}: the archive unpacks to more than ${maxBytes} bytes`);
  }
  if (failures.length > 0)
    return notReceived(errnoOf(failures[0]) === 'ENOSPC' ? 'host-disk-full' : 'malformed-archive', messageOf(failures[0]));
  if (other !== null) return notReceived('malformed-archive', `${path}: expected a file, found a ${String(other)}`);
  if (found > 1) return notReceived('malformed-archive', `${path}: expected one member of this name, found ${found}`);
  return found === 0 ? notReceived('member-missing', `expected a member ${path}, found none`) : null;
}
