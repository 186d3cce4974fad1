// Test helper: a valid recipe of kind `debian`.
import { decodeRecipe, encodeRecipe, type DebianRecipe } from '@verbatim/statements';

const digest = (letter: string): string => letter.repeat(64);

export function debianRecipeWith(changes: Partial<DebianRecipe> = {}): DebianRecipe {
  const recipe: DebianRecipe = {
    kind: 'debian',
    version: 1,
    source: {
      kind: 'debian',
      name: 'hello',
      version: '2.10-2',
      files: [
        { name: 'hello_2.10-2.dsc', sha256: digest('a') },
        { name: 'hello_2.10.orig.tar.gz', sha256: digest('b') },
      ],
    },
    crates: [],
    root: {
      suites: ['bullseye'],
      architecture: 'amd64',
      mergedUsr: false,
      packages: ['dpkg-dev:all=1.20.13', 'dpkg:amd64=1.20.13', 'fakeroot:amd64=1.25', 'gcc-10:amd64=10.2.1-6', 'util-linux:amd64=2.36'].map(
        (each) => `${each} ${digest('c')}`,
      ),
    },
    compilers: ['gcc-10'],
    binNmu: null,
    buildPath: '/build/reproducible-path/hello-2.10',
    options: ['nocheck', 'noautodbgsym'],
    outputs: [{ artifact: 'hello_2.10-2_amd64.deb' }],
    ...changes,
  };
  return decodeRecipe(encodeRecipe(recipe)) as DebianRecipe;
}
