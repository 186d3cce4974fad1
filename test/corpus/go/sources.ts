import { randomUUID } from 'node:crypto';
import type { ExplainContext } from '@verbatim/binaries';
import type { Built } from './_build.ts';
import { DEP, HELLO, OLD, PUBLISHED, downloaded, main, now, release, stamp, times, withDependency } from './_programs.ts';
import type { GoCase } from './_programs.ts';

/** The source is another one, however innocent it looks. */
export const SOURCES: readonly GoCase[] = [
  ...sources('a number', main('println(41999)'), main('println(42000)')),
  ...sources('a string', main('println("allow")'), main('println("block")')),
  ...sources('a string of another length', main('println("deny")'), main('println("allow everything that anybody asks for")')),
  ...sources(
    'a swapped branch',
    main('if ready() { println("yes") } else { println("no") }', '//go:noinline\nfunc ready() bool { return true }'),
    main('if !ready() { println("yes") } else { println("no") }', '//go:noinline\nfunc ready() bool { return true }'),
  ),
  ...sources('a constant that looks like a date', main('println("2024-01-01T00:00:00Z")'), main('println("2024-02-01T00:00:00Z")')),
  ...sources('a constant that looks like a path', main('println("/home/alice/app/conf")'), main('println("/home/mallo/app/conf")')),
  ...sources(
    'a constant that looks like a uuid',
    main('println("6f1c9a52-4f0e-4a55-9d52-0a4f3f6f8d11")'),
    main('println("6f1c9a52-4f0e-4a55-9d52-0a4f3f6f8d12")'),
  ),
  ...sources(
    'the order of a table',
    ...([
      ['a', 'b'],
      ['b', 'a'],
    ].map(([x, y]) => orderedTable(x!, y!)) as [Record<string, string>, Record<string, string>]),
  ),
  ...sources('a dependency under the same version', withDependency(DEP), withDependency('func Name() string { return "bad" }')),
  {
    name: 'source: a dependency whose version was published twice',
    published: downloaded(OLD),
    rebuilt: downloaded(release('v1.0.0', 'func Name() string { return "bad" }')),
    code: 'different-source',
    subject: 'example.org/dep',
    class: 'unexplained',
  },
  {
    name: 'a number, in another folder',
    published: { files: main('println(41999)'), flags: ['-buildvcs=false'], folder: 'runner/work/app/app' },
    rebuilt: { files: main('println(42000)'), flags: ['-buildvcs=false'] },
    context: ({ folder }) => ({ host: { folders: [folder] }, inputs: Object.values(HELLO) }),
    code: 'build-path',
    class: 'unexplained',
  },
  {
    name: 'a number, under another GOAMD64 whose rebuild does not match',
    published: { files: main('println(41999)'), env: { GOAMD64: 'v3' } },
    rebuilt: { files: main('println(42000)') },
    again: [{ program: { files: main('println(42000)'), env: { GOAMD64: 'v3' } }, varied: ['setting'] }],
    code: 'go-setting',
    class: 'unexplained',
  },
  {
    name: 'a number, beside an honest timestamp',
    published: { files: main('println(stamp, 41999)', 'var stamp = "unset"'), ldflags: stamp('2026-03-04T05:06:07Z') },
    rebuilt: { files: main('println(stamp, 42000)', 'var stamp = "unset"'), ldflags: () => stamp(now()) },
    context: times,
    code: 'timestamp',
    class: 'unexplained',
  },
  {
    name: 'a number, beside a random value of every build',
    published: { files: main('println(stamp, 41999)', 'var stamp = "unset"'), ldflags: () => stamp(randomUUID()) },
    rebuilt: { files: main('println(stamp, 42000)', 'var stamp = "unset"'), ldflags: () => stamp(randomUUID()) },
    again: [{ varied: [] }],
    code: 'random-value',
    class: 'unexplained',
  },
  {
    name: 'a number, with symbols left in',
    published: { files: main('println(41999)'), ldflags: '' },
    rebuilt: { files: main('println(42000)') },
    code: 'stripped',
    class: 'unexplained',
  },
];

/** With everything that the context can hold, so that the class does not rest on missing knowledge. */
function sources(name: string, published: Record<string, string>, rebuilt: Record<string, string>): GoCase[] {
  const context = (built: Built): ExplainContext => ({
    inputs: Object.values(rebuilt),
    host: { hostname: 'rebuild-07', user: 'verbatim', folders: [built.folder], from: built.from, to: built.to },
    publishedAt: PUBLISHED,
  });
  const rest = { published: { files: published }, rebuilt: { files: rebuilt }, code: 'different-source', class: 'unexplained' } as const;
  return [{ name: `source: ${name}`, ...rest, context, again: [{ varied: ['path', 'clock'] }] }];
}

function orderedTable(x: string, y: string): Record<string, string> {
  return main('for _, name := range table { println(name) }', `var table = []string{"${x}", "${y}", "c", "d", "e", "f"}`);
}
