import type { CauseCode } from '@verbatim/binaries';
import type { GoProgram } from './_build.ts';
import { DEP, HELLO, MOD, NEWER, OLD, downloaded, withDependency } from './_programs.ts';
import type { GoCase } from './_programs.ts';

const GIT = [['tag', 'v1.2.3']];
const VCS = { files: HELLO, flags: ['-trimpath', '-buildvcs=true'] };
const TAGGED = { ...HELLO, 'extra.go': '//go:build extra\n\npackage main\n\nfunc init() { println("extra") }\n' };

/** The build was set up in another way. */
export const SETTINGS: readonly GoCase[] = [
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
