import { describe, expect, test } from 'vitest';
import { MAX_ROOT_PACKAGES, debianRoot, formatDebianPin, parseDebianPin, platformOfDebian } from './debian-root.ts';

const DIGEST = 'ab'.repeat(32);
const root = (changes: object = {}) => ({
  suites: ['bullseye'],
  architecture: 'amd64',
  mergedUsr: false,
  packages: [`libc6:amd64=2.31-13+deb11u14 ${DIGEST}`],
  ...changes,
});

test.each([
  `libcrypt1:amd64=1:4.4.18-4 ${DIGEST}`,
  `g++-10:arm64=10.2.1-6 ${DIGEST}`,
  `tzdata:all=2024b-0+deb11u1 ${DIGEST}`,
  `x0:i386=1~rc1.really.0.7+dfsg-2~bpo1 ${DIGEST}`,
])('%s is a pin, and is printed as it was read', (line) => {
  expect(debianRoot(root({ packages: [line] }), 'root').packages).toEqual([line]);
  expect(formatDebianPin(parseDebianPin(line))).toBe(line);
});

describe('a pin that says less, or something else, is refused', () => {
  test.each([
    'libc6',
    `libc6=2.31 ${DIGEST}`,
    `libc6:amd64 ${DIGEST}`,
    `libc6:amd64=2.31`,
    `libc6:amd64=2.31 ${DIGEST.toUpperCase()}`,
    `libc6:amd64=2.31  ${DIGEST}`,
    `libc6:amd64=2.31 ${DIGEST}\n`,
    `libc6:vax=2.31 ${DIGEST}`,
    `--yes:amd64=2.31 ${DIGEST}`,
    `Libc6:amd64=2.31 ${DIGEST}`,
    `libc6:amd64=-2.31 ${DIGEST}`,
    `libc6:amd64=2:3:1 ${DIGEST}`,
    `libc6:amd64=2.31/bullseye ${DIGEST}`,
  ])('%j', (line) => {
    expect(() => debianRoot(root({ packages: [line] }), 'root')).toThrow(/expected NAME:ARCHITECTURE=VERSION SHA256/);
  });
});

test('a root has each package once for each architecture', () => {
  const both = [`libc6:amd64=2.31 ${DIGEST}`, `libc6:arm64=2.31 ${DIGEST}`];
  expect(debianRoot(root({ packages: both }), 'root').packages).toHaveLength(2);
  expect(() => debianRoot(root({ packages: [both[0], `libc6:amd64=2.32 ${DIGEST}`] }), 'root')).toThrow(/"libc6:amd64" twice/);
});

test('a root is neither empty nor larger than the limit', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `p${index}:amd64=1 ${DIGEST}`);
  expect(() => debianRoot(root({ packages: [] }), 'root')).toThrow(/1 to 1500 items/);
  expect(debianRoot(root({ packages: many(MAX_ROOT_PACKAGES) }), 'root').packages).toHaveLength(MAX_ROOT_PACKAGES);
  expect(() => debianRoot(root({ packages: many(MAX_ROOT_PACKAGES + 1) }), 'root')).toThrow(/1 to 1500 items/);
});

test.each([
  [{ suites: ['bullseye/updates'] }, /a suite/],
  [{ suites: ['-o'] }, /a suite/],
  [{ suites: ['sid', 'sid'] }, /"sid" twice/],
  [{ architecture: 'all' }, /an architecture among amd64/],
])('%j is refused', (changes, message) => {
  expect(() => debianRoot(root(changes), 'root')).toThrow(message);
});

test('architectures have Go’s names', () => {
  expect(platformOfDebian('ppc64el')).toBe('linux/ppc64le');
  expect(platformOfDebian('all')).toBeNull();
  expect(platformOfDebian('constructor')).toBeNull();
});
