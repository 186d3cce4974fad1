import { expect, test } from 'vitest';
import { bootstrapSet, parseControl } from './bootstrap.ts';

const packages = [
  'dpkg\tyes\trequired\tlibc6 (>= 2.15), tar (>= 1.28-1), \n',
  'tar\tyes\trequired\tlibacl1 (>= 2.2.23), \n',
  'libacl1\t\toptional\t, libc6\n',
  'libc6\t\toptional\t, libcrypt1 (>= 1:4.4.10-10:amd64) | libxcrypt-compat\n',
  'libcrypt1\t\toptional\t, libc6\n',
  'debconf\t\trequired\tperl-base (>= 5.20.1), \n',
  'fakeroot\t\toptional\t, libfakeroot, libc6\n',
  'libfakeroot\t\toptional\t, libc6\n',
  'gcc\t\toptional\t, libc6\n',
].map(parseControl);

test('what dpkg needs first are the essential and required packages, fakeroot, and their dependencies', () => {
  expect([...bootstrapSet(packages)].sort()).toEqual([
    'debconf',
    'dpkg',
    'fakeroot',
    'libacl1',
    'libc6',
    'libcrypt1',
    'libfakeroot',
    'tar',
  ]);
});
