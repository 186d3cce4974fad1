import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { debOf, Folder, tarOf, zipOf } from './_archives.ts';
import { allCauses, explainFiles, type FileExplanation } from './explain-files.ts';

const FILES = { 'bin/hello': 'the program\n'.repeat(50), 'share/readme': 'read me\n' };
const CHANGED = { ...FILES, 'bin/hello': 'another program\n'.repeat(50) };
const subjectsOf = (explained: FileExplanation): (string | null)[] =>
  allCauses(explained)
    .filter(({ code }) => code === 'archive-wrapper')
    .map(({ subject }) => subject)
    .sort();

describe('archives whose members are the same', () => {
  test.each([
    ['mtime', '--mtime=@1700000777'],
    ['owner', '--owner=1000 --group=1000'],
    ['mode', '--mode=go+w'],
    ['order', '--exclude=share --append-nothing'],
    ['format', '--format=ustar'],
    ['padding', '--blocking-factor=50'],
  ] as const)('tar: %s is named, and nothing else', async (subject, options) => {
    const published = tarOf(FILES);
    using folder = new Folder(FILES);
    const base = 'tar --owner=0 --group=0 --mtime=@1700000000 --format=gnu --no-recursion -cf -';
    const rebuilt = subject === 'order' ? folder.run(`${base} share share/readme bin bin/hello`) : tarOf(FILES, options);
    const explained = await explainFiles(published, rebuilt);
    expect(explained).toMatchObject({ class: 'explained', format: 'tar', members: [], problem: null });
    expect(subjectsOf(explained)).toEqual([subject]);
    expect(explained.causes[0]!.certainty).toBe('proven');
    expect(explained.causes[0]!.evidence[0]).toMatch(/: published .+, rebuilt .+/);
  });

  test('gzip: time and name of the header, and another level', async () => {
    using folder = new Folder({ 'a.txt': 'hello '.repeat(500) });
    const [named, nameless, fast] = ['gzip -c a.txt', 'gzip -nc a.txt', 'gzip -n1c a.txt'].map((script) => folder.run(script));
    expect(subjectsOf(await explainFiles(named!, nameless!))).toEqual(['mtime', 'name']);
    const level = await explainFiles(nameless!, fast!);
    expect([level.class, subjectsOf(level)]).toEqual(['explained', ['compression']]);
  });

  test('xz and zstd: another level, with nothing but the stream to tell it', async () => {
    using folder = new Folder({ a: Array.from({ length: 20_000 }, (_, i) => i * i).join(' ') });
    const zstd = (level: number): Uint8Array =>
      new Uint8Array(zstdCompressSync(folder.read('a'), { params: { [constants.ZSTD_c_compressionLevel]: level } }));
    for (const [low, high] of [
      [folder.run('xz -1 -c a'), folder.run('xz -9 -c a')],
      [zstd(1), zstd(9)],
    ] as const) {
      const explained = await explainFiles(low, high);
      expect([explained.class, subjectsOf(explained)]).toEqual(['explained', ['compression']]);
    }
  });

  test('zip: times, permissions, order and level', async () => {
    const [one, two] = [
      { name: 'a', content: 'hello '.repeat(100) },
      { name: 'b', content: 'world' },
    ];
    const base = zipOf([one, two]);
    expect(subjectsOf(await explainFiles(base, zipOf([{ ...one, time: 0x5a21_7000 }, two])))).toEqual(['mtime']);
    expect(subjectsOf(await explainFiles(base, zipOf([{ ...one, mode: 0o100664 }, two])))).toEqual(['mode']);
    expect(subjectsOf(await explainFiles(base, zipOf([two, one])))).toEqual(['order']);
    expect(subjectsOf(await explainFiles(base, zipOf([{ ...one, level: 1 }, two])))).toEqual(['compression']);
  });

  test('.deb: owner in the data archive, times in all of them, another compressor', async () => {
    expect(subjectsOf(await explainFiles(debOf(FILES), debOf(FILES, { tar: '--owner=7' })))).toEqual(['owner', 'owner']);
    const later = await explainFiles(debOf(FILES), debOf(FILES, { time: 1_700_000_555 }));
    expect(later.class).toBe('explained');
    expect(new Set(subjectsOf(later))).toEqual(new Set(['mtime']));
    // Other names of members, so that nothing is compared with anything: not explained.
    expect((await explainFiles(debOf(FILES), debOf(FILES, { compressor: 'gzip' }))).class).toBe('unexplained');
  });

  test('what our own rebuilds disagree about is nondeterministic', async () => {
    const [published, rebuilt, again] = [1, 2, 3].map((second) => tarOf(FILES, `--mtime=@${second}`));
    const rebuilds = [{ bytes: again!, varied: [] }];
    expect((await explainFiles(published!, rebuilt!, { rebuilds })).class).toBe('nondeterministic');
    expect((await explainFiles(published!, rebuilt!, { rebuilds: [{ bytes: rebuilt!, varied: [] }] })).class).toBe('explained');
  });
});

describe('archives whose members differ', () => {
  test('a changed program is found through four layers, and is never explained by its packing', async () => {
    const explained = await explainFiles(debOf(FILES), debOf(CHANGED, { tar: '--owner=7' }));
    expect(explained.class).toBe('unexplained');
    const paths: string[] = [];
    for (let at = explained.members; at.length > 0; at = at.flatMap(({ explanation }) => explanation?.members ?? []))
      paths.push(...at.map(({ path }) => path));
    expect(paths.filter((path) => path !== '')).toEqual(['control.tar.xz', 'data.tar.xz', './md5sums', './bin/hello']);
  });

  test('a list of digests follows the members that it lists, and only those', async () => {
    const explained = await explainFiles(debOf(FILES), debOf(CHANGED));
    const control = explained.members[0]!.explanation!.members[0]!.explanation!;
    expect(control.members).toMatchObject([
      { path: './md5sums', explanation: { class: 'explained', causes: [{ subject: 'digest list' }] } },
    ]);
    const wheel = (record: string): Uint8Array => zipOf([{ name: 'a-1.dist-info/RECORD', content: record }]);
    const lone = await explainFiles(wheel('a.py,sha256=AAAA,1\n'), wheel('a.py,sha256=BBBB,1\n'));
    expect(lone.class).toBe('unexplained');
  });

  test('a binary-only changelog entry is the distribution’s, anything else in it is not', async () => {
    const source = 'hello (1.0-1) sid; urgency=medium\n\n  * Release.\n\n -- N <n@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n';
    const entry = `hello (1.0-1+b1) sid; urgency=low, binary-only=yes\n\n  * Rebuild\n\n -- N <n@example.org>  Fri, 02 Jan 2026 00:00:00 +0000\n\n`;
    const withChangelog = (text: string): Uint8Array => debOf({ 'usr/share/doc/hello/changelog.Debian.amd64.gz': gzipSync(text) });
    const explained = await explainFiles(withChangelog(entry + source), withChangelog(source));
    expect(explained.class).toBe('explained');
    expect(subjectsOf(explained)).toEqual(['binary-only changelog', 'digest list']);
    const edited = await explainFiles(withChangelog(entry + source), withChangelog(source.replace('Release', 'Change')));
    expect(edited.class).toBe('unexplained');
  });

  test.each([
    [
      'a member that only one has',
      [{ name: 'a', content: 'x' }],
      [
        { name: 'a', content: 'x' },
        { name: 'b', content: '' },
      ],
    ],
    ['a program that may run as another user', [{ name: 'a', content: 'x' }], [{ name: 'a', content: 'x', mode: 0o104755 }]],
    ['a link in place of a file', [{ name: 'a', content: 'x' }], [{ name: 'a', content: 'x', mode: 0o120777 }]],
  ])('%s is not a matter of packing', async (_, published, rebuilt) => {
    const explained = await explainFiles(zipOf(published), zipOf(rebuilt));
    expect(explained.class).toBe('unexplained');
    expect(explained.causes).toMatchObject([{ code: 'different-source', certainty: 'likely' }]);
  });

  test('nor is where a link leads, nor a program in front of the archive', async () => {
    using folder = new Folder();
    const link = (target: string): Uint8Array => folder.run(`ln -sfn ${target} l && tar --mtime=@1 --owner=0 --group=0 -cf - l`);
    expect((await explainFiles(link('a'), link('b'))).class).toBe('unexplained');
    const members = [{ name: '__main__.py', content: 'print(1)' }];
    expect((await explainFiles(zipOf(members, { stub: '#!/bin/a\n' }), zipOf(members, { stub: '#!/bin/b\n' }))).class).toBe('unexplained');
    expect((await explainFiles(zipOf(members, { comment: 'a' }), zipOf(members, { comment: 'b' }))).class).toBe('unexplained');
  });

  test('identical files are identical, whatever is in them', async () => {
    const archive = debOf(FILES);
    expect(await explainFiles(archive, archive.slice())).toMatchObject({ class: 'identical', causes: [], members: [] });
  });
});
