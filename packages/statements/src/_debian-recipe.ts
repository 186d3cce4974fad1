// Test helper: the parts of a small valid recipe of kind `debian`.
const digest = (letter: string): string => letter.repeat(64);

export const ENTRY = `hello (2.10-2+b1) sid; urgency=low, binary-only=yes

  * Binary-only non-maintainer upload for amd64; no source changes.
  * Rebuild against libhello2

 -- amd64 Build Daemon (one) <builder@mail.example>  Sat, 02 Jan 2021 12:00:00 +0000
`;

export const DEBIAN_RECIPE = {
  kind: 'debian',
  version: 1,
  source: {
    kind: 'debian',
    name: 'hello',
    version: '2.10-2',
    files: [
      { name: 'hello_2.10-2.dsc', sha256: digest('a') },
      { name: 'hello_2.10.orig.tar.gz', sha256: digest('b') },
      { name: 'hello_2.10-2.debian.tar.xz', sha256: digest('c') },
    ],
  },
  crates: [],
  root: {
    suites: ['bullseye'],
    architecture: 'amd64',
    mergedUsr: false,
    packages: [
      `dpkg-dev:all=1.20.13 ${digest('1')}`,
      `dpkg:amd64=1.20.13 ${digest('2')}`,
      `fakeroot:amd64=1.25.3-1.1 ${digest('3')}`,
      `gcc-10:amd64=10.2.1-6 ${digest('4')}`,
      `util-linux:amd64=2.36.1-8+deb11u2 ${digest('5')}`,
    ],
  },
  compilers: ['gcc-10'],
  binNmu: ENTRY,
  buildPath: '/build/reproducible-path/hello-2.10',
  options: ['nocheck'],
  outputs: [{ artifact: 'hello_2.10-2+b1_amd64.deb' }],
} as const;
