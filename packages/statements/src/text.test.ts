import { describe, expect, test } from 'vitest';
import { outcome } from './_refusals.ts';
import type { Check } from './schema.ts';
import {
  code,
  h1,
  httpsUrl,
  logUrl,
  isPrintable,
  isRelativePath,
  isTime,
  origin,
  platform,
  printable,
  revision,
  secondsOf,
  sha256Hex,
  sha512Hex,
  token,
  toolchainDigest,
} from './text.ts';

const takes = (check: Check<string>, value: unknown): boolean => outcome(() => check(value, '')) === 'accepted';

describe('printable text', () => {
  test.each([['esbuild 0.25.0'], ['Grüße'], ['東京'], ['🙂'], ['a']])('may be %j', (text) => {
    expect(isPrintable(text)).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['a space at the start', ' a'],
    ['a space at the end', 'a '],
    ['a newline', 'a\nb'],
    ['a NUL', 'a\0b'],
    ['DEL', 'a\u007f'],
    ['a C1 control', 'a\u0085b'],
    ['a no-break space', 'a\u00a0b'],
    ['a soft hyphen', 'a\u00adb'],
    ['a right-to-left override', 'a\u202eb'],
    ['a right-to-left mark', 'a\u200fb'],
    ['an Arabic letter mark', 'a\u061cb'],
    ['an isolate', 'a\u2066b'],
    ['a zero-width space', 'a\u200bb'],
    ['a line separator', 'a\u2028b'],
    ['a byte order mark', 'a\ufeffb'],
    ['a lone surrogate', 'a\ud800b'],
    ['a private-use character', 'a\ue000b'],
    ['a tag character', 'a\u{e0041}b'],
    ['a non-character', 'a\uffffb'],
  ])('is not text with %s', (_, text) => {
    expect(isPrintable(text)).toBe(false);
  });

  test('has a limit', () => {
    expect(takes(printable(3), 'abc')).toBe(true);
    expect(takes(printable(3), 'abcd')).toBe(false);
  });
});

test.each([
  ['package/bin/esbuild', true],
  ['a b/c', true],
  ['...', true],
  ['/etc/passwd', false],
  ['../x', false],
  ['a/../b', false],
  ['a/./b', false],
  ['a//b', false],
  ['a/', false],
  ['', false],
  ['a\\b', false],
  ['C:/x', false],
  ['c:x', false],
])('%j as a relative path: %s', (path, expected) => {
  expect(isRelativePath(path)).toBe(expected);
});

test.each([
  ['2026-11-21T00:00:00Z', true],
  ['2024-02-29T23:59:59Z', true],
  ['2000-02-29T00:00:00Z', true],
  ['2025-02-29T00:00:00Z', false],
  ['2100-02-29T00:00:00Z', false],
  ['2026-04-31T00:00:00Z', false],
  ['2026-13-01T00:00:00Z', false],
  ['2026-00-01T00:00:00Z', false],
  ['2026-01-00T00:00:00Z', false],
  ['2026-01-01T24:00:00Z', false],
  ['2026-01-01T00:60:00Z', false],
  ['2026-01-01T00:00:60Z', false],
  ['1969-12-31T23:59:59Z', false],
  ['2026-01-01T00:00:00.0Z', false],
  ['2026-01-01T00:00:00+00:00', false],
  ['2026-01-01t00:00:00z', false],
  ['2026-1-1T00:00:00Z', false],
  ['2026-01-01T00:00:00Z\n', false],
])('%j as a time: %s', (text, expected) => {
  expect(isTime(text)).toBe(expected);
  if (expected) expect(new Date(secondsOf(text) * 1000).toISOString()).toBe(`${text.slice(0, -1)}.000Z`);
});

const hex = (digits: number): string => 'a'.repeat(digits);
const someH1 = `h1:${'A'.repeat(43)}=`;

test.each<[string, Check<string>, unknown, boolean]>([
  ['sha256', sha256Hex, hex(64), true],
  ['sha256', sha256Hex, hex(63), false],
  ['sha256', sha256Hex, hex(64).toUpperCase(), false],
  ['sha256', sha256Hex, `${hex(63)}\n`, false],
  ['sha256', sha256Hex, 1, false],
  ['sha512', sha512Hex, hex(128), true],
  ['sha512', sha512Hex, hex(64), false],
  ['revision', revision, hex(40), true],
  ['revision', revision, hex(64), true],
  ['revision', revision, hex(41), false],
  ['code', code, 'claim-mismatch', true],
  ['code', code, 'Claim', false],
  ['code', code, 'a--b', false],
  ['code', code, hex(64), true],
  ['code', code, hex(65), false],
  ['token', token, 'go1.23.5', true],
  ['token', token, 'a b', false],
  ['token', token, hex(65), false],
  ['platform', platform, 'linux/amd64', true],
  ['platform', platform, 'linux', false],
  ['platform', platform, 'linux/amd64/v2', false],
  ['platform', platform, `linux/${hex(27)}`, false],
  ['h1', h1, someH1, true],
  ['h1', h1, `h1:${'A'.repeat(42)}B=`, false],
  ['h1', h1, someH1.slice(3), false],
  ['h1', h1, `h2${someH1.slice(2)}`, false],
  ['toolchain digest', toolchainDigest, someH1, true],
  ['toolchain digest', toolchainDigest, `sha256:${hex(64)}`, true],
  ['toolchain digest', toolchainDigest, `md5:${hex(32)}`, false],
  ['origin', origin, 'log.example/verbatim', true],
  ['origin', origin, 'a+b', false],
  ['origin', origin, 'a b', false],
  ['origin', origin, 'a\u202eb', false],
  ['origin', origin, hex(256), false],
  ['https address', httpsUrl, 'https://git.example/a/b?c=d', true],
  ['https address', httpsUrl, 'http://git.example/', false],
  ['https address', httpsUrl, 'file:///etc/passwd', false],
  ['https address', httpsUrl, 'https://user@git.example/', false],
  ['https address', httpsUrl, 'https://git.example/#x', false],
  ['https address', httpsUrl, 'https://git.example', false],
  ['https address', httpsUrl, 'https://GIT.example/', false],
  ['https address', httpsUrl, 'https://git.example/a/../b', false],
  ['https address', httpsUrl, `https://git.example/${hex(512)}`, false],
  ['log address', logUrl, 'https://log.example/next/', true],
  ['log address', logUrl, 'https://log.example/next', true],
  ['log address', logUrl, 'http://127.0.0.1:8080/', true],
  ['log address', logUrl, 'https://log.example', false],
  ['log address', logUrl, 'https://log.example/?a', false],
  ['log address', logUrl, 'https://log.example/?', false],
  ['log address', logUrl, 'https://log.example/#a', false],
  ['log address', logUrl, 'https://user@log.example/', false],
  ['log address', logUrl, 'file:///srv/log/', false],
])('%s: %#', (_, check, value, expected) => {
  expect(takes(check, value)).toBe(expected);
});
