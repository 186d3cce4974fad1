import fc from 'fast-check';
import { PackageURL } from 'packageurl-js';
import { describe, expect, test } from 'vitest';
import { outcome } from './_refusals.ts';
import { formatPurl, isCanonicalPurl, parsePurl, purlOrNull, versionedPurl } from './purl.ts';

const canonical = [
  'pkg:npm/esbuild@0.25.0',
  'pkg:npm/%40esbuild/linux-x64@0.25.0',
  'pkg:npm/esbuild',
  'pkg:golang/github.com/evanw/esbuild@v0.25.0',
  'pkg:golang/github.com/Masterminds/semver/v3@v3.4.0#cmd/x',
  'pkg:cargo/ripgrep@14.1.1',
  'pkg:pypi/shfmt-py@4.2.0',
  'pkg:deb/debian/difference@2.0.0-1+b2?arch=amd64&distro=bullseye',
  'pkg:deb/debian/x@1:2.3~rc1-1',
  'pkg:generic/tool@1.0?download_url=https%3A%2F%2Ffiles.example%2Ftool-1.0.tgz',
  'pkg:maven/org.example/lib@1',
  'pkg:oci/image@sha256:abc',
];

/** Its URL parser reads a name that starts with @ as no version, dots as steps, and decodes qualifiers twice: not its canon, then. */
function isReadBack(text: string, name: string): boolean {
  try {
    const purl = PackageURL.fromString(text);
    return purl.toString() === text && purl.name === name;
  } catch {
    return false;
  }
}

describe('canonical purls', () => {
  test.each(canonical)('%s is read, written the same, and canonical for packageurl-js', (text) => {
    expect(formatPurl(parsePurl(text))).toBe(text);
    expect(PackageURL.fromString(text).toString()).toBe(text);
  });

  test('give their components decoded', () => {
    expect(parsePurl('pkg:npm/%40esbuild/linux-x64@0.25.0')).toEqual({
      type: 'npm',
      namespace: '@esbuild',
      name: 'linux-x64',
      version: '0.25.0',
      qualifiers: [],
      subpath: null,
    });
    expect(parsePurl('pkg:deb/debian/x@1?arch=amd64&b=c%20d').qualifiers).toEqual([
      ['arch', 'amd64'],
      ['b', 'c d'],
    ]);
  });

  test.each([
    ['no scheme', 'npm/esbuild@1'],
    ['an upper-case scheme', 'PKG:npm/esbuild@1'],
    ['an upper-case type', 'pkg:NPM/esbuild@1'],
    ['slashes after the scheme', 'pkg://npm/esbuild@1'],
    ['an unknown type', 'pkg:nothing/esbuild@1'],
    ['a name in upper case', 'pkg:npm/Esbuild@1'],
    ['a namespace in upper case', 'pkg:npm/%40Esbuild/x@1'],
    ['underscores in a PyPI name', 'pkg:pypi/shfmt_py@1'],
    ['a bare @ in the namespace', 'pkg:npm/@esbuild/x@1'],
    ['a lower-case escape', 'pkg:npm/%40esbuild/x@1%2f2'],
    ['an escape that is not needed', 'pkg:npm/%65sbuild@1'],
    ['an escape that is cut off', 'pkg:npm/esbuild@%4'],
    ['an escape that is not UTF-8', 'pkg:npm/esbuild@%FF'],
    ['bare non-ASCII', 'pkg:npm/esbuïld@1'],
    ['an empty name', 'pkg:npm/'],
    ['an empty version', 'pkg:npm/esbuild@'],
    ['an empty namespace segment', 'pkg:golang/a//b@v1.0.0'],
    ['a dot segment', 'pkg:golang/a/../b@v1.0.0'],
    ['a dot segment in the subpath', 'pkg:golang/a/b@v1.0.0#../c'],
    ['white space', 'pkg:npm/esbuild@1 '],
    ['encoded white space at an end', 'pkg:npm/esbuild@1%20'],
    ['a control character', 'pkg:npm/esbuild@1%0A2'],
    ['a bidi character', 'pkg:npm/esbuild@1%E2%80%AE2'],
    ['two versions', 'pkg:npm/esbuild@1@2'],
    ['unsorted qualifiers', 'pkg:deb/debian/x@1?b=1&a=1'],
    ['a qualifier twice', 'pkg:deb/debian/x@1?a=1&a=2'],
    ['a qualifier without a value', 'pkg:deb/debian/x@1?a='],
    ['a qualifier key in upper case', 'pkg:deb/debian/x@1?A=1'],
    ['a plus for a space', 'pkg:deb/debian/x@1?a=b+c'],
    ['a Go version that is none', 'pkg:golang/a.example/b@v1'],
    ['a namespace for cargo', 'pkg:cargo/a/b@1'],
    ['no namespace for maven', 'pkg:maven/lib@1'],
    ['too many characters', `pkg:npm/${'a'.repeat(503)}@1`],
  ])('have not %s', (_, text) => {
    expect(outcome(() => parsePurl(text))).toBe('bad-purl');
    expect(isCanonicalPurl(text)).toBe(false);
  });

  test('have at most 512 characters', () => {
    expect(isCanonicalPurl(`pkg:npm/${'a'.repeat(502)}@1`)).toBe(true);
  });

  const part = fc.string({
    unit: fc.constantFrom('a', 'B', '1', '-', '_', '.', '~', '@', '+', ':', '/', '%', ' ', '*', '!', "'", 'é', '?', '#', '&', '='),
    minLength: 1,
    maxLength: 6,
  });
  const type = fc.constantFrom('npm', 'golang', 'pypi', 'deb', 'generic', 'github', 'oci', 'rpm', 'cargo', 'docker');

  test('are canonical for packageurl-js whenever they are for us', () => {
    const text = fc
      .tuple(type, part, fc.option(part), fc.option(part))
      .map(([kind, path, version, rest]) => `pkg:${kind}/${path}${version === null ? '' : `@${version}`}${rest ?? ''}`);
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc
            .constantFrom(...canonical)
            .chain((sample) =>
              fc
                .tuple(fc.constant(sample), fc.nat(sample.length), part)
                .map(([whole, at, added]) => whole.slice(0, at) + added + whole.slice(at)),
            ),
        ),
        (sample) => {
          if (isCanonicalPurl(sample)) expect(PackageURL.fromString(sample).toString()).toBe(sample);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('are for us what packageurl-js writes, as far as we know the type', () => {
    const word = fc
      .string({
        unit: fc.constantFrom('a', 'b', '1', '-', '.', '~', '@', '+', ':', '*', 'é', '%', '!', "'", '('),
        minLength: 1,
        maxLength: 6,
      })
      .filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(
        fc.constantFrom('npm', 'golang', 'deb', 'generic', 'github', 'pypi'),
        word,
        word,
        word,
        fc.option(word),
        (kind, namespace, name, version, value) => {
          const text = new PackageURL(kind, namespace, name, version, value === null ? undefined : { q: value }, undefined).toString();
          fc.pre(isReadBack(text, name));
          expect(purlOrNull(text)).toMatchObject({ type: kind, name, version });
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ['pkg:npm/esbuild@1', 'accepted'],
  ['pkg:npm/esbuild@1?a=b', 'accepted'],
  ['pkg:npm/esbuild', 'bad-schema'],
  ['pkg:npm/esbuild@1#a', 'bad-schema'],
  ['esbuild', 'bad-schema'],
])('as a versioned purl, %s is %s', (text, expected) => {
  expect(outcome(() => versionedPurl(text, ''))).toBe(expected);
});
