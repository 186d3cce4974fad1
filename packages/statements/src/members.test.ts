import { utf8Encode } from '@verbatim/tlog';
import { expect, test } from 'vitest';
import { encodeCanonicalJson } from './json.ts';
import { compareMemberPaths, decodeMembers, type MemberEntry } from './members.ts';

const entry = (path: string): MemberEntry => ({ path, type: 'file', mode: 0o755, size: 3, sha256: 'a'.repeat(64) });
const list = (...paths: string[]): Uint8Array => encodeCanonicalJson(paths.map(entry));

test('a list of members is read as it was written', () => {
  expect(decodeMembers(list('usr', 'usr/bin/a', 'usr/bin/ä b'))).toEqual([entry('usr'), entry('usr/bin/a'), entry('usr/bin/ä b')]);
  expect(decodeMembers(list())).toEqual([]);
});

test('paths are in the order of their bytes, not of their UTF-16', () => {
  expect(compareMemberPaths('\ufb01', '\u{1f600}')).toBeLessThan(0);
  expect(compareMemberPaths('a', 'a/b')).toBeLessThan(0);
  expect(compareMemberPaths('a', 'a')).toBe(0);
  expect(decodeMembers(list('\ufb01', '\u{1f600}'))).toHaveLength(2);
});

test.each([
  ['a path twice', list('a', 'a'), '[1].path: expected a path after "a"'],
  ['another order', list('b', 'a'), '[1].path: expected a path after "b"'],
  ['a way up', list('a/../b'), '[0].path: expected a relative path'],
  ['spaces', utf8Encode('[ ]'), 'canonical'],
  ['another document', utf8Encode('{}'), 'expected a list'],
  ['more than 8 MiB', new Uint8Array(8 * 1024 * 1024 + 1), 'a list of members'],
])('a list with %s is refused', (_, bytes, message) => {
  expect(() => decodeMembers(bytes)).toThrow(message);
});
