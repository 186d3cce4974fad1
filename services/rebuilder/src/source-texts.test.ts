import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSourceTexts } from './source-texts.ts';
import { testFolder } from './_temporary.ts';

test('source files are read as text, deep ones too; links and large files are not', async () => {
  const folder = testFolder();
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  writeFileSync(join(folder, 'one'), 'first');
  writeFileSync(join(folder, 'a', 'b', 'two'), 'second');
  writeFileSync(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1, 'x'));
  symlinkSync('/etc/passwd', join(folder, 'link'));
  expect((await readSourceTexts(folder)).filter((text) => text !== '').sort()).toEqual(['first', 'second']);
  expect(await readSourceTexts(undefined)).toEqual([]);
});
