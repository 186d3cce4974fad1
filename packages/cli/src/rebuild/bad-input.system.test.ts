import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Folder, verbatim } from '../_world.ts';
import { VERSION, checkOut, go } from './_publisher.ts';

const folder = new Folder();
const source = join(folder.path, 'source');
const program = join(folder.path, 'hello');
afterAll(() => folder[Symbol.dispose]());

beforeAll(() => {
  checkOut(source);
  go(['build', '-o', program, '-buildvcs=false', '-ldflags=-s -w -X main.aaaaaaaa=b', '-gcflags=main=-N -l -N -l -N', '.'], source);
});

/** The program, with other words of the same length in it. */
function liar(name: string, words: Readonly<Record<string, string>>): string {
  let text = readFileSync(program, 'latin1');
  for (const [from, to] of Object.entries(words)) {
    expect([from.length, text.includes(from)]).toEqual([to.length, true]);
    text = text.replaceAll(from, to);
  }
  return folder.file(name, Buffer.from(text, 'latin1'));
}

async function rebuild(file: string): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const env = { ...(process.env as Record<string, string>), GOTOOLCHAIN: 'local' };
  return verbatim(['rebuild', file, '--module-version', VERSION, '--cache', join(folder.path, 'cache')], { env });
}

describe('programs that lie in their build info', () => {
  test.each([
    [
      'a linker to run',
      { '-s -w -X main.aaaaaaaa=b': '-s -w -extld=/tmp/bin/sh', '-buildmode=exe': '-trimpath=true' },
      'expected linker flags among',
      3,
    ],
    ['a program to run for each tool', { 'main=-N -l -N -l -N': '-toolexec=/bin/./sh' }, 'expected an allowed flag of go build', 3],
    ['a path for a module', { 'golang.org/x/example/hello': 'golang.org/../../etc/hello' }, 'expected a module path', 3],
    ['an option for a module', { 'golang.org/x/example/hello': '-modfile=/etc/passwd/hello' }, 'expected a module path', 3],
    ['a module that there is not', { 'golang.org/x/example/hello': 'golang.org/x/example/hallo' }, 'golang.org/x/example/hallo', 3],
    ['a toolchain that there is not', { 'go1.23.5': 'go1.99.9', '-buildmode=exe': '-trimpath=true' }, 'go1.99.9', 4],
    ['lines that are none', { 'build\t-compiler=gc': 'build\t-compiler"gc' }, 'expected KEY=VALUE', 3],
  ])('%s: nothing is built, and the reason is said', async (what, words, message, expected) => {
    const file = liar(what.replaceAll(' ', '-'), words as unknown as Record<string, string>);
    const { code, stdout, stderr } = await rebuild(file);
    expect({ code, stderr }).toEqual({ code: expected, stderr: '' });
    expect(stdout).toContain(message);
    const inferred = await verbatim(['recipe', 'infer', file, '--json']);
    expect([0, 2]).toContain(inferred.code);
  });
});

describe('files that are broken', () => {
  const packed = (): Buffer => {
    folder.folder('package/bin');
    cpSync(program, join(folder.path, 'package/bin/hello'));
    folder.file('package/package.json', '{"name":"hello","version":"1.0.0"}');
    return execFileSync('tar', ['-cz', '-C', folder.path, 'package'], { maxBuffer: 1024 ** 3 });
  };

  const wheel = (): Buffer => {
    execFileSync('python3', ['-m', 'zipfile', '-c', 'whole.whl', 'source'], { cwd: folder.path });
    return readFileSync(join(folder.path, 'whole.whl'));
  };

  test.each([
    ['a tarball', packed],
    ['a wheel', wheel],
    ['a .deb', () => Buffer.from(`!<arch>\ndebian-binary   0           0     0     100644  4         \`\n2.0\ncontrol.tar.xz  0`)],
  ])('%s that ends too early is an unreadable file for every command', async (name, make) => {
    const whole = make();
    const file = folder.file(name.replaceAll(' ', '-'), whole.subarray(0, Math.floor(whole.length * 0.9)));
    for (const args of [['recipe', 'infer'], ['rebuild']]) {
      const { code, stdout, stderr } = await verbatim([...args, file]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^(?:error|verbatim): /);
    }
    // Not a container that can be opened: compared as it is.
    expect([1, 2]).toContain((await verbatim(['explain', file, program])).code);
  });

  test('a program cut anywhere is read as far as it goes, and never matches', async () => {
    const whole = readFileSync(program);
    for (const share of [0.001, 0.5, 0.9]) {
      const file = folder.file(`cut-${share}`, whole.subarray(0, Math.floor(whole.length * share)));
      const { code, stderr } = await verbatim(['recipe', 'infer', file, '--json']);
      expect([0, 2]).toContain(code);
      expect(stderr).toBe('');
      expect((await verbatim(['explain', file, program])).code).toBe(1);
    }
  });
});
