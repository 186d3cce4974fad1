/** Tar archives, plain or in gzip: npm packages, crates, source archives. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Extract, type Header } from 'tar-stream';
import { ClientError } from '../errors.ts';
import { Contents, digestOf, digestStream, type Member, type MemberType, voidContainer } from './contents.ts';

const TYPES: Readonly<Record<string, MemberType>> = { file: 'file', directory: 'directory', symlink: 'symlink', link: 'link' };

/** @param size of the archive in bytes @param collect whose bytes are handed out. Throws `ClientError` 'void-container'. */
export async function readTar(
  file: string | Uint8Array,
  size: number,
  gzipped: boolean,
  collect: (path: string) => boolean,
): Promise<Member[]> {
  const contents = new Contents(size);
  const archive = extract();
  const source = typeof file === 'string' ? createReadStream(file) : Readable.from([file]);
  // Headers and padding count as well: they decompress like everything else.
  const counted = count(gzipped ? source.pipe(createGunzip()) : source, contents);
  if (gzipped) source.on('error', (error) => void archive.destroy(error));
  const feeding = pipeline(counted, archive as unknown as NodeJS.WritableStream);
  // Reported through the loop below; without a handler it would be reported twice.
  feeding.catch(() => {});
  try {
    await readMembers(archive, contents, collect);
    await feeding;
  } catch (cause) {
    // The first cause is in the feeding half when it is about gzip or a limit.
    const first = await feeding.then(
      () => cause,
      (error: unknown) => error,
    );
    const reason = [first, cause].find((error) => error instanceof ClientError) ?? first;
    if (reason instanceof ClientError) throw reason;
    throw voidContainer(`its archive cannot be read: ${reason instanceof Error ? reason.message : String(reason)}`, reason);
  } finally {
    source.destroy();
  }
  return contents.finish();
}

async function* count(stream: Readable, contents: Contents): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    contents.count(chunk.length);
    yield chunk;
  }
}

async function readMembers(archive: Extract, contents: Contents, collect: (path: string) => boolean): Promise<void> {
  for await (const entry of archive) {
    const { header } = entry;
    const type = TYPES[header.type];
    // Devices, pipes and the like have no place in a package, and sizes of links and folders are read differently by different programs.
    if (type === undefined) throw voidContainer(`expected files, folders and links, found ${JSON.stringify(header.name.slice(0, 200))}`);
    if (type !== 'file' && header.size !== 0) throw voidContainer(`${JSON.stringify(header.name.slice(0, 200))} is a ${type} with content`);
    const path = contents.path(header.name, type === 'directory');
    const wanted = path !== null && type === 'file' && collect(path);
    const { sha256, size, bytes } = await digestStream(entry as AsyncIterable<Uint8Array>, () => {}, wanted);
    if (path !== null)
      contents.add({
        path,
        type,
        mode: modeOf(header),
        size,
        sha256: type === 'symlink' || type === 'link' ? digestOf(header.linkname) : sha256,
        ...(bytes === null ? {} : { bytes }),
      });
  }
}

function modeOf({ mode }: Header): number {
  if (!Number.isInteger(mode) || mode < 0) throw voidContainer('a mode is no number');
  return mode & 0o7777;
}
