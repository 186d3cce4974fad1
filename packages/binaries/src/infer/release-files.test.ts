import { describe, expect, test } from 'vitest';
import { linkerFlagsInFiles, MAX_RELEASE_FILES, releaseFiles } from './release-files.ts';
import type { ReleaseFacts } from './values.ts';

const FACTS: ReleaseFacts = {
  module: 'example.org/tool',
  version: 'v1.2.3',
  revision: '0123456789abcdef0123456789abcdef01234567',
  time: '2026-01-02T03:04:05Z',
  times: ['2026-01-03T00:00:00Z'],
  goos: 'linux',
  goarch: 'amd64',
  program: 'tool',
};
const flagsIn = (file: string, text: string): string[] => linkerFlagsInFiles(new Map([[file, text]]), FACTS).map(({ ldflags }) => ldflags);

describe('release scripts', () => {
  test.each([
    ['quoted', 'go build -ldflags="-w -s" .', '-w -s'],
    ['quoted together with the flag', 'GO_FLAGS += "-ldflags=-s -w -buildid=" -buildvcs=false', '-s -w -buildid='],
    ['bare', 'go build -ldflags=-s ./cmd/x', '-s'],
    ['in a quoted command', 'echo go build -ldflags \\"-s -w\\" .', '-s -w'],
    [
      'read by a shell a second time',
      `sh_c go build -trimpath \\\n  -ldflags "'-X example.org/tool/lib.Version=$VERSION'" \\\n -o x .`,
      '-X example.org/tool/lib.Version=v1.2.3',
    ],
    ['with a default', 'go build -ldflags "-X main.version=${VERSION:-dev}"', '-X main.version=v1.2.3'],
    ['without the v', 'go build -ldflags "-X main.version=${VERSION#v}"', '-X main.version=1.2.3'],
    ['of a workflow', 'run: go build -ldflags "-s -w -X main.v=${{ github.ref_name }}"', '-s -w -X main.v=v1.2.3'],
    ['with a command', 'go build -ldflags "-X main.c=$(git rev-parse HEAD)"', `-X main.c=${FACTS.revision}`],
    ['with a short revision', 'go build -ldflags "-X main.c=`git rev-parse --short HEAD`"', '-X main.c=0123456'],
  ])('-ldflags %s are read', (_, script, expected) => {
    expect(flagsIn('build.sh', script)).toContain(expected);
  });

  test('variables of make are followed, with what they are added to', () => {
    const makefile = [
      'PACKAGE = $(shell go list -m)',
      'GIT_VERSION = $(shell git describe --tags --always --dirty)',
      'LD_FLAGS = -s -w \\',
      "\t-X '$(PACKAGE)/pkg/version.Version=$(GIT_VERSION)'",
      'ARGS = -ldflags "$(LD_FLAGS)"',
    ].join('\n');
    expect(flagsIn('Makefile', makefile)).toContain("-s -w -X 'example.org/tool/pkg/version.Version=v1.2.3'");
  });

  test('what is unknown gives no guess', () => {
    expect(flagsIn('build.sh', 'go build -ldflags "-X main.x=$FOO"')).toEqual([]);
    expect(flagsIn('build.sh', 'A=$B\nB=$A\ngo build -ldflags "$A"')).toEqual([]);
  });
});

describe('.goreleaser.yml', () => {
  test('flags are joined by spaces, and its templates filled in', () => {
    const text = 'builds:\n- ldflags:\n  - -s -w\n  - -X main.version={{ .Version }} -X main.commit={{.ShortCommit}}\n';
    expect(flagsIn('.goreleaser.yml', text)[0]).toBe('-s -w -X main.version=1.2.3 -X main.commit=0123456');
  });

  test('what it leaves out is as GoReleaser has it, with the build’s time from the program', () => {
    const expected = `-s -w -X main.version=1.2.3 -X main.commit=${FACTS.revision} -X main.date=2026-01-03T00:00:00Z -X main.builtBy=goreleaser`;
    expect(flagsIn('.goreleaser.yaml', 'builds:\n- main: .\n')).toContain(expected);
  });

  test.each([
    ['broken', 'builds: [: }'],
    ['no list', 'builds: 3'],
    ['a list of lists', 'builds:\n- ldflags: [[a]]'],
    ['nothing', ''],
    [
      'a document that aliases make a million times larger',
      [
        'a: &a [x,x,x,x,x,x,x,x,x,x]',
        ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefg'[i]!},`.repeat(10)}]`),
        'builds: [{ldflags: *h}]',
      ].join('\n'),
    ],
  ])('%s gives nothing', (_, text) => {
    expect(flagsIn('.goreleaser.yml', text)).toEqual([]);
  });
});

describe('hostile sources', () => {
  test('files that are read are few, and of known names', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `a/${i}.sh`);
    expect(releaseFiles([...many, 'go.mod', 'vendor/x/Makefile', '.goreleaser.yml'])).toHaveLength(MAX_RELEASE_FILES);
    expect(releaseFiles(['main.go', 'vendor/x/Makefile', 'README.md'])).toEqual([]);
    expect(releaseFiles(['x.sh', 'Makefile', '.goreleaser.yml'])).toEqual(['.goreleaser.yml', 'Makefile', 'x.sh']);
  });

  test.each([
    ['a quarter of a megabyte of one flag', '-ldflags='.repeat(28_000)],
    ['brackets that never close', `-ldflags="${'$('.repeat(2000)}"\n`.repeat(60)],
    [
      'variables that stand for each other',
      Array.from({ length: 1000 }, (_, i) => `V${i}=$V${i + 1}$V${i + 1}`).join('\n') + '\ngo -ldflags "$V0"',
    ],
    ['many versions', `go build -ldflags "${'-X a.version=$VERSION '.repeat(60)}"`],
    ['quotes without an end', `-ldflags "${'\\"'.repeat(100_000)}`],
    ['one long line', `${' '.repeat(200_000)}x -ldflags ${' '.repeat(20_000)}`],
  ])('%s take no time to speak of', (_, script) => {
    // What backtracks over these is not done within the test's time.
    expect(flagsIn('build.sh', script).length).toBeLessThanOrEqual(64);
  });
});
