/** Small files that appear whole or not at all, in folders that several processes share. */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

let counter = 0;

/** Writes `folder/name` durably: temporary file, fsync, rename. Throws what the file system throws. */
export async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${name}.${process.pid}.${++counter}.tmp`);
  try {
    await using handle = await open(temporary, 'wx', 0o600);
    await handle.writeFile(bytes);
    await handle.sync();
    await rename(temporary, join(folder, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** As `writeWhole`, and there after a power cut too. */
export async function writeDurably(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(folder, name, bytes);
  await syncFolder(folder);
  // mkdir tells the topmost folder that it made: every parent from there on got an entry.
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/** Names in a folder; none when it does not exist. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The bytes of a file; null when it is gone, as another process may have replaced it. */
export async function readIfThere(folder: string, name: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(join(folder, name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
