import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Header } from 'tar-stream';

export type Member = Partial<Header> & { readonly name: string; readonly content?: string };

/** Writes a .tar.gz with these members, whatever they are called. */
export async function writeArchive(file: string, members: readonly Member[]): Promise<void> {
  const tar = pack();
  for (const { content = '', ...header } of members) tar.entry(header, content);
  tar.finalize();
  await pipeline(tar as unknown as NodeJS.ReadableStream, createGzip(), createWriteStream(file));
}
