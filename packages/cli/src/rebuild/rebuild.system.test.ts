import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Folder, verbatim } from '../_world.ts';
import { MODULE, VERSION, checkOut, go } from './_publisher.ts';

interface Output {
  exitCode: number;
  programs: {
    member: string | null;
    attempts: {
      outcome: string;
      observed: string | null;
      recipe: { ldflags: string };
      explanation: { class: string } | null;
      whatIfs: object[];
    }[];
    problems: string[];
    variation: { same: boolean; observed: string[]; varied: string[] } | null;
  }[];
}

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true });
const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8')) as object;
const validate = ajv.addSchema(schema('explain')).compile(schema('rebuild'));

const folder = new Folder();
const source = join(folder.path, 'a folder of the publisher’s');
const program = join(folder.path, 'hello');
const changed = join(folder.path, 'changed');
afterAll(() => folder[Symbol.dispose]());

beforeAll(() => {
  checkOut(source);
  const build = (output: string): string => go(['build', '-o', output, '-trimpath', '-buildvcs=false', '-ldflags=-w -s', '.'], source);
  build(program);
  const main = join(source, 'hello.go');
  writeFileSync(main, readFileSync(main, 'utf8').replace('usage: hello', 'abuse: hello'));
  build(changed);
});

/** The commands of the how-to, without `npx verbatim`. */
function howToCommands(): string[][] {
  const text = readFileSync(new URL('../../../../docs/how-to/rebuild-a-file.md', import.meta.url), 'utf8');
  const [, block] = /^```sh\n([^]*?)^```$/m.exec(text)!;
  return block!
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(2));
}

interface Setting {
  readonly cache: string;
  readonly prefix?: readonly string[];
}

const rebuild = (...args: string[]) => rebuildWith({ cache: 'cache' }, ...args);

/** The command with the user's settings, for proxies, and a cache of its own. */
async function rebuildWith(
  { cache, prefix = [] }: Setting,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string; output: Output }> {
  const env = { ...(process.env as Record<string, string>), GOTOOLCHAIN: 'local' };
  const all = [...(args[0] === 'rebuild' ? args : ['rebuild', ...args]), '--cache', join(folder.path, cache)];
  const ran = await verbatim(all, { env, prefix, cwd: folder.path });
  if (!args.includes('--json') || ran.stdout === '') return { ...ran, output: { exitCode: -1, programs: [] } };
  const output = JSON.parse(ran.stdout) as Output;
  expect(validate(output) ? [] : validate.errors).toEqual([]);
  expect(output.exitCode).toBe(ran.code);
  return { ...ran, output };
}

describe('verbatim rebuild', () => {
  const recipe = join(folder.path, 'recipe.json');

  test('finds the recipe of a published program by itself, and rebuilds it from exported inputs without any network', async () => {
    const [infer, find, offline, ...more] = howToCommands();
    expect(more).toEqual([]);
    expect((await verbatim(infer!, { cwd: folder.path })).code).toBe(0);

    const { code, output } = await rebuild(...find!, '--json');
    expect(code).toBe(0);
    const [{ attempts, variation }] = output.programs as [Output['programs'][number]];
    // The first spelling misses in the linker's part of the build id alone: linking again is enough.
    expect(attempts.map(({ outcome, recipe: { ldflags } }) => [outcome, ldflags])).toEqual([
      ['differ', '-s -w'],
      ['match', '-w -s'],
    ]);
    expect(attempts[0]!.explanation!.class).toBe('identical-except-ids');
    expect(variation).toMatchObject({ same: true, observed: [attempts[1]!.observed, attempts[1]!.observed] });
    expect(variation!.varied).toEqual(expect.arrayContaining(['path', 'zone', 'locale', 'umask', 'hostname', 'user']));

    const { toolchain } = JSON.parse(readFileSync(recipe, 'utf8')) as { toolchain: { h1: Record<string, string> } };
    expect(Object.values(toolchain.h1)).toEqual([expect.stringMatching(/^h1:/)]);

    const cut = { cache: 'another', prefix: ['unshare', ...(process.getuid!() === 0 ? [] : ['--map-root-user']), '--net'] };
    const one = await rebuildWith(cut, ...offline!);
    expect({ code: one.code, stderr: one.stderr }).toEqual({ code: 0, stderr: '' });
    expect(one.stdout).toMatch(/^✓ rebuilt, bit for bit {2}.*hello\n/);
    expect(one.stdout).toContain(`from ${MODULE}@${VERSION} h1:`);
    expect(one.stdout).toMatch(/ one try, [\d.]+ s in all/);
    expect(readFileSync(join(folder.path, 'rebuilt')).equals(readFileSync(program))).toBe(true);

    const lacking = await rebuildWith({ ...cut, cache: 'empty' }, './hello', '--offline', '--recipe', 'recipe.json', '--json');
    expect([lacking.code, lacking.output.programs[0]!.attempts[0]!.outcome]).toEqual([4, 'unavailable']);
  });

  test('rebuilds the programs of a package by a recipe that is given; what comes of a changed source is never explained away', async () => {
    const packed = join(folder.path, 'package.tgz');
    folder.folder('package/bin');
    cpSync(program, join(folder.path, 'package/bin/hello'));
    cpSync(changed, join(folder.path, 'package/bin/other'));
    folder.file('package/package.json', '{"name":"hello","version":"0.0.0"}');
    execFileSync('tar', ['-czf', packed, '-C', folder.path, 'package']);
    const { code, output } = await rebuild(packed, '--recipe', recipe, '--explain', '--json');
    const seen = output.programs.map(({ member, attempts }) => [
      member,
      ...attempts.map((each) => [each.outcome, each.explanation?.class, each.whatIfs]),
    ]);
    expect(seen).toEqual([
      ['package/bin/hello', ['match', undefined, []]],
      ['package/bin/other', ['differ', 'unexplained', []]],
    ]);
    expect(code).toBe(1);
  });

  test('proves why other bytes come out by a build with what the published file claims', async () => {
    const spelled = join(folder.path, 'spelled.json');
    writeFileSync(spelled, readFileSync(recipe, 'utf8').replace('-w -s', '-s -w'));
    const { code, output } = await rebuild('./hello', '--recipe', spelled, '--explain', '--json');
    expect(code).toBe(1);
    expect(output.programs[0]!.attempts).toMatchObject([
      {
        outcome: 'differ',
        whatIfs: [{ settings: ['-ldflags=-w -s'], outcome: 'match' }],
        explanation: { class: 'explained', causes: [{ code: 'ldflags', certainty: 'proven' }] },
      },
    ]);
  });

  test('ends with 3 when no recipe is known, and says what to add', async () => {
    const { code, stdout } = await rebuild(program);
    expect(stdout).toContain(`no version of ${MODULE} is known: name it with --module-version`);
    expect(code).toBe(3);
    expect((await rebuild('/bin/sh')).code).toBe(3);
  });

  test('ends with 3 for a version that the module proxy does not have', async () => {
    const { code, output } = await rebuild(program, '--module-version', 'v99.0.0', '--json');
    expect(output.programs[0]!.problems.join()).toContain('v99.0.0');
    expect(code).toBe(3);
  });

  test('ends with 3 for a program that needs a C compiler, and says so', async () => {
    const cgo = folder.file('cgo', Buffer.from(readFileSync(program, 'latin1').replaceAll('CGO_ENABLED=0', 'CGO_ENABLED=1'), 'latin1'));
    const { code, stdout } = await rebuild(cgo, '--module-version', VERSION);
    expect(stdout).toContain('unsupported-recipe: expected CGO_ENABLED=0');
    expect(code).toBe(3);
  });

  test.each([
    ['a file that is not there', ['/nonexistent/file'], 'cannot read'],
    ['a recipe that is none', [program, '--recipe', folder.file('none.json', '{"kind":"go"}')], 'is no recipe'],
    ['a budget of nothing', [program, '--budget', '0'], 'Expected minutes'],
    [
      'an artifact that the recipe does not build',
      [program, '--recipe', recipe, '--artifact', 'other'],
      'expected an output other, found hello',
    ],
    ['a member that is not there', [program, '--member', 'bin/x'], 'expected a program in'],
  ])('ends with 2 for %s', async (_, args, message) => {
    const { code, stderr, stdout } = await rebuild(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('stops when its budget is used up, with nothing left behind', async () => {
    rmSync(join(folder.path, 'cache'), { recursive: true });
    const { code, output } = await rebuild(program, '--module-version', VERSION, '--budget', '0.02', '--json');
    expect(output.programs[0]!.problems).toEqual(['the budget of 0.02 minutes is used up']);
    expect(code).toBe(3);
  });
});
