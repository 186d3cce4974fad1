import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { zipOf, type ZipEntry } from './_zip.ts';
import { extractZipMember } from './zip-member.ts';

async function extracting(archive: Buffer | readonly ZipEntry[], maxBytes = 1000) {
  const folder = await temporaryFolder();
  const [zip, to] = [join(folder, 'x.whl'), join(folder, 'out')];
  writeFileSync(zip, Buffer.isBuffer(archive) ? archive : zipOf(archive as ZipEntry[]));
  const failed = await extractZipMember({ archive: zip, path: 'bin/tool', to, maxBytes });
  return failed === null ? readFileSync(to, 'utf8') : `${failed.reason}${failed.transient ? ' (transient)' : ''}`;
}

const TOOL: ZipEntry = { name: 'bin/tool', content: 'the tool' };

test('the member is taken out, compressed or stored', async () => {
  expect(await extracting([{ name: 'README', content: 'x' }, TOOL])).toBe('the tool');
  expect(await extracting([{ ...TOOL, method: 0 }])).toBe('the tool');
});

test.each<[string, readonly ZipEntry[], string]>([
  ['without it', [{ name: 'bin/other' }], 'member-missing'],
  ['that has it twice', [TOOL, { ...TOOL, content: 'another' }], 'malformed-archive'],
  ['that calls it otherwise in its local header', [{ ...TOOL, localName: 'bin/fool' }], 'malformed-archive'],
  ['where it is a link', [{ ...TOOL, mode: 0o120777 }], 'malformed-archive'],
  ['where it is encrypted', [{ ...TOOL, flags: 1 }], 'malformed-archive'],
  ['where it is compressed by a method of their own', [{ ...TOOL, method: 12 }], 'malformed-archive'],
  ['where it is longer than it says', [{ ...TOOL, size: 3 }], 'malformed-archive'],
  ['where it is shorter than it says', [{ ...TOOL, size: 300 }], 'malformed-archive'],
  ['where it says that it is huge', [{ ...TOOL, size: 0xffff_fff0 }], 'too-large'],
  ['that climbs elsewhere', [TOOL, { name: '../x' }], 'malformed-archive'],
  ['with an absolute path elsewhere', [TOOL, { name: '/etc/passwd' }], 'malformed-archive'],
  ['with a backslash elsewhere', [TOOL, { name: 'a\\b' }], 'malformed-archive'],
])('an archive %s is refused', async (_, entries, expected) => {
  expect(await extracting(entries)).toBe(expected);
});

test('a bomb is not unpacked', async () => {
  expect(await extracting([{ ...TOOL, content: Buffer.alloc(10_000_000) }])).toBe('too-large');
  // It lies about its size, and is stopped on the way.
  expect(await extracting([{ ...TOOL, content: Buffer.alloc(10_000_000), size: 500 }])).toBe('malformed-archive');
});

test('a truncated archive, and what is none, is malformed', async () => {
  const whole = zipOf([TOOL]);
  for (const size of [0, 1, 30, whole.length - 1]) expect(await extracting(whole.subarray(0, size))).toBe('malformed-archive');
  expect(await extracting(Buffer.from('<html>not found</html>'))).toBe('malformed-archive');
  expect(existsSync('bin/tool')).toBe(false);
});
