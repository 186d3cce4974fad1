import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readLogPolicy } from './init.ts';

test.each([
  ['quorum none\nlgo x\n', 'policy line 2: unknown keyword "lgo"'],
  ['quorum none\n', 'expected one line "log <vkey>", found 0'],
  [null, 'ENOENT'],
])('a log policy %j that cannot be used is named with what is wrong with it', async (text, found) => {
  const folder = mkdtempSync(join(tmpdir(), 'rebuilder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'log.policy');
  if (text !== null) writeFileSync(file, text);
  const error = await readLogPolicy({ log: { policy_file: file } }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: 'NodeError', code: 'wrong-policy' });
  expect((error as Error).message).toMatch(new RegExp(`^${file}: .*${found}`));
});
