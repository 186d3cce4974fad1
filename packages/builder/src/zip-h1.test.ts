import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { zipOf } from './receive/_zip.ts';
import { zipHash1 } from './zip-h1.ts';

async function hashed(bytes: Buffer, maxBytes = 1000): Promise<string | null> {
  const path = join(await temporaryFolder(), 'm.zip');
  writeFileSync(path, bytes);
  return zipHash1(path, { maxBytes });
}

const FILES = [
  { name: 'example.com/m@v1.0.0/go.mod', content: 'module example.com/m\n' },
  { name: 'example.com/m@v1.0.0/a.go', content: 'package m\n' },
];

test('h1 is over names and contents, in the order of the names', async () => {
  // What golang.org/x/mod/sumdb/dirhash prints for such a zip.
  const expected = 'h1:SXy42eQ/QbleX7vtuAPFnaM3tNuQnfeo7rulG/p7iOw=';
  expect(await hashed(zipOf(FILES))).toBe(expected);
  expect(await hashed(zipOf(FILES.toReversed().map((file) => ({ ...file, method: 0, mode: 0o100755 }))))).toBe(expected);
  expect(await hashed(zipOf([...FILES, { name: 'example.com/m@v1.0.0/b.go' }]))).not.toBe(expected);
});

test('what is no zip, has a name twice, or unpacks to too much has none', async () => {
  expect(await hashed(Buffer.from('no zip'))).toBeNull();
  expect(await hashed(zipOf([...FILES, ...FILES]))).toBeNull();
  expect(await hashed(zipOf(FILES), 20)).toBeNull();
});
