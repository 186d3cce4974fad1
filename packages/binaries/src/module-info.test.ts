import { describe, expect, test } from 'vitest';
import { BinaryError } from './errors.ts';
import { unquote, unquotePrefix } from './go-quote.ts';
import { parseModuleInfo } from './module-info.ts';
import { splitGoVersion } from './settings.ts';

describe('Go string literals', () => {
  test.each([
    ['""', ''],
    [String.raw`"a b\t\"c\"\\"`, 'a b\t"c"\\'],
    [String.raw`"\a\b\f\n\r\v"`, '\x07\b\f\n\r\v'],
    [String.raw`"\x41\101é\U0001F600"`, 'AAé😀'],
    [String.raw`"\xc3\xa9"`, 'é'],
    ['"é😀"', 'é😀'],
    ['`raw \\n "x"\r`', 'raw \\n "x"'],
  ])('%s is unquoted', (text, value) => {
    expect(unquote(text)).toBe(value);
  });

  test.each([
    '',
    '"',
    '"a',
    '`a',
    'a',
    "'a'",
    '"a"b',
    '"\n"',
    String.raw`"\q"`,
    String.raw`"\'"`,
    String.raw`"\x4"`,
    String.raw`"\400"`,
    String.raw`"\ud800"`,
    String.raw`"\U00110000"`,
    String.raw`"\xff"`,
  ])('%j is refused as malformed', (text) => {
    expect(() => unquote(text)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  test('a quoted prefix ends where the literal ends', () => {
    expect(unquotePrefix('"a=b"=c')).toEqual({ value: 'a=b', length: 5 });
  });
});

describe('the text of Go build info', () => {
  test('modules, replacements and settings keep their order', () => {
    const info = parseModuleInfo(
      'path\tx.org/a/cmd/b\nmod\tx.org/a\t(devel)\t\ndep\tx.org/c\tv1.0.0\th1:c=\ndep\tx.org/d\tv1.0.0\n=>\tx.org/e\tv2.0.0\th1:e=\nbuild\t-ldflags="-s -w"\nbuild\t"odd key"=1\nbuild\tGOOS=linux\nbuild\tEMPTY=\n',
    );
    expect(info.path).toBe('x.org/a/cmd/b');
    expect(info.main).toEqual({ path: 'x.org/a', version: '(devel)', sum: '' });
    expect(info.deps).toEqual([
      { path: 'x.org/c', version: 'v1.0.0', sum: 'h1:c=' },
      { path: 'x.org/d', version: 'v1.0.0', sum: '', replace: { path: 'x.org/e', version: 'v2.0.0', sum: 'h1:e=' } },
    ]);
    expect([...info.settings]).toEqual([
      ['-ldflags', '-s -w'],
      ['odd key', '1'],
      ['GOOS', 'linux'],
      ['EMPTY', ''],
    ]);
  });

  test.each([
    'mod\tone\n',
    'mod\ta\tb\tc\td\n',
    '=>\ta\tb\tc\n',
    'dep\ta\tb\n=>\ta\tb\n',
    'dep\ta\tb\n=>\ta\tb\tc\n=>\ta\tb\tc\n',
    'build\t\n',
    'build\t=x\n',
    'build\tno equals\n',
    'build\ta b=c\n',
    'build\ta=b c\n',
    'build\ta="b\n',
    'build\t"a"b=c\n',
    'build\ta=1\nbuild\ta=2\n',
  ])('%j is refused as malformed', (text) => {
    expect(() => parseModuleInfo(text)).toThrow(BinaryError);
  });
});

test.each([
  ['go1.23.5', 'go1.23.5', undefined],
  ['go1.20', 'go1.20', undefined],
  ['go1.22rc1', 'go1.22rc1', undefined],
  ['go1.27.4-X:nogreenteagc', 'go1.27.4', 'nogreenteagc'],
  ['go1.19.8 X:unified,boringcrypto', 'go1.19.8', 'unified,boringcrypto'],
  ['devel go1.24-abc', null, undefined],
  ['go1.26.4-microsoft', null, undefined],
])('the stamp %j names the toolchain %j', (stamp, toolchain, experiments) => {
  expect(splitGoVersion(stamp)).toEqual({ toolchain, experiments });
});
