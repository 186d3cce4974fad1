import { describe, expect, test } from 'vitest';
import { goLines, isOwnName, mainFile, ownModule } from './main-module.ts';

const DEPS = [
  { path: 'b.example/x', version: 'v1.0.0', sum: 'h1:b' },
  { path: 'a.example/y', version: 'v2.0.0', sum: 'h1:a' },
];
const SUMS = new Map([
  ['a.example/y@v2.0.0', 'h1:a-mod'],
  ['b.example/x@v1.0.0', 'h1:b-mod'],
]);

describe('main modules of the publisher’s own', () => {
  test('a name without a dot is nowhere to be had', () => {
    expect(['caddy', 'command-line-arguments', 'example.org/x'].map(isOwnName)).toEqual([true, true, false]);
  });

  test('go.mod and go.sum say exactly what the program lists', () => {
    expect(ownModule('tool', '1.26.8', DEPS, SUMS, { 'main.go': 'cmd/tool/main.go' })).toEqual({
      goMod: 'module tool\n\ngo 1.26.8\n\nrequire (\n\ta.example/y v2.0.0\n\tb.example/x v1.0.0\n)\n',
      goSum: 'a.example/y v2.0.0 h1:a\na.example/y v2.0.0/go.mod h1:a-mod\nb.example/x v1.0.0 h1:b\nb.example/x v1.0.0/go.mod h1:b-mod\n',
      files: { 'main.go': 'cmd/tool/main.go' },
    });
  });

  test('nothing comes of a dependency without a hash, or replaced', () => {
    expect(ownModule('tool', '1.26.8', [...DEPS, { path: 'c.example', version: 'v1.0.0', sum: '' }], SUMS, {})).toBeNull();
    expect(ownModule('tool', '1.26.8', [{ ...DEPS[0]!, replace: DEPS[1]! }], SUMS, {})).toBeNull();
    expect(ownModule('tool', '1.26.8', DEPS, new Map(), {})).toBeNull();
  });

  test('the go line is the toolchain’s own first, then the source’s, then what newer releases write', () => {
    expect(goLines('go1.26.8', 'module x\n\ngo 1.25.1\n')).toEqual(['1.26.8', '1.25.1', '1.25.0']);
    expect(goLines('go1.23.5', null)).toEqual(['1.23.5']);
    expect(goLines('go1.20.11', null)).toEqual(['1.20']);
  });

  test('its main.go is what a script copies, or where one usually is', () => {
    const hook = new Map([['.goreleaser.yml', '  - cp cmd/other/main.go build/main.go']]);
    expect(mainFile('tool', ['cmd/other/main.go', 'cmd/tool/main.go'], hook)).toBe('cmd/other/main.go');
    expect(mainFile('tool', ['cmd/tool/main.go'], hook)).toBe('cmd/tool/main.go');
    expect(mainFile('tool', ['x.go'], new Map([['a.sh', 'cp ../../etc/main.go main.go']]))).toBeNull();
  });
});
