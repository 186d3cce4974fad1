import { createHash } from 'node:crypto';
import { open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { codeOf, temporaryFolder } from './_support.ts';
import { hashFile, hashStream } from './hash-file.ts';

const digests = (bytes: Uint8Array) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sha512: createHash('sha512').update(bytes).digest('hex'),
  size: bytes.length,
});

describe('the digests of a file', () => {
  it.each([0, 1, 1024 * 1024 - 1, 1024 * 1024, 3 * 1024 * 1024 + 7])('of %d bytes are those of its bytes', async (size) => {
    const bytes = new Uint8Array(size).map((_, i) => i % 251);
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, bytes);
    expect(await hashFile(file, { sha512: true })).toEqual(digests(bytes));
    expect(await hashFile(file)).toEqual({ ...digests(bytes), sha512: null });
    await using handle = await open(file);
    expect(await hashFile(handle, { sha512: true })).toEqual(digests(bytes));
    expect(await hashStream(Readable.from([bytes.subarray(0, size / 2), bytes.subarray(size / 2)]), { sha512: true })).toEqual(
      digests(bytes),
    );
  });

  it('do not exist for folders, devices and what is not there', async () => {
    const folder = await temporaryFolder();
    await symlink('/dev/zero', join(folder, 'endless'));
    for (const name of ['', 'endless', 'missing']) expect(await codeOf(hashFile(join(folder, name)))).toBe('unusable');
  });
});
