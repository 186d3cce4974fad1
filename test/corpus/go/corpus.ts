// The corpus: pairs of builds that differ in exactly one thing, and what an explanation must say about them.
import { randomBytes, randomUUID } from 'node:crypto';
import type { CauseCode, ExplainContext, ExplanationClass, OwnRebuild } from '@verbatim/binaries';
import type { Built, GoProgram } from './_build.ts';
import type { GoModules } from './_proxy.ts';

/** What else is built, and what the rebuilder knows: made from the rebuild itself. */
export interface Extra {
  /** Further rebuilds of our own; with no `program`, the rebuilt one once more. */
  readonly again?: readonly { readonly program?: GoProgram; readonly varied: OwnRebuild['varied'] }[];
  readonly context?: (rebuilt: Built) => ExplainContext;
}

export interface GoCase extends Extra {
  readonly name: string;
  readonly published: GoProgram;
  readonly rebuilt: GoProgram;
  /** The code that must come first. */
  readonly code: CauseCode;
  readonly subject?: string;
  readonly class: ExplanationClass;
}

const MOD = 'module example.org/app\n\ngo 1.21\n';
const main = (body: string, declarations = ''): Record<string, string> => ({
  'go.mod': MOD,
  'main.go': `package main\n\n${declarations}\n\nfunc main() {\n${body}\n}\n`,
});
const STAMPED = main('println("built", stamp)', 'var stamp = "unset"');
const HELLO = main('println("hello")');
const stamp = (value: string) => `-s -w -X main.stamp=${value}`;
const now = () => new Date().toISOString().replace(/\.\d+/, '');
/** The publisher's clock. */
const PUBLISHED = Date.parse('2026-03-04T05:06:07Z') / 1000;
const times = ({ from, to }: Built): ExplainContext => ({ host: { from, to }, publishedAt: PUBLISHED + 3600 });
/** As a template engine or a script would write it. */
const constant = (name: string, value: string): Record<string, string> => ({ 'stamp.go': `package main\n\nvar ${name} = ${value}\n` });
const integers = (bytes: Uint8Array) => `[...]byte{${bytes.join(', ')}}`;
const NAMES = Array.from({ length: 64 }, (_, i) => `name${i}-${(i * 2654435761) % 1000}`);
const MAP_GENERATOR = {
  ...main('for _, name := range table { println(name) }'),
  'gen/main.go': `package main\n\nvar names = map[string]bool{\n${NAMES.map((name) => `\t"${name}": true,\n`).join('')}}\n\nfunc main() {
	print("package main\\n\\nvar table = []string{\\n")
	for name := range names { print("\\t\\"", name, "\\",\\n") }
	print("}\\n")\n}\n`,
};

/** Something of the build's surroundings gets into the file. */
const SURROUNDINGS: readonly GoCase[] = [
  {
    name: 'a time given to the linker',
    published: { files: STAMPED, ldflags: stamp('2026-03-04T05:06:07Z') },
    rebuilt: { files: STAMPED, ldflags: () => stamp(now()) },
    context: times,
    code: 'timestamp',
    class: 'explained',
  },
  {
    name: 'a time in a generated file',
    published: { files: main('println(stamp)'), generated: () => constant('stamp', '"Wed Mar  4 05:06:07 2026"') },
    rebuilt: { files: main('println(stamp)'), generated: () => constant('stamp', JSON.stringify(ctime(new Date()))) },
    context: times,
    code: 'timestamp',
    class: 'explained',
  },
  {
    name: 'a time as an integer',
    published: { files: main('println(stamp)'), generated: () => constant('stamp', String(PUBLISHED)) },
    rebuilt: { files: main('println(stamp)'), generated: () => constant('stamp', String(Math.floor(Date.now() / 1000))) },
    context: times,
    code: 'timestamp',
    class: 'explained',
  },
  {
    name: 'a time, with nothing known about our own build',
    published: { files: STAMPED, ldflags: stamp('2026-03-04T05:06:07Z') },
    rebuilt: { files: STAMPED, ldflags: () => stamp(now()) },
    code: 'timestamp',
    class: 'unexplained',
  },
  {
    name: 'the folder of the sources, names of one length',
    published: { files: HELLO, flags: ['-buildvcs=false'], folder: 'alice/work' },
    rebuilt: { files: HELLO, flags: ['-buildvcs=false'], folder: 'carol/work' },
    context: ({ folder }) => ({ host: { folders: [folder] }, inputs: Object.values(HELLO) }),
    code: 'build-path',
    class: 'explained',
  },
  {
    name: 'the folder of the sources, names of other lengths, with debug information',
    published: { files: HELLO, flags: ['-buildvcs=false'], ldflags: '', folder: 'runner/work/app/app' },
    rebuilt: { files: HELLO, flags: ['-buildvcs=false'], ldflags: '', folder: 'src' },
    context: ({ folder }) => ({ host: { folders: [folder] }, inputs: Object.values(HELLO) }),
    code: 'build-path',
    class: 'explained',
  },
  {
    name: 'the host name',
    published: { files: STAMPED, ldflags: stamp('fv-az1234-567') },
    rebuilt: { files: STAMPED, ldflags: stamp('rebuild-07.eu') },
    context: () => ({ host: { hostname: 'rebuild-07.eu' }, inputs: Object.values(STAMPED) }),
    code: 'hostname',
    class: 'explained',
  },
  {
    name: 'the user',
    published: { files: STAMPED, ldflags: stamp('goreleaser') },
    rebuilt: { files: STAMPED, ldflags: stamp('verbatim-9') },
    context: () => ({ host: { user: 'verbatim-9' }, inputs: Object.values(STAMPED) }),
    code: 'user',
    class: 'explained',
  },
  {
    name: 'the host name, of another length',
    published: { files: STAMPED, ldflags: stamp('runner-1.internal.example') },
    rebuilt: { files: STAMPED, ldflags: stamp('rebuild-07.eu') },
    context: () => ({ host: { hostname: 'rebuild-07.eu' }, inputs: Object.values(STAMPED) }),
    code: 'hostname',
    class: 'unexplained',
  },
  {
    name: 'the user and host, with nothing known about ours',
    published: { files: STAMPED, ldflags: stamp('runner@fv-az1234-567') },
    rebuilt: { files: STAMPED, ldflags: stamp('root@buildkitsandbox') },
    code: 'hostname',
    class: 'unexplained',
  },
  {
    name: 'a time in another form',
    published: { files: STAMPED, ldflags: `-s -w '-X=main.stamp=Wed, 04 Mar 2026 05:06:07 +0000'` },
    rebuilt: { files: STAMPED, ldflags: () => stamp(now()) },
    context: times,
    code: 'timestamp',
    class: 'unexplained',
  },
  {
    name: 'the folder of a generator, in a constant that it wrote',
    published: { files: main('println(from)'), generated: () => constant('from', '"/home/runner/work/app/app/gen.json"') },
    rebuilt: { files: main('println(from)'), generated: () => constant('from', '"/srv/builds/0042/gen.json"') },
    context: () => ({ host: { folders: ['/srv/builds/0042'] }, inputs: Object.values(STAMPED) }),
    code: 'build-path',
    class: 'unexplained',
  },
  {
    name: 'a random temporary folder',
    published: { files: STAMPED, ldflags: () => stamp(temporary()) },
    rebuilt: { files: STAMPED, ldflags: () => stamp(temporary()) },
    again: [{ varied: [] }],
    code: 'temporary-path',
    class: 'nondeterministic',
  },
  {
    name: 'a uuid',
    published: { files: STAMPED, ldflags: () => stamp(randomUUID()) },
    rebuilt: { files: STAMPED, ldflags: () => stamp(randomUUID()) },
    again: [{ varied: [] }],
    code: 'random-value',
    class: 'nondeterministic',
  },
  {
    name: 'a random key as bytes',
    published: { files: main('for _, b := range key { print(b) }'), generated: () => constant('key', integers(randomBytes(32))) },
    rebuilt: { files: main('for _, b := range key { print(b) }'), generated: () => constant('key', integers(randomBytes(32))) },
    again: Array.from({ length: 3 }, () => ({ varied: [] })),
    code: 'random-value',
    class: 'nondeterministic',
  },
  {
    name: 'the order of a map in a generated file',
    published: { files: MAP_GENERATOR, generator: ['run', './gen'] },
    rebuilt: { files: MAP_GENERATOR, generator: ['run', './gen'] },
    again: [{ varied: [] }],
    code: 'order',
    class: 'nondeterministic',
  },
];

function ctime(date: Date): string {
  const [day, month, number, year, clock] = date
    .toUTCString()
    .replace(',', '')
    .split(' ')
    .slice(0, 5)
    .map((_, i, all) => all[[0, 2, 1, 3, 4][i]!]!);
  return `${day} ${month} ${String(Number(number)).padStart(2, ' ')} ${clock} ${year}`;
}

const temporary = () => `/tmp/go-build${String(randomBytes(4).readUInt32LE()).padStart(10, '1')}/b001`;

const GIT = [['tag', 'v1.2.3']];
const VCS = { files: HELLO, flags: ['-trimpath', '-buildvcs=true'] };
const DEPENDENT = {
  'main.go': 'package main\n\nimport "example.org/dep"\n\nfunc main() { println(dep.Name()) }\n',
};
const withDependency = (code: string, version = 'v1.0.0'): Record<string, string> => ({
  ...DEPENDENT,
  'go.mod': `${MOD}\nrequire example.org/dep ${version}\n\nreplace example.org/dep => ./dep\n`,
  'dep/go.mod': 'module example.org/dep\n\ngo 1.21\n',
  'dep/dep.go': `package dep\n\n//go:noinline\n${code}\n`,
});
const DEP = 'func Name() string { return "dep" }';
const TAGGED = { ...HELLO, 'extra.go': '//go:build extra\n\npackage main\n\nfunc init() { println("extra") }\n' };

/** The same dependency through a module proxy, so that it has a hash. */
const release = (version: string, code: string) => ({
  [`example.org/dep@${version}`]: { 'go.mod': 'module example.org/dep\n\ngo 1.21\n', 'dep.go': `package dep\n\n${code}\n` },
});
const REQUIRING = { ...DEPENDENT, 'go.mod': `${MOD}\nrequire example.org/dep v1.0.0\n` };
const downloaded = (modules: GoModules, ...before: string[][]): GoProgram => ({
  files: REQUIRING,
  modules,
  before: [...before, ['mod', 'tidy']],
});
const OLD = release('v1.0.0', DEP);
const NEWER = { ...OLD, ...release('v1.1.0', 'func Name() string { return "new" }') };

/** A setting of the build differs; a rebuild with it as published gives the published bytes. */
function setting(
  name: string,
  published: Partial<GoProgram>,
  code: CauseCode,
  subject?: string,
  common: GoProgram = { files: HELLO },
): GoCase[] {
  const program = { ...common, ...published };
  const same = { code, ...(subject === undefined ? {} : { subject }), published: program, rebuilt: common };
  return [
    { name, class: 'unexplained', ...same },
    { name: `${name}, and a rebuild with it set as published`, class: 'explained', again: [{ program, varied: ['setting'] }], ...same },
  ];
}

const SETTINGS: readonly GoCase[] = [
  ...setting('another release of Go', { toolchain: 'go1.23.5' }, 'compiler-version', 'Go'),
  ...setting('GOAMD64', { env: { GOAMD64: 'v3' } }, 'go-setting', 'GOAMD64'),
  ...setting('CGO_ENABLED', { env: { CGO_ENABLED: '1' } }, 'go-setting', 'CGO_ENABLED'),
  ...setting('GOEXPERIMENT', { env: { GOEXPERIMENT: 'nogreenteagc' } }, 'go-setting', 'GOEXPERIMENT'),
  ...setting('-trimpath', { flags: ['-buildvcs=false'] }, 'go-setting', '-trimpath'),
  ...setting('build tags', { flags: ['-trimpath', '-buildvcs=false', '-tags=extra'] }, 'go-setting', '-tags', { files: TAGGED }),
  ...setting(
    'the go line of go.mod, far enough to change DefaultGODEBUG',
    { files: { ...HELLO, 'go.mod': MOD.replace('1.21', '1.22') } },
    'go-line',
  ),
  ...setting('a version control stamp on one side', { ...VCS, git: GIT }, 'vcs-stamp'),
  ...setting('the version of a dependency', { files: withDependency(DEP, 'v1.0.1') }, 'dependency-version', 'example.org/dep', {
    files: withDependency(DEP),
  }),
  {
    name: 'a dependency that was not pinned',
    published: downloaded(OLD),
    rebuilt: downloaded(NEWER, ['get', 'example.org/dep@latest']),
    code: 'dependency-version',
    subject: 'example.org/dep',
    class: 'unexplained',
  },
  {
    name: 'a vendor folder',
    published: {
      ...downloaded(OLD),
      before: [
        ['mod', 'tidy'],
        ['mod', 'vendor'],
      ],
    },
    rebuilt: downloaded(OLD),
    code: 'vendor-mode',
    class: 'unexplained',
  },
  ...setting('files named instead of the package', { main: ['main.go'] }, 'main-package'),
  ...setting('the target', { env: { GOARCH: '386' } }, 'target', undefined).slice(0, 1),
  {
    name: 'a modified checkout',
    published: { ...VCS, git: [], dirt: { 'notes.txt': 'x' } },
    rebuilt: { ...VCS, git: [] },
    code: 'vcs-modified',
    class: 'unexplained',
  },
  { name: 'a tag', published: { ...VCS, git: GIT }, rebuilt: { ...VCS, git: [] }, code: 'module-version', class: 'unexplained' },
];

/** Only identifiers, symbols or debug information differ. */
const LINKING: readonly GoCase[] = [
  {
    name: 'the spelling of -ldflags',
    published: { files: HELLO },
    rebuilt: { files: HELLO, ldflags: '-w -s' },
    code: 'ldflags',
    class: 'identical-except-ids',
  },
  {
    name: 'an -X of a variable that does not exist',
    published: { files: HELLO, ldflags: '-s -w -X main.commit=1234567' },
    rebuilt: { files: HELLO },
    code: 'ldflags',
    class: 'identical-except-ids',
  },
  {
    name: 'an -X of another value',
    published: { files: STAMPED, ldflags: stamp('stable') },
    rebuilt: { files: STAMPED, ldflags: stamp('nightly') },
    code: 'ldflags',
    class: 'unexplained',
  },
  ...['linux/arm64', 'darwin/arm64', 'windows/amd64'].map((target): GoCase => ({
    name: `the spelling of -ldflags, ${target}`,
    published: { files: HELLO, env: { GOOS: target.split('/')[0]!, GOARCH: target.split('/')[1]! } },
    rebuilt: { files: HELLO, env: { GOOS: target.split('/')[0]!, GOARCH: target.split('/')[1]! }, ldflags: '-w -s' },
    code: 'ldflags',
    class: 'identical-except-ids',
  })),
  {
    name: 'another linker for C',
    published: { files: HELLO, env: { CGO_ENABLED: '1' }, ldflags: '-s -w -linkmode external -extldflags -fuse-ld=gold' },
    rebuilt: { files: HELLO, env: { CGO_ENABLED: '1' }, ldflags: '-s -w -linkmode external' },
    code: 'linker-or-crt',
    class: 'unexplained',
  },
  {
    name: 'strip run afterwards',
    published: { files: HELLO, ldflags: '', after: [['strip']] },
    rebuilt: { files: HELLO, ldflags: '' },
    code: 'stripped',
    class: 'explained',
  },
  {
    name: 'the patch release in the go line of go.mod',
    published: { files: { ...HELLO, 'go.mod': MOD.replace('1.21', '1.21.5') } },
    rebuilt: { files: { ...HELLO, 'go.mod': MOD.replace('1.21', '1.21.0') } },
    code: 'go-line',
    class: 'identical-except-ids',
  },
  {
    name: 'symbols and debug information left in',
    published: { files: HELLO, ldflags: '' },
    rebuilt: { files: HELLO },
    code: 'stripped',
    class: 'explained',
  },
  {
    name: 'debug information left in',
    published: { files: HELLO, ldflags: '' },
    rebuilt: { files: HELLO, ldflags: '-w' },
    code: 'stripped',
    class: 'explained',
  },
];

/** The source is another one, however innocent it looks. */
const SOURCE: readonly GoCase[] = [
  ...sources('a number', main('println(41999)'), main('println(42000)')),
  ...sources('a string', main('println("allow")'), main('println("block")')),
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

export const GO_CORPUS: readonly GoCase[] = [...SURROUNDINGS, ...SETTINGS, ...LINKING, ...SOURCE];
