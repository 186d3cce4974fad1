import { randomBytes, randomUUID } from 'node:crypto';
import { PUBLISHED, STAMPED, HELLO, constant, main, now, stamp, times } from './_programs.ts';
import type { GoCase } from './_programs.ts';

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
export const SURROUNDINGS: readonly GoCase[] = [
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
