import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { zipOf } from '../receive/_zip.ts';
import { zipHash1 } from '../zip-h1.ts';
import { takeRebuilt } from './rebuilt.ts';

const NAME = 'v0.0.1-go1.23.5.linux-arm64';
const PREFIX = `golang.org/toolchain@${NAME}`;
const FILES = ['VERSION', 'bin/go', 'pkg/tool/linux_arm64/link', 'src/_go.mod'].map((name) => ({
  name: `${PREFIX}/${name}`,
  content: `${name}\n`,
}));

async function cacheWith(zip: Buffer) {
  const cacheDir = await temporaryFolder();
  mkdirSync(join(cacheDir, 'rebuilt'));
  const file = join(cacheDir, 'rebuilt', `${NAME}.zip`);
  writeFileSync(file, zip);
  const log: string[] = [];
  const request = { version: 'go1.23.5', host: 'linux/arm64', cacheDir, cacheBytes: 1e9, log: (line: string) => void log.push(line) };
  return { request, h1: await zipHash1(file, { maxBytes: 1e9 }), log, cacheDir };
}

test('a toolchain that the operator put there is used for the recipe that pins it, under a name of its own', async () => {
  const { request, h1 } = await cacheWith(zipOf(FILES));
  await using taken = (await takeRebuilt(request, h1!))!;
  expect(taken).toMatchObject({ name: 'go-rebuilt', version: 'go1.23.5', host: 'linux/arm64', digest: h1 });
  expect(statSync(join(taken.dir, 'bin/go')).mode & 0o111).toBe(0o111);
  expect(readFileSync(join(taken.dir, 'src/go.mod'), 'utf8')).toBe('src/_go.mod\n');
  // Again, from what is unpacked now.
  await using again = (await takeRebuilt(request, h1!))!;
  expect(again.dir).toBe(taken.dir);
});

test('one with another h1 than the pin is not used, and what was changed on disk is unpacked again', async () => {
  const { request, h1, log } = await cacheWith(zipOf(FILES));
  expect(await takeRebuilt(request, 'h1:Te4KCqBgVdpgo5znvhXhoZzvAIVRvPW1aM/m2o80MIM=')).toBeNull();
  expect(log.join('\n')).toContain('no rebuilt toolchain');
  const first = (await takeRebuilt(request, h1!))!;
  await first[Symbol.asyncDispose]();
  writeFileSync(join(first.dir, 'VERSION'), 'changed');
  await using second = (await takeRebuilt(request, h1!))!;
  expect(readFileSync(join(second.dir, 'VERSION'), 'utf8')).toBe('VERSION\n');
});

test('none there is none', async () => {
  const { request } = await cacheWith(Buffer.from('no zip'));
  expect(await takeRebuilt(request, 'h1:Te4KCqBgVdpgo5znvhXhoZzvAIVRvPW1aM/m2o80MIM=')).toBeNull();
});
