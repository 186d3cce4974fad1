import { expect, test } from 'vitest';
import { parseLock } from './lock.ts';

const SUM = 'a'.repeat(64);
const REGISTRY = 'registry+https://index.example/index';
const parsed = (text: string) => parseLock(Buffer.from(text));
const crate = (name: string, more = '') =>
  `[[package]]\nname = "${name}"\nversion = "1.0.0"\nsource = "${REGISTRY}"\nchecksum = "${SUM}"\n${more}`;

test('crates are listed with their checksums; the workspace’s own packages are not', () => {
  const text = `version = 4\n\n[[package]]\nname = "own"\nversion = "0.1.0"\ndependencies = ["a"]\n\n${crate('a')}\n${crate('b')}`;
  expect(parsed(text)).toEqual([
    { name: 'a', version: '1.0.0', sha256: SUM },
    { name: 'b', version: '1.0.0', sha256: SUM },
  ]);
});

test('the first version of the format has its checksums in a table of its own', () => {
  const text = `[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "${REGISTRY}"\n\n[metadata]\n"checksum a 1.0.0 (${REGISTRY})" = "${SUM}"\n`;
  expect(parsed(text)).toEqual([{ name: 'a', version: '1.0.0', sha256: SUM }]);
});

test.each([
  [
    'a git dependency',
    `version = 4\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "git+https://git.example/a#1"\n`,
    'unsupported-dependency',
  ],
  ['two registries', `version = 4\n${crate('a')}\n${crate('b').replace('index.example', 'other.example')}`, 'unsupported-dependency'],
  ['no checksum', `version = 4\n${crate('a').replace(/checksum.*\n/, '')}`, 'bad-lockfile'],
  ['a crate twice', `version = 4\n${crate('a')}\n${crate('a')}`, 'bad-lockfile'],
  ['a name that leads out of a folder', `version = 4\n${crate('../a')}`, 'bad-lockfile'],
  ['a version that leads out of a folder', `version = 4\n${crate('a').replace('1.0.0', '1/../../x')}`, 'bad-lockfile'],
  ['a version of the format that nobody knows', `version = 5\n${crate('a')}`, 'bad-lockfile'],
  ['no TOML', 'version = ', 'bad-lockfile'],
  ['no packages', 'version = 4\n', 'bad-lockfile'],
  ['too many bytes', `version = 4\n# ${'x'.repeat(5_000_000)}`, 'bad-lockfile'],
])('%s is refused', (_, text, reason) => {
  expect(parsed(text)).toMatchObject({ kind: 'unavailable', reason, transient: false });
});

test('bytes that are no UTF-8 are refused', () => {
  expect(parseLock(Uint8Array.of(0xff, 0xfe))).toMatchObject({ reason: 'bad-lockfile' });
});
