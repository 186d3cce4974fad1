/** One member of a gzipped tar archive, to a file; hostile archives included. */
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { errnoOf, messageOf } from '../errors.ts';
import { notReceived, type NotReceived } from './outcome.ts';

export interface MemberRequest {
  /** A .tgz file. */
  readonly archive: string;
  /** The member's name, as the archive spells it. */
  readonly path: string;
  /** A new file. */
  readonly to: string;
  /** Bytes of the archive unpacked. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

class TooLarge extends Error {}

/** Writes the member to `to`. Null when it is there. An archive that has it twice has two meanings, and is refused. */
export async function extractTarMember({ archive, path, to, maxBytes, signal }: MemberRequest): Promise<NotReceived | null> {
  const tar = extract();
  let found = 0;
  let other: string | null = null;
  const entries = (async () => {
    for await (const entry of tar) {
      if (entry.header.name !== path) {
        entry.resume();
        continue;
      }
      found++;
      if (entry.header.type !== 'file') {
        other = entry.header.type;
        entry.resume();
      } else {
        await pipeline(entry as unknown as Readable, createWriteStream(to, { flags: found === 1 ? 'wx' : 'w', mode: 0o600 }));
      }
    }
  })();
  const unpacked = pipeline(createReadStream(archive), createGunzip(), atMost(maxBytes), tar as unknown as NodeJS.WritableStream, {
    ...(signal === undefined ? {} : { signal }),
  });
  // Each ends when the other does; nothing is open any more then.
  const failures = (await Promise.allSettled([unpacked, entries])).flatMap((each) =>
    each.status === 'rejected' ? [each.reason as unknown] : [],
  );
  signal?.throwIfAborted();
  if (failures.some((each) => each instanceof TooLarge)) {
    return notReceived('too-large', `${path}: the archive unpacks to more than ${maxBytes} bytes`);
  }
  if (failures.length > 0)
    return notReceived(errnoOf(failures[0]) === 'ENOSPC' ? 'host-disk-full' : 'malformed-archive', messageOf(failures[0]));
  if (other !== null) return notReceived('malformed-archive', `${path}: expected a file, found a ${String(other)}`);
  if (found > 1) return notReceived('malformed-archive', `${path}: expected one member of this name, found ${found}`);
  return found === 0 ? notReceived('member-missing', `expected a member ${path}, found none`) : null;
}

function atMost(limit: number): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      total += chunk.length;
      if (total > limit) done(new TooLarge());
      else done(null, chunk);
    },
  });
}
