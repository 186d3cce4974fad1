// The corpus: what was done to one of two builds, and what must be said of it.
import type { CauseCode, ExplainContext, ExplanationClass } from '@verbatim/binaries';
import { BUILD_SCRIPTS } from './_build-scripts.ts';
import { PROGRAM, RustFolder, type Run } from './_rust.ts';

export interface Pair {
  readonly published: Uint8Array;
  readonly rebuilt: Uint8Array;
  readonly context?: ExplainContext;
}

export interface Case {
  readonly name: string;
  readonly build: () => Pair;
  /** The one that must be named; null when the files must be identical. */
  readonly cause: CauseCode | null;
  readonly class: ExplanationClass;
  readonly subject?: RegExp;
  readonly absent?: readonly CauseCode[];
}

const STRIP = '-Cstrip=symbols';

/** Two builds by rustc in one folder. */
function pair(
  published: readonly string[],
  rebuilt: readonly string[],
  options: { main?: string; otherMain?: string; run?: Run; otherRun?: Run } = {},
): Pair {
  const { main = PROGRAM, otherMain = main, run = {}, otherRun = {} } = options;
  using folder = new RustFolder({ 'src/main.rs': main });
  const first = folder.rustc(published, run);
  folder.write({ 'src/main.rs': otherMain });
  return { published: first, rebuilt: folder.rustc(rebuilt, otherRun) };
}

/** Two builds in folders of their own. */
function inTwoFolders(
  flags: (path: string, folder: number) => readonly string[],
  names: readonly [string, string] = ['verbatim-a-', 'verbatim-b-'],
): Pair {
  const [published, rebuilt] = names.map((name, number) => {
    using folder = new RustFolder({ 'src/main.rs': PROGRAM }, name);
    return folder.rustc(flags(folder.path, number));
  });
  return { published: published!, rebuilt: rebuilt! };
}

/** A change of source as small as they come. */
const changed = (from: string, to: string): Pair => {
  if (!PROGRAM.includes(from)) throw new Error(`the program does not contain ${from}`);
  return pair([STRIP], [STRIP], { otherMain: PROGRAM.replace(from, to) });
};

/** gcc's start files with another version of gcc in .comment, in a folder that the linker looks into first: Debian's difference of two revisions. */
function otherStartFiles(): Pair {
  using folder = new RustFolder({ 'src/main.rs': PROGRAM });
  folder.shell(`
    mkdir crt
    for name in crtbeginS.o crtendS.o crti.o crtn.o Scrt1.o; do
      from=$(gcc -print-file-name=$name)
      printf 'GCC: (Debian 12.2.0-14) 12.2.0\\0' > comment
      objcopy --remove-section .comment "$from" crt/$name
      objcopy --add-section .comment=comment --set-section-flags .comment=merge,strings crt/$name
    done`);
  const plain = folder.rustc([STRIP]);
  return { published: folder.rustc([STRIP, `-Clink-arg=-B${folder.path}/crt`]), rebuilt: plain };
}

/** The same program, packed at another time by another user. */
function packed(): Pair {
  using folder = new RustFolder({ 'src/main.rs': PROGRAM });
  const tar = (options: string): Uint8Array => folder.shell(`tar --format=gnu ${options} -czf - src`);
  return { published: tar('--mtime=@1000 --owner=0 --group=0'), rebuilt: tar('--mtime=@2000 --owner=1000 --group=0') };
}

export const CASES: readonly Case[] = [
  { name: 'the same build twice is identical', build: () => pair([STRIP], [STRIP]), cause: null, class: 'identical' },
  {
    name: 'two folders, mapped to one, give identical files',
    build: () => inTwoFolders((path) => [`--remap-path-prefix=${path}=/src`, '-g', `${path}/src/main.rs`]),
    cause: null,
    class: 'identical',
  },
  {
    name: 'the path of the build folder',
    build: () => inTwoFolders((path) => [STRIP, `${path}/src/main.rs`]),
    cause: 'build-path',
    class: 'unexplained',
  },
  {
    name: 'the path of the build folder, in debug information',
    // Named, so that the paths are the same at every run.
    build: () =>
      inTwoFolders((path, number) => ['-g', `--remap-path-prefix=${path}=${['/home/alice/hello', '/srv/builder/hello'][number]!}`]),
    cause: 'build-path',
    class: 'unexplained',
  },
  {
    name: 'the version of rustc',
    build: () => pair([STRIP], [STRIP], { otherRun: { toolchain: 'nightly' } }),
    cause: 'compiler-version',
    subject: /rustc/,
    class: 'unexplained',
    absent: ['build-path', 'different-source', 'build-profile'],
  },
  {
    name: 'the number of codegen units',
    build: () => pair([STRIP, '-Ccodegen-units=1'], [STRIP, '-Ccodegen-units=16']),
    cause: 'build-profile',
    class: 'unexplained',
  },
  { name: 'the optimisation level', build: () => pair([STRIP], [STRIP, '-Copt-level=3']), cause: 'build-profile', class: 'unexplained' },
  {
    name: 'checks of a debug profile',
    build: () => pair([STRIP], [STRIP, '-Copt-level=0', '-Cdebug-assertions=yes']),
    cause: 'build-profile',
    subject: /overflow-checks/,
    class: 'unexplained',
  },
  { name: 'symbols left in', build: () => pair([], [STRIP]), cause: 'stripped', class: 'explained', absent: ['different-source'] },
  {
    name: 'the hash in symbol names (-C metadata, as by another host or profile)',
    build: () => pair(['-Cmetadata=one'], ['-Cmetadata=another']),
    cause: 'symbol-hash',
    class: 'unexplained',
    absent: ['random-value', 'different-source'],
  },
  {
    name: 'the linker',
    build: () => pair([STRIP], [STRIP, '-Clink-arg=-fuse-ld=bfd']),
    cause: 'linker-or-crt',
    subject: /Linker: LLD/,
    class: 'unexplained',
    absent: ['different-source', 'build-profile'],
  },
  {
    name: 'the revision of gcc in the start files’ .comment',
    build: otherStartFiles,
    cause: 'linker-or-crt',
    subject: /GCC/,
    class: 'identical-except-ids',
  },
  { name: 'an archive around the same files', build: packed, cause: 'archive-wrapper', class: 'explained' },
  { name: 'a constant of the source', build: () => changed('insert(0)', 'insert(1)'), cause: 'different-source', class: 'unexplained' },
  { name: 'an operator of the source', build: () => changed('+= 1;', '-= 1;'), cause: 'different-source', class: 'unexplained' },
  { name: 'a text of the source', build: () => changed('the second', 'the second:'), cause: 'different-source', class: 'unexplained' },
  {
    name: 'a source changed behind another version of rustc',
    build: () => pair([STRIP], [STRIP], { otherMain: PROGRAM.replace('+= 1;', '-= 1;'), otherRun: { toolchain: 'nightly' } }),
    cause: 'compiler-version',
    class: 'unexplained',
  },
  ...BUILD_SCRIPTS,
];
