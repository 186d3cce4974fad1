import { describe, expect, test } from 'vitest';
import { isPublisherScope, isRegistrarScope, purlCovers } from './scope.ts';

describe('a prefix covers', () => {
  test.each([
    ['pkg:npm/esbuild', 'pkg:npm/esbuild@0.25.0'],
    ['pkg:npm/esbuild', 'pkg:npm/esbuild'],
    ['pkg:npm/esbuild', 'pkg:npm/esbuild?a=b'],
    ['pkg:npm/esbuild@1', 'pkg:npm/esbuild@1'],
    ['pkg:npm/esbuild@1', 'pkg:npm/esbuild@1?a=b'],
    ['pkg:npm/', 'pkg:npm/esbuild@1'],
    ['pkg:npm/', 'pkg:npm/%40esbuild/linux-x64@1'],
    ['pkg:npm/%40esbuild/', 'pkg:npm/%40esbuild/linux-x64@1'],
    ['pkg:npm/%40esbuild', 'pkg:npm/%40esbuild/linux-x64@1'],
    ['pkg:golang/github.com/evanw/esbuild', 'pkg:golang/github.com/evanw/esbuild/v2@v2.0.0'],
    ['pkg:maven/', 'pkg:maven/org.example/lib@1'],
  ])('%s: %s', (prefix, purl) => {
    expect(purlCovers(prefix, purl)).toBe(true);
  });

  test.each([
    ['pkg:npm/esbuild', 'pkg:npm/esbuild-x@1'],
    ['pkg:npm/esbuild', 'pkg:npm/esbuild.js@1'],
    ['pkg:npm/esbuild', 'pkg:pypi/esbuild@1'],
    ['pkg:npm/esbuild@1', 'pkg:npm/esbuild@1.1'],
    ['pkg:npm/esbuild@1', 'pkg:npm/esbuild@1-rc.1'],
    ['pkg:npm/%40esbuild/', 'pkg:npm/%40esbuild-x/linux-x64@1'],
    ['pkg:npm/%40esbuild/', 'pkg:npm/%40esbuild'],
    ['pkg:npm', 'pkg:npm/esbuild@1'],
    ['pkg:', 'pkg:npm/esbuild@1'],
    ['', 'pkg:npm/esbuild@1'],
    ['pkg:npm/e', 'pkg:npm/esbuild@1'],
    ['pkg:NPM/', 'pkg:NPM/esbuild@1'],
    ['pkg:npm/@esbuild/', 'pkg:npm/@esbuild/x@1'],
    ['pkg:npm/', 'pkg:npm/../pypi/x@1'],
    ['pkg:npm/', 'pkg:npm/'],
  ])('not %s: %s', (prefix, purl) => {
    expect(purlCovers(prefix, purl)).toBe(false);
  });
});

test.each([
  ['pkg:npm/esbuild', true, false],
  ['pkg:npm/%40esbuild/', true, false],
  ['pkg:npm/%40esbuild/linux-x64', true, false],
  ['pkg:npm/', false, true],
  ['pkg:maven/', false, true],
  ['pkg:maven/org.example/', true, false],
  ['pkg:npm/esbuild@1', false, false],
  ['pkg:npm/esbuild?a=b', false, false],
  ['pkg:golang/a.example/b#c', false, false],
  ['pkg:npm//', false, false],
  ['pkg:nothing/', false, false],
  ['pkg:npm', false, false],
  ['pkg:', false, false],
  ['', false, false],
  ['/', false, false],
])('%j is a publisher’s scope: %s, a registrar’s: %s', (text, publisher, registrar) => {
  expect(isPublisherScope(text)).toBe(publisher);
  expect(isRegistrarScope(text)).toBe(registrar);
});
