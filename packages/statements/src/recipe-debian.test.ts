import { describe, expect, test } from 'vitest';
import { ENTRY, DEBIAN_RECIPE } from './_debian-recipe.ts';
import { changed, outcome } from './_refusals.ts';
import { decodeRecipe, encodeRecipe, type Recipe } from './recipe.ts';
import { recipeTarget, recipeToolchains, recipeVcs } from './recipe-facts.ts';
import { MAX_ROOT_PACKAGES } from './debian-root.ts';

const encode = (value: unknown): string => outcome(() => encodeRecipe(value as Recipe));
const { files } = DEBIAN_RECIPE.source;
const { packages } = DEBIAN_RECIPE.root;

describe('a recipe of kind debian', () => {
  test('is read as it was written, and says what it builds, for what, with what', () => {
    const recipe = decodeRecipe(encodeRecipe(DEBIAN_RECIPE));
    expect(recipe).toEqual(DEBIAN_RECIPE);
    expect(recipeTarget(recipe, 'hello_2.10-2+b1_amd64.deb')).toBe('linux/amd64');
    expect(recipeToolchains(recipe)).toEqual([{ name: 'gcc-10', version: '10.2.1-6' }]);
    expect(recipeVcs(recipe)).toBeNull();
    expect(() => recipeTarget(recipe, 'hello')).toThrow(/expected one of hello_2.10-2\+b1_amd64.deb, found hello/);
  });

  test.each([
    ['crates', [{ file: 'hello_2.10.orig.tar.gz', name: 'hello', version: '2.10.0' }]],
    ['binNmu', null],
    ['options', ['nocheck', 'nodoc', 'noautodbgsym']],
    ['buildPath', '/build/hello-Jf3k2L/hello-2.10'],
    ['root.mergedUsr', true],
    ['outputs', [{ artifact: 'hello_2.10-2_amd64.deb' }, { artifact: 'libhello2_1.0~rc1_amd64.deb' }]],
  ])('may have %s', (path, value) => {
    expect(encode(changed(DEBIAN_RECIPE, path, value))).toBe('accepted');
  });

  test.each([
    ['no .dsc', 'source.files', files.slice(1), 'inconsistent source.files'],
    ['another package’s .dsc', 'source.files', [{ ...files[0], name: 'other_2.10-2.dsc' }, files[1]], 'inconsistent source.files'],
    ['two .dsc', 'source.files', [...files, { ...files[0], name: 'hello_2.10-1.dsc' }], 'inconsistent source.files'],
    ['a file twice', 'source.files', [...files, files[1]], 'bad-schema source.files'],
    ['a file with a path', 'source.files', [files[0], { ...files[1], name: 'x/../../etc/passwd' }], 'bad-schema source.files[1].name'],
    ['a file that looks like an option', 'source.files', [files[0], { ...files[1], name: '--extract' }], 'bad-schema source.files[1].name'],
    ['a crate for no file', 'crates', [{ file: 'x.orig.tar.gz', name: 'x', version: '1.0.0' }], 'inconsistent crates'],
    ['a root without fakeroot', 'root.packages', packages.filter((each) => !each.startsWith('fakeroot')), 'inconsistent root.packages'],
    ['a root without util-linux', 'root.packages', packages.slice(0, 4), 'inconsistent root.packages'],
    ['a compiler that the root has not', 'compilers', ['rustc'], 'inconsistent compilers'],
    ['no compiler', 'compilers', [], 'bad-schema compilers'],
    ['an option of another kind', 'options', ['parallel=4'], 'bad-schema options[0]'],
    ['an option twice', 'options', ['nocheck', 'nocheck'], 'bad-schema options'],
    ['a build path elsewhere', 'buildPath', '/etc/cron.d', 'bad-schema buildPath'],
    ['a build path without a folder of its own', 'buildPath', '/build/hello', 'bad-schema buildPath'],
    ['a build path that climbs', 'buildPath', '/build/../etc', 'bad-schema buildPath'],
    ['an output for another architecture', 'outputs', [{ artifact: 'hello_2.10-2_arm64.deb' }], 'inconsistent outputs'],
    ['an output with a path', 'outputs', [{ artifact: '../hello_2.10-2_amd64.deb' }], 'bad-schema outputs[0].artifact'],
    ['an output that is no package', 'outputs', [{ artifact: 'hello_2.10-2_amd64.buildinfo' }], 'bad-schema outputs[0].artifact'],
  ])('has not %s', (_, path, value, expected) => {
    expect(encode(changed(DEBIAN_RECIPE, path, value))).toBe(expected);
  });

  test.each([
    ['of another package', ENTRY.replace('hello (', 'other ('), 'inconsistent binNmu'],
    ['of another version', ENTRY.replace('2.10-2+b1', '2.10-3+b1'), 'inconsistent binNmu'],
    ['of a new source', ENTRY.replace('2.10-2+b1', '2.10-2'), 'inconsistent binNmu'],
    ['that is no binary-only upload', ENTRY.replace(', binary-only=yes', ''), 'bad-schema binNmu'],
    ['without a date', ENTRY.replace(/ {2}Sat.*\n/, '\n'), 'bad-schema binNmu'],
    ['with two entries', `${ENTRY}\n${ENTRY}`, 'bad-schema binNmu'],
    ['with control characters', ENTRY.replace('Rebuild', 'Rebuild\u001b[2J'), 'bad-schema binNmu'],
    ['over 4 KiB', ENTRY.replace('Rebuild', 'R'.repeat(4096)), 'bad-schema binNmu'],
  ])('has no changelog entry %s', (_, entry, expected) => {
    expect(encode(changed(DEBIAN_RECIPE, 'binNmu', entry))).toBe(expected);
  });

  test('of the largest root fits into the limit of recipes', () => {
    // Names and versions of a usual length; the longest ones meet the limit of the whole recipe first.
    const more = Array.from(
      { length: MAX_ROOT_PACKAGES - packages.length },
      (_, index) => `lib-of-usual-length${index}-dev:amd64=1:12.2.0-14+deb12u1 ${'0'.repeat(64)}`,
    );
    expect(encode(changed(DEBIAN_RECIPE, 'root.packages', [...packages, ...more]))).toBe('accepted');
    const long = more.map((line) => line.replace('lib', `lib${'x'.repeat(100)}`));
    expect(encode(changed(DEBIAN_RECIPE, 'root.packages', [...packages, ...long]))).toBe('too-large');
  });
});
