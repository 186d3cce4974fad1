import { decodeRecipe, encodeRecipe, type GoRecipe } from '@verbatim/statements';
import { afterAll, describe, expect, test } from 'vitest';
import { GoModuleFolder, bytesOf } from './_go-programs.ts';
import { explain } from './explain/explain.ts';
import { whatIfs } from './what-if.ts';

const H1 = `h1:${Buffer.alloc(32).toString('base64')}`;
const ARTIFACT = 'hello';
const RECIPE: GoRecipe = {
  kind: 'go',
  version: 1,
  source: { kind: 'go-module', module: 'example.org/hello', version: 'v1.0.0', h1: H1 },
  toolchain: { version: 'go1.26.8', h1: { 'linux/amd64': H1 } },
  package: '.',
  flags: ['-trimpath', '-buildvcs=false'],
  ldflags: '-s -w',
  tags: [],
  env: { CGO_ENABLED: '0' },
  vcs: null,
  outputs: [{ artifact: ARTIFACT, goos: 'linux', goarch: 'amd64', env: {} }],
};
const module_ = new GoModuleFolder({
  'go.mod': 'module example.org/hello\n\ngo 1.21\n',
  'main.go': 'package main\n\nfunc main() { println("hello") }\n',
  'tagged.go': '//go:build other\n\npackage main\n\nfunc init() { println("tagged") }\n',
  'cmd/more/main.go': 'package main\n\nfunc main() { println("more") }\n',
});
const changed = new GoModuleFolder({
  'go.mod': 'module example.org/hello\n\ngo 1.21\n',
  'main.go': 'package main\n\nfunc main() { println("other") }\n',
});
afterAll(() => [module_, changed].forEach((folder) => folder[Symbol.dispose]()));

/** What the recipe builds, on this machine, from the files in `folder`. */
function built(recipe: GoRecipe, folder = module_): Uint8Array {
  const [output] = recipe.outputs as [GoRecipe['outputs'][number]];
  const ldflags = recipe.ldflags === null ? [] : [`-ldflags=${recipe.ldflags}`];
  const tags = recipe.tags.length === 0 ? [] : [`-tags=${recipe.tags.join(',')}`];
  const main = [output.package ?? recipe.package];
  return bytesOf(folder.build({ flags: [...recipe.flags, ...ldflags, ...tags], env: { ...recipe.env, ...output.env }, main }));
}

let kept: Uint8Array | null = null;
/** The rebuild that differs. */
const ours = (): Uint8Array => (kept ??= built(RECIPE));
const output = (changes: object): Partial<GoRecipe> => ({ outputs: [{ ...RECIPE.outputs[0]!, ...changes }] });

describe('what a published program claims to be built with', () => {
  test.each<[string, Partial<GoRecipe>, string, string]>([
    ['another instruction set', output({ env: { GOAMD64: 'v3' } }), 'GOAMD64=v3', 'go-setting'],
    ['build tags', { tags: ['other'] }, '-tags=other', 'go-setting'],
    ['another spelling of linker flags', { ldflags: '-w -s' }, '-ldflags=-w -s', 'ldflags'],
    [
      'other linker flags, which are recorded without -trimpath',
      { flags: ['-buildvcs=false'], ldflags: '-w' },
      '-ldflags=-w',
      'go-setting',
    ],
    ['paths', { flags: ['-buildvcs=false'] }, 'no -trimpath', 'go-setting'],
    ['another program of the module', output({ package: './cmd/more' }), './cmd/more', 'main-package'],
  ])('%s, is built so, and the cause is proved', (_, changes, setting, code) => {
    const published = built({ ...RECIPE, ...changes });
    const rebuilt = ours();
    const [first] = whatIfs(RECIPE, ARTIFACT, published, explain(published, rebuilt));
    expect(first!.settings).toContain(setting);
    expect(first!.sameInputs).toBe(true);
    const recipe = decodeRecipe(encodeRecipe(first!.recipe)) as GoRecipe;
    const own = { bytes: built(recipe), varied: ['setting'] as const, settings: first!.settings };
    const explanation = explain(published, rebuilt, { rebuilds: [own] });
    expect(explanation.class).toBe('explained');
    const cause = explanation.causes.find((each) => each.code === code)!;
    expect(cause.certainty).toBe('proven');
    expect(cause.evidence.at(-1)).toBe(`a rebuild of ours with ${first!.settings.join(', ')} has exactly the published bytes`);
  });

  test('beside a change of its source, is built so, and proves nothing', () => {
    const published = built({ ...RECIPE, tags: ['other'] }, changed);
    const rebuilt = ours();
    const [first] = whatIfs(RECIPE, ARTIFACT, published, explain(published, rebuilt));
    const own = { bytes: built(first!.recipe), varied: ['setting'] as const, settings: first!.settings };
    expect(explain(published, rebuilt, { rebuilds: [own] })).toMatchObject({ class: 'unexplained', causes: [{ certainty: 'likely' }] });
  });

  test('the same as ours, is not built again where the source was another', () => {
    const published = built(RECIPE, changed);
    expect(whatIfs(RECIPE, ARTIFACT, published, explain(published, ours()))).toEqual([]);
  });

  const claims = (...names: string[]) => ({ claims: names.map((claim) => ({ claim, published: 'x', rebuilt: 'y' })) });

  test('another Go, needs another toolchain', () => {
    const [first] = whatIfs(RECIPE, ARTIFACT, ours(), claims('go version', 'build DefaultGODEBUG', 'build id: link'));
    expect(first).toMatchObject({ sameInputs: false, recipe: { toolchain: { version: expect.stringMatching(/^go1\./), h1: {} } } });
    expect(first!.settings).toHaveLength(1);
  });

  test.each(['dep example.org/x', 'build DefaultGODEBUG', 'build -compiler', 'target', 'crate serde'])(
    '%s, that no setting changes, is not built',
    (claim) => {
      expect(whatIfs(RECIPE, ARTIFACT, ours(), claims(claim))).toEqual([]);
    },
  );

  test('nothing, is not built; nor is a recipe of another kind', () => {
    expect(whatIfs(RECIPE, ARTIFACT, new Uint8Array(100), claims('go version'))).toEqual([]);
    expect(whatIfs({ kind: 'cargo' } as never, ARTIFACT, ours(), claims('go version'))).toEqual([]);
  });

  test('linker flags with quotes are not spelled otherwise', () => {
    const quoted = { ...RECIPE, ldflags: `-s -w -X 'main.a=b c'` };
    expect(whatIfs(quoted, ARTIFACT, ours(), claims('build id: link'))).toEqual([]);
    expect(whatIfs(RECIPE, ARTIFACT, ours(), claims('build id: link')).map(({ settings }) => settings)).toEqual([
      ['-ldflags=-w -s'],
      ['-ldflags=-s'],
    ]);
  });
});
