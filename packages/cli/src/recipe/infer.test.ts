import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { encodeRecipe } from '@verbatim/statements';
import type { Recipe } from '@verbatim/statements';
import { testH1 } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { GoModuleFolder, HELLO } from '../../../binaries/src/_go-programs.ts';
import { aside, elf } from '../../../binaries/src/explain/_elf.ts';
import { Folder, verbatim } from '../_world.ts';

interface Output {
  purl: string | null;
  programs: {
    member: string | null;
    goVersion: string | null;
    candidates: { recipe: Record<string, unknown>; missing: string[]; notes: string[] }[];
    problem: string | null;
  }[];
}

describe('recipe infer', () => {
  test('proposes a recipe for a bare program, which is one once its holes are filled', async () => {
    using go = new GoModuleFolder({ ...HELLO, 'cmd/tool/main.go': HELLO['main.go'] });
    const program = go.build(
      { target: 'linux/arm64', flags: ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'], main: ['./cmd/tool'] },
      'tool',
    );
    const args = ['recipe', 'infer', program, '--module-version', 'v1.2.3', '--h1', testH1('x')];
    const text = await verbatim(args);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain('elf for linux/arm64');
    expect(text.stdout).toContain('"package": "./cmd/tool"');
    expect(text.stdout).toContain('note: -ldflags is not recorded');
    const json = await verbatim([...args, '--json']);
    const { programs } = JSON.parse(json.stdout) as Output;
    const [best] = programs[0]!.candidates;
    expect(best?.missing).toEqual([]);
    const bytes = encodeRecipe(best!.recipe as unknown as Recipe);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
      source: { module: 'example.org/hello', version: 'v1.2.3' },
      outputs: [{ artifact: 'tool', goos: 'linux', goarch: 'arm64', env: { GOARM64: 'v8.0' } }],
    });
  });

  test('looks for the programs in an npm package, whose manifest gives the version', async () => {
    using go = new GoModuleFolder(HELLO);
    using folder = new Folder();
    folder.folder('package/bin');
    copyFileSync(go.build({ flags: ['-trimpath', '-buildvcs=false'] }), join(folder.path, 'package/bin/hello'));
    folder.file('package/package.json', '{"name":"@hello/linux-x64","version":"3.2.1"}');
    folder.file('package/README.md', 'no program');
    const tarball = join(folder.path, 'hello.tgz');
    execFileSync('tar', ['-czf', tarball, '-C', folder.path, 'package']);
    const { code, stdout } = await verbatim(['recipe', 'infer', tarball, '--json']);
    expect(code).toBe(0);
    const output = JSON.parse(stdout) as Output;
    expect(output.purl).toBe('pkg:npm/%40hello/linux-x64@3.2.1');
    expect(output.programs).toHaveLength(1);
    expect(output.programs[0]).toMatchObject({
      member: 'package/bin/hello',
      candidates: [{ recipe: { source: { version: 'v3.2.1' }, outputs: [{ artifact: 'linux-x64/bin/hello' }] }, missing: ['source.h1'] }],
    });
  });

  test('names what a Debian package is, and what only apt’s lists have', async () => {
    using folder = new Folder();
    folder.folder('tool/DEBIAN');
    folder.file(
      'tool/DEBIAN/control',
      [
        ...['Package: tool', 'Version: 1:2.0-1', 'Architecture: amd64', 'Maintainer: A <a@example.org>'],
        ...['Static-Built-Using: rust-serde (= 1.0.200-1),', ' rustc (= 1.63.0+dfsg1-2)', 'Description: a tool', ''],
      ].join('\n'),
    );
    const deb = join(folder.path, 'some-name.deb');
    execFileSync('dpkg-deb', ['--build', join(folder.path, 'tool'), deb], { stdio: 'ignore' });
    const { code, stdout } = await verbatim(['recipe', 'infer', deb, '--json']);
    expect(code).toBe(0);
    const output = JSON.parse(stdout) as Output;
    expect(output.purl).toBe('pkg:deb/debian/tool@1:2.0-1?arch=amd64');
    expect(output.programs[0]!.candidates).toMatchObject([
      { recipe: { kind: 'debian', outputs: [{ artifact: 'tool_2.0-1_amd64.deb' }] }, missing: ['source', 'root.suites', 'root.packages'] },
    ]);
    expect(output.programs[0]!.candidates[0]!.notes[1]).toMatch(
      /^Static-Built-Using: rust-serde \(= 1\.0\.200-1\), rustc \(= 1\.63\.0\+dfsg1-2\) \(/,
    );
  });

  test('takes name and version of a Rust program from the list in its wheel', async () => {
    using folder = new Folder();
    const info = 'tool_bin-9.9.9.dist-info';
    folder.folder(`${info}/sboms`);
    folder.folder('tool_bin-9.9.9.data/scripts');
    folder.file(`${info}/METADATA`, 'Metadata-Version: 2.4\nName: tool_bin\nVersion: 9.9.9\n\nName: other\n');
    const component = { name: 'tool', version: '1.2.3', purl: 'pkg:cargo/tool@1.2.3' };
    folder.file(`${info}/sboms/tool.cyclonedx.json`, JSON.stringify({ metadata: { component }, components: [] }));
    const commit = '59807616e1fa2540724bfbac14d7976d7e4a3860';
    const text = Buffer.from(`/rustc/${commit}/library/core/src/fmt.rs\0`);
    folder.file(
      'tool_bin-9.9.9.data/scripts/tool',
      elf([aside('.rodata', text), aside('.comment', 'rustc version 1.95.0 (59807616e 2026-04-14)\0')]),
    );
    execFileSync('python3', ['-m', 'zipfile', '-c', 'tool.whl', info, 'tool_bin-9.9.9.data'], { cwd: folder.path });
    const { stdout } = await verbatim(['recipe', 'infer', join(folder.path, 'tool.whl'), '--json']);
    const output = JSON.parse(stdout) as Output;
    expect(output.purl).toBe('pkg:pypi/tool-bin@9.9.9');
    expect(output.programs[0]).toMatchObject({
      candidates: [
        {
          recipe: {
            kind: 'cargo',
            source: { name: 'tool', version: '1.2.3' },
            toolchain: { version: '1.95.0', commit },
            outputs: [{ artifact: 'tool' }],
          },
        },
      ],
    });
  });

  test('takes name and version of a Rust program from what cargo auditable left in it', async () => {
    using folder = new Folder();
    const packages = [{ name: 'tool', version: '1.2.3', source: 'local', root: true }];
    const comment = aside('.comment', 'rustc version 1.95.0 (59807616e 2026-04-14)\0');
    const list = aside('.dep-v0', deflateSync(JSON.stringify({ packages })));
    const { stdout } = await verbatim(['recipe', 'infer', folder.file('tool', elf([comment, list])), '--json']);
    const [candidate] = (JSON.parse(stdout) as Output).programs[0]!.candidates;
    expect(candidate).toMatchObject({ recipe: { source: { name: 'tool', version: '1.2.3' } } });
    expect(candidate!.notes.join()).toContain('cargo auditable');
  });

  test('says why there is nothing to propose, with exit code 2', async () => {
    using folder = new Folder();
    const { code, stdout } = await verbatim(['recipe', 'infer', folder.file('x', 'text')]);
    expect([code, stdout]).toEqual([2, expect.stringContaining('no program')]);
    expect((await verbatim(['recipe', 'infer', '/nonexistent'])).code).toBe(2);
    const old = Buffer.alloc(128);
    old.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
    old.write('\xff Go buildinf:\x08\x00', 64, 'latin1');
    const unsupported = await verbatim(['recipe', 'infer', folder.file('old', old)]);
    expect(unsupported.code).toBe(2);
    expect(unsupported.stdout).toContain('Go 1.17 or older');
  });
});
