import { expect, test } from 'vitest';
import { hash1 } from '../digest.ts';
import { hashToolchain } from './goroot.ts';

const file = (path: string, digit: string) => ({ path, sha256: digit.repeat(64) });
const zipped = [file('VERSION', '1'), file('src/_go.mod', '2'), file('src/cmd/_go.mod', '3'), file('src/cmd/go/go.go', '4')];
const expected = hash1(zipped, 'm@v');

test('copies of _go.mod are not part of a toolchain’s hash', () => {
  const unpacked = [
    ...zipped.slice(0, 2),
    file('src/cmd/_go.mod', '3'),
    file('src/cmd/go.mod', '3'),
    file('src/cmd/go/go.go', '4'),
    file('src/go.mod', '2'),
  ];
  expect(hashToolchain(zipped, 'm@v')).toBe(expected);
  expect(hashToolchain(unpacked, 'm@v')).toBe(expected);
});

test.each([
  ['a go.mod that is no copy', [...zipped, file('src/go.mod', '3')]],
  ['a go.mod without a _go.mod', [...zipped, file('src/cmd/go/go.mod', '2')]],
  ['an added file', [...zipped, file('src/cmd/go/zz.go', '5')]],
  ['a missing file', zipped.slice(1)],
  ['a changed file', [...zipped.slice(0, 3), file('src/cmd/go/go.go', '5')]],
])('%s is', (_, files) => {
  expect(hashToolchain(files, 'm@v')).not.toBe(expected);
});
