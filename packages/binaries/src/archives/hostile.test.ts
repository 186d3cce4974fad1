import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { debOf, tarOf, zipOf } from './_archives.ts';
import { explainFiles } from './explain-files.ts';
import { ARCHIVE_LIMITS } from './layer.ts';

const FILES = { a: 'hello\n'.repeat(100), b: 'world\n' };
const ARCHIVES: Readonly<Record<string, Uint8Array>> = {
  tar: tarOf(FILES),
  zip: zipOf(Object.entries(FILES).map(([name, content]) => ({ name, content }))),
  deb: debOf(FILES),
  gzip: new Uint8Array(gzipSync('hello\n'.repeat(100))),
};

describe('hostile archives', () => {
  test.each(Object.keys(ARCHIVES))('%s: cut short or scribbled over anywhere, it is never a match and never an exception', async (name) => {
    const archive = ARCHIVES[name]!;
    await fc.assert(
      fc.asyncProperty(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, flip, cut) => {
        const broken = cut ? archive.slice(0, at) : archive.map((byte, index) => (index === at ? byte ^ flip : byte));
        for (const [published, rebuilt] of [
          [archive, broken],
          [broken, archive],
        ] as const)
          expect((await explainFiles(published, rebuilt)).class).not.toBe('identical');
      }),
      { numRuns: 60 },
    );
  });

  const big = Buffer.alloc(ARCHIVE_LIMITS.unpacked / 2 + 1);
  test.each([
    ['gzip', gzipSync(Buffer.alloc(ARCHIVE_LIMITS.unpacked + 1)), gzipSync('')],
    [
      'zip',
      zipOf([
        { name: 'a', content: big },
        { name: 'b', content: big },
      ]),
      zipOf([]),
    ],
    ['zip that says otherwise', zipOf([{ name: 'a', content: big, size: 1 }]), zipOf([])],
  ])('%s: a bomb is said to be one', async (_, bomb, small) => {
    const explained = await explainFiles(new Uint8Array(bomb), new Uint8Array(small));
    expect(explained).toMatchObject({ class: 'unexplained', problem: expect.stringContaining('unpacks to more than') as string });
  });

  test('more layers than anybody needs are not followed', async () => {
    let [a, b] = [Buffer.from('a'), Buffer.from('b')];
    for (let depth = 0; depth <= ARCHIVE_LIMITS.depth; depth++) [a, b] = [gzipSync(a), gzipSync(b)];
    let explained = await explainFiles(new Uint8Array(a), new Uint8Array(b));
    while (explained.members.length > 0) explained = explained.members[0]!.explanation!;
    expect(explained).toMatchObject({ class: 'unexplained', problem: 'it is packed more than 8 times' });
  });

  test('more members than anybody needs are not listed', async () => {
    const names = Array.from({ length: ARCHIVE_LIMITS.members + 1 }, (_, i) => String(i).padEnd(16));
    const member = (name: string): string =>
      `${name}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'644'.padEnd(8)}${'0'.padEnd(10)}\`\n`;
    const archive = Buffer.from(`!<arch>\n${names.map(member).join('')}`);
    const explained = await explainFiles(new Uint8Array(archive), new Uint8Array(archive.subarray(0, -60)));
    expect(explained).toMatchObject({ class: 'unexplained', problem: expect.stringContaining('more than 100000 members') as string });
  });

  test('more differing members than anybody reads are not compared, and that is said', async () => {
    const archive = (text: string): Uint8Array =>
      zipOf(Array.from({ length: ARCHIVE_LIMITS.compared + 1 }, (_, i) => ({ name: `binary-only-${i}`, content: text })));
    const explained = await explainFiles(archive('a'), archive('b'));
    expect(explained).toMatchObject({ class: 'unexplained', members: { length: ARCHIVE_LIMITS.compared }, truncated: ['members'] });
  });
});
