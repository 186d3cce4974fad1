/** Walks a gzipped tar archive entry by entry, within a limit: hostile archives included. */
import { createReadStream } from 'node:fs';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Extract } from 'tar-stream';

export type TarEntry = Extract extends AsyncIterable<infer E> ? E : never;

interface TarRequest {
  readonly archive: string;
  /** Bytes of the archive unpacked. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** The archive unpacks to more than it may. */
export class TooLarge extends Error {}

/**
 * Calls `visit` for each entry, one after the other; it must read the entry or `resume()` it.
 * @returns what went wrong, what `visit` threw included; empty when all was read. Nothing is open any more then.
 * @throws the signal's reason when aborted
 */
export async function readTarGz({ archive, maxBytes, signal }: TarRequest, visit: (entry: TarEntry) => Promise<void>): Promise<unknown[]> {
  const tar = extract();
  const entries = (async () => {
    for await (const entry of tar) await visit(entry);
  })();
  const unpacked = pipeline(createReadStream(archive), createGunzip(), atMost(maxBytes), tar as unknown as NodeJS.WritableStream, {
    ...(signal === undefined ? {} : { signal }),
  });
  // Each ends when the other does.
  const settled = await Promise.allSettled([unpacked, entries]);
  signal?.throwIfAborted();
  return settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
}

function atMost(limit: number): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      total += chunk.length;
      if (total > limit) done(new TooLarge(`expected at most ${limit} bytes unpacked, found more`));
      else done(null, chunk);
    },
  });
}
