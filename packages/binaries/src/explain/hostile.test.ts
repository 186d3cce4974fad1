import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GoModuleFolder, HELLO, bytesOf } from '../_go-programs.ts';
import { explain } from './explain.ts';
import type { ExplainContext, Explanation } from './types.ts';
import { aside, bytes, code, data, elf, gnuId } from './_elf.ts';
import { MAX_CAUSES, MAX_CLAIMS, MAX_EVIDENCE, MAX_LISTED_PARTS, MAX_LISTED_STRINGS, MAX_STRING_LENGTH } from './limits.ts';

const CONTEXT: ExplainContext = {
  inputs: ['package main'],
  host: { hostname: 'rebuild-1', user: 'verbatim', folders: ['/srv/build/src'], from: 1_700_000_000, to: 1_700_000_100 },
  publishedAt: 1_690_000_000,
};

/** What holds for every pair of files. */
function check(published: Uint8Array, rebuilt: Uint8Array, context: ExplainContext = CONTEXT): Explanation {
  const explanation = explain(published, rebuilt, { ...context, rebuilds: [{ bytes: rebuilt, varied: [] }] });
  const same = Buffer.from(published).equals(Buffer.from(rebuilt));
  expect(explanation.class === 'identical').toBe(same);
  if (!same) expect(explanation.parts.length).toBeGreaterThan(0);
  for (const part of explanation.parts) expect(part.accounted).toBeLessThanOrEqual(part.differing);
  if (explanation.class === 'explained' || explanation.class === 'identical-except-ids') {
    expect(explanation.parts.every(({ differing, accounted }) => differing === accounted)).toBe(true);
    expect(explanation.causes.length).toBeGreaterThan(0);
  }
  expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  expect(JSON.stringify(explanation).length).toBeLessThan(400_000);
  return explanation;
}

const MAGICS = [
  [],
  [0x7f, 0x45, 0x4c, 0x46, 1, 1],
  [0x7f, 0x45, 0x4c, 0x46, 2, 1],
  [0x7f, 0x45, 0x4c, 0x46, 2, 2],
  [0x4d, 0x5a],
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2],
  [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
];

let folder: GoModuleFolder;
let programs: Uint8Array[];
beforeAll(() => {
  folder = new GoModuleFolder(HELLO);
  const targets = ['linux/amd64', 'linux/s390x', 'darwin/arm64', 'windows/386', 'js/wasm'];
  programs = targets.map((target) => bytesOf(folder.build({ target, flags: ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'] })));
}, 120_000);
afterAll(() => folder[Symbol.dispose]());

describe('hostile pairs', () => {
  test('random bytes behind any magic never crash it', () => {
    const file = fc
      .tuple(fc.constantFrom(...MAGICS), fc.uint8Array({ maxLength: 400 }))
      .map(([magic, rest]) => Uint8Array.of(...magic, ...rest));
    fc.assert(
      fc.property(file, file, (a, b) => void check(a, b)),
      { numRuns: 2000 },
    );
  });

  test('small ELF files with any bytes changed never crash it, and a changed byte of code is never explained', () => {
    const original = elf([
      code('code that runs'),
      gnuId(1),
      data('some data 2026-01-01T00:00:00Z'),
      aside('.comment', 'GCC: 12'),
      aside('.symtab', 'x'),
    ]);
    const edits = fc.array(fc.tuple(fc.nat({ max: original.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
    const text = Buffer.from(original).indexOf('code that runs');
    fc.assert(
      fc.property(edits, edits, (left, right) => {
        const [a, b] = [left, right].map((list) => {
          const file = original.slice();
          for (const [at, value] of list) file[at] = value;
          return file;
        }) as [Uint8Array, Uint8Array];
        check(a, b);
        b[text] = a[text]! ^ 1;
        expect(check(a, b).class).toBe('unexplained');
      }),
      { numRuns: 1500 },
    );
  });

  test('real programs of every format with bytes changed or cut off never crash it', { timeout: 120_000 }, () => {
    const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        fc.nat({ max: 4 }),
        fc.array(edit, { maxLength: 4 }),
        fc.double({ min: 0.9, max: 1, noNaN: true }),
        (which, edits, part) => {
          const original = programs[which]!;
          const changed = original.slice(0, Math.ceil(part * original.length));
          for (const [at, value] of edits) changed[Math.floor(at ** 3 * changed.length)] = value;
          check(original, changed);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('lists and texts are cut at their limits, and it says so', () => {
    const sections = (value: string) =>
      Array.from({ length: 600 }, (_, i) => aside(`.s${i}`, `${value} number ${i} of a long list of names`));
    const explanation = check(elf(sections('aaa')), elf(sections('bbb')));
    expect(explanation.truncated).toContain('parts');
    expect(explanation.parts).toHaveLength(MAX_LISTED_PARTS);
    expect(explanation.causes.length).toBeLessThanOrEqual(MAX_CAUSES);
    expect(explanation.claims.length).toBeLessThanOrEqual(MAX_CLAIMS);
    expect(explanation.strings.publishedOnly.length).toBeLessThanOrEqual(MAX_LISTED_STRINGS);
    for (const { text } of explanation.strings.publishedOnly) expect(text.length).toBeLessThanOrEqual(MAX_STRING_LENGTH);
    for (const { evidence } of explanation.causes) expect(evidence.length).toBeLessThanOrEqual(MAX_EVIDENCE);
  });

  test('too many places to look at one by one explain nothing', () => {
    const scattered = (value: number) => data(Uint8Array.from({ length: 100_000 }, (_, i) => (i % 2 === 0 ? value : 0)));
    const explanation = check(elf([scattered(1)]), elf([scattered(2)]));
    expect(explanation).toMatchObject({ class: 'unexplained', truncated: ['runs'], parts: [{ differing: 50_000, accounted: 0 }] });
  });

  // Work that grew with the square of the size would outlast the test's time limit by hours.
  test.each([
    ['paths', '/a/b/'],
    ['times', '2026-01-01T00:00:00Z'],
    ['digits', '1700000000'],
    ['hex', 'deadbeef'],
    ['registry paths', '/x/registry/src/a-b/c-1.0.0/'],
    ['Go versions', 'go1.22.1\0'],
    ['at signs', 'a@b'],
    ['zeros', '\0'],
  ])('4 MiB of nothing but %s take time that grows with their size', { timeout: 60_000 }, (_, unit) => {
    const fill = (size: number, first: string) => bytes(first + unit.repeat(Math.ceil(size / unit.length)));
    check(elf([data(fill(2 << 20, 'x'))]), elf([data(fill((2 << 20) + 7, 'yy'))]));
  });
});
