import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { BuildLog } from './build-log.ts';
import { LOG_FLOOD } from './limits.ts';

async function logOf(limit: number, chunks: readonly string[], onText?: (text: string) => void) {
  const path = join(await temporaryFolder(), 'log');
  const log = new BuildLog(path, limit, onText);
  const goOn = chunks.map((chunk) => log.push('stdout', Buffer.from(chunk)));
  return { summary: log.end(), text: readFileSync(path, 'utf8'), goOn, path };
}

test('a short log is kept as it is, in a file of this user only', async () => {
  const { summary, text, path } = await logOf(1000, ['one\n', 'two\n']);
  expect(text).toBe('one\ntwo\n');
  expect(summary).toMatchObject({ bytes: 8, printed: 8, truncated: false });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('of a long log the beginning and the end are kept, and it says how much is missing', async () => {
  const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}\n`);
  const { summary, text } = await logOf(200, lines);
  expect(text.startsWith('line 0\nline 1\n')).toBe(true);
  expect(text.endsWith('line 998\nline 999\n')).toBe(true);
  expect(text).toContain(`[… ${lines.join('').length - 200} bytes of the log are left out here …]`);
  expect(summary.truncated).toBe(true);
  expect(summary.bytes).toBeLessThan(300);
});

test('characters are not cut in two', async () => {
  for (let limit = 20; limit < 30; limit++) {
    const { text } = await logOf(limit, ['ä🙂'.repeat(30)]);
    expect(text).not.toContain('\ufffd');
  }
});

test('a build that prints without end is to be stopped', async () => {
  const { goOn } = await logOf(10, ['x'.repeat(10 * LOG_FLOOD), 'y']);
  expect(goOn).toEqual([true, false]);
});

test('listeners hear the beginning only', async () => {
  const heard: string[] = [];
  await logOf(20, ['0123456789', 'abcdefghij', 'klmno'], (text) => heard.push(text));
  expect(heard.join('')).toBe('0123456789');
});

test('standard output and error do not mix within a character', async () => {
  const path = join(await temporaryFolder(), 'log');
  const log = new BuildLog(path, 1000);
  const bytes = Buffer.from('ä');
  log.push('stdout', bytes.subarray(0, 1));
  log.push('stderr', Buffer.from('error '));
  log.push('stdout', bytes.subarray(1));
  log.end();
  expect(readFileSync(path, 'utf8')).toBe('error ä');
});

test('a flood of bytes that are no text ends at the limit, as one of text does', async () => {
  const limit = 2 * 1024 ** 2;
  const chunk = randomBytes(64 * 1024);
  const path = join(await temporaryFolder(), 'log');
  const log = new BuildLog(path, limit);
  while (log.push('stdout', chunk));
  log.end();
  expect(statSync(path).size).toBeLessThan(limit + 100);
});

test('an end of continuation bytes only is shown, not swallowed', async () => {
  const path = join(await temporaryFolder(), 'log');
  const log = new BuildLog(path, 100);
  log.push('stdout', Buffer.alloc(1000, 0x80));
  log.end();
  expect(readFileSync(path, 'utf8')).toMatch(/^(?:\\x80){12}\\x\n\[… \d+ bytes of the log are left out here …\]\n80(?:\\x80){12}$/);
});
