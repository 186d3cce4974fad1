import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ClientError, type ClientErrorCode } from './errors.ts';

/**
 * Opens a regular file for reading, and nothing else: a device may be endless, and a pipe without a writer would block at opening.
 * @returns the handle, to be closed by the caller, and the file's size in bytes. Throws `ClientError` with `code` for other kinds, and what
 * the file system throws.
 */
export async function openRegular(file: string, code: ClientErrorCode): Promise<{ handle: FileHandle; size: number }> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    return { handle, size: await sizeOfRegular(handle, file, code) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function sizeOfRegular(handle: FileHandle, name: string, code: ClientErrorCode): Promise<number> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new ClientError(code, `${name}: expected a regular file`);
  return stat.size;
}
