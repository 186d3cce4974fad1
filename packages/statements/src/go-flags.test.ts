import { describe, expect, test } from 'vitest';
import { outcome } from './_refusals.ts';
import { GO_ENV_NAMES, goEnv } from './go-env.ts';
import { checkLinkerFlags, goFlag, splitQuoted } from './go-flags.ts';

describe('flags of go build', () => {
  test.each([
    '-trimpath',
    '-buildvcs=true',
    '-buildvcs=false',
    '-mod=readonly',
    '-mod=vendor',
    '-buildmode=pie',
    '-pgo=off',
    '-gcflags=-l',
    '-gcflags=all=-N -l',
    '-gcflags=cmd/...=-dwarf=false',
    '-asmflags=-spectre=all',
  ])('may be %s', (flag) => {
    expect(outcome(() => goFlag(flag, ''))).toBe('accepted');
  });

  test.each([
    '-toolexec=/tmp/x',
    '-toolexec',
    '--toolexec=x',
    '-exec=x',
    '-overlay=x.json',
    '-modfile=x.mod',
    '-modcacherw',
    '-o=/tmp/x',
    '-o',
    '-C=/tmp',
    '-mod=mod',
    '-buildvcs=auto',
    '-buildvcs',
    '-buildmode=plugin',
    '-compiler=gccgo',
    '-gccgoflags=-O2',
    '-pkgdir=x',
    '-race',
    '-tags=netgo',
    '-ldflags=-s',
    '-gcflags=-cpuprofile=x',
    '-gcflags=-embedcfg=x',
    '-gcflags=-N -o=x',
    '-gcflags=-N;x',
    '-asmflags=-I=x',
    '-trimpath=x',
    'trimpath',
    '',
    '-trimpath\n-o',
  ])('may not be %s', (flag) => {
    expect(outcome(() => goFlag(flag, 'flags[0]'))).toBe('bad-schema flags[0]');
  });
});

describe('linker flags', () => {
  test.each([
    '-s -w',
    '-w -s',
    '-s  -w',
    '-s -w -buildid=',
    '-s -w -X main.version=1.2.3',
    '-X=main.version=1.2.3',
    "-X 'main.built=2026-01-01 by me' -s",
    '"-X=main.a=b c" -w',
    '-X main.url=https://x.example/?a=b',
    '-X main.empty=',
    '-extldflags "-static"',
    '-extldflags=-static',
    '-linkmode=internal',
    '-H windowsgui',
    '-B none',
    '-checklinkname=0',
  ])('may be %s', (flags) => {
    expect(outcome(() => checkLinkerFlags(flags, 'ldflags'))).toBe('accepted');
  });

  test.each([
    '-extld=/tmp/x',
    '-extld /tmp/x',
    '-extar x',
    '-o /tmp/x',
    '-tmpdir=/',
    '-linkmode=external',
    '-linkmode external',
    '-cpuprofile=x',
    '-r /lib',
    '-L /lib',
    '-I /lib/ld.so',
    '-importcfg x',
    '-extldflags "-fplugin=./x.so"',
    '-extldflags "-static -B."',
    '-extldflags -Wl,-rpath,/x',
    '-X',
    '-X main.version',
    '-buildid',
    '-buildid=a$b',
    '-s main.o',
    'all=-s',
    "-X 'main.a=b",
    '-s -constructor',
  ])('may not be %s', (flags) => {
    expect(outcome(() => checkLinkerFlags(flags, 'ldflags'))).toBe('bad-schema ldflags');
  });

  test('are split as cmd/go splits them', () => {
    expect(splitQuoted(` -s\t'a "b'  "c 'd" e='f `)).toEqual(['-s', 'a "b', "c 'd", "e='f"]);
    expect(splitQuoted('')).toEqual([]);
    expect(splitQuoted('"open')).toBe(null);
  });
});

describe('the environment', () => {
  test.each([
    { CGO_ENABLED: '0' },
    { GOAMD64: 'v3' },
    { GOARM: '7' },
    { GOARM: '6,softfloat' },
    { GOARM64: 'v8.0' },
    { GOARM64: 'v9.1,lse,crypto' },
    { GO386: 'sse2' },
    { GOMIPS: 'softfloat' },
    { GOMIPS64: 'hardfloat' },
    { GOPPC64: 'power9' },
    { GORISCV64: 'rva22u64' },
    { GOWASM: 'satconv,signext' },
    { GOEXPERIMENT: 'nogreenteagc' },
    { GOFIPS140: 'v1.0.0' },
  ])('may be %j', (env) => {
    expect(outcome(() => goEnv(env, 'env'))).toBe('accepted');
  });

  test.each<[unknown, string]>([
    [{ GOFLAGS: '-toolexec=x' }, 'bad-schema env'],
    [{ GOTOOLCHAIN: 'auto' }, 'bad-schema env'],
    [{ GOPROXY: 'https://x.example' }, 'bad-schema env'],
    [{ GOROOT: '/x' }, 'bad-schema env'],
    [{ GOOS: 'linux' }, 'bad-schema env'],
    [{ CC: 'x' }, 'bad-schema env'],
    [{ CGO_CFLAGS: '-fplugin=x' }, 'bad-schema env'],
    [{ PATH: '/x' }, 'bad-schema env'],
    [{ LD_PRELOAD: 'x' }, 'bad-schema env'],
    [{ toString: '0' }, 'bad-schema env'],
    [JSON.parse('{"__proto__":"0"}'), 'bad-schema env'],
    [{ CGO_ENABLED: '2' }, 'bad-schema env.CGO_ENABLED'],
    [{ CGO_ENABLED: 0 }, 'bad-schema env.CGO_ENABLED'],
    [{ GOAMD64: 'v5' }, 'bad-schema env.GOAMD64'],
    [{ GOEXPERIMENT: 'a'.repeat(65) }, 'bad-schema env.GOEXPERIMENT'],
    [[], 'bad-schema env'],
    [null, 'bad-schema env'],
  ])('may not be %j', (env, expected) => {
    expect(outcome(() => goEnv(env, 'env'))).toBe(expected);
  });

  test('has no name that chooses programs, servers or folders', () => {
    expect(GO_ENV_NAMES.filter((name) => /PROXY|SUMDB|FLAGS|TOOLCHAIN|ROOT|PATH|CACHE|CC|CXX|AR$/.test(name))).toEqual([]);
  });
});
