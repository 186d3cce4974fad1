import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { aRelease, anArtifact, digestsOf } from '@verbatim/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogServer } from './_log-server.ts';
import { checkedOutput } from './_schema.ts';
import { Folder, World, bundledCommand, verbatim } from './_world.ts';

const RELEASE = 'pkg:npm/esbuild@0.25.0';
const MEMBER = 'package/bin/esbuild';
const CONTENT = new Uint8Array(createHash('shake256', { outputLength: 200_000 }).update('program').digest());

let world: World;
let server: LogServer;
let tarball: Buffer;
let out: string;

beforeEach(async () => {
  // A real npm-like tarball; the release says which member of it the artifact is.
  tarball = makeTarball();
  const container = { name: 'linux-x64-0.25.0.tgz', ...digestsOf(tarball) };
  const release = aRelease({ artifacts: [anArtifact({ content: CONTENT, member: { path: MEMBER, container } })] });
  world = new World({ release });
  world.scene.observe(0);
  world.scene.observe(1);
  server = await LogServer.start(world.scene.log);
  server.files.set('/esbuild', CONTENT).set('/esbuild.tgz', tarball).set('/other', new TextEncoder().encode('other'));
  world.policy = world.file('policy', world.policyText(['require 2'], { url: server.url }));
  world.folder('out');
  out = join(world.path, 'out/esbuild');
});
afterEach(async () => {
  world[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

function makeTarball(): Buffer {
  using folder = new Folder();
  folder.folder('package/bin');
  folder.file(MEMBER, CONTENT);
  folder.file('package/package.json', '{"name":"@esbuild/linux-x64","version":"0.25.0"}');
  return execFileSync('tar', ['-cz', '-C', folder.path, 'package']);
}

const fetch = (...args: string[]) => verbatim(['fetch', '--policy', world.policy, '--release', RELEASE, '-o', out, ...args]);

describe('fetch', () => {
  test('writes a reproduced file, and nothing beside it', async () => {
    const { code, stdout } = await fetch(`${server.url}/esbuild`, '--executable');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ REPRODUCED/);
    expect(new Uint8Array(readFileSync(out))).toEqual(CONTENT);
    expect(statSync(out).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(world.path, 'out'))).toEqual(['esbuild']);
  });

  test('writes a member of a container', async () => {
    const { code, stdout } = await fetch(`${server.url}/esbuild.tgz`, '--member', MEMBER, '--json');
    expect(code).toBe(0);
    expect(checkedOutput(stdout).results[0]).toMatchObject({ verdict: 'reproduced', member: MEMBER });
    expect(new Uint8Array(readFileSync(out))).toEqual(CONTENT);
  });

  test('a container of which only members are reproduced is not written', async () => {
    const { code, stdout } = await fetch(`${server.url}/esbuild.tgz`, '--json');
    expect(code).toBe(3);
    expect(checkedOutput(stdout).results[0]?.members).toEqual([
      expect.objectContaining({ path: MEMBER, state: 'reproduced' }),
      expect.objectContaining({ path: 'package/package.json', state: 'not-claimed' }),
    ]);
    expect(existsSync(out)).toBe(false);
  });

  test('what is not reproduced, not there or not of that release leaves the old file as it was', async () => {
    world.file('out/esbuild', 'the old one');
    expect((await fetch(`${server.url}/other`)).code).toBe(1);
    expect((await fetch(`${server.url}/nothing`)).code).toBe(4);
    expect((await fetch('ftp://example.org/x')).code).toBe(2);
    expect((await fetch(`${server.url}/esbuild`, '--release', 'pkg:npm/esbuild@0.25.1')).code).toBe(1);
    server.answer = (request, response) => {
      if (request.url !== '/esbuild') return false;
      response.writeHead(200, { 'content-length': String(CONTENT.length) });
      response.write(CONTENT.subarray(0, 100_000));
      setTimeout(() => response.destroy(), 50);
      return true;
    };
    expect((await fetch(`${server.url}/esbuild`)).code).toBe(4);
    expect(readFileSync(out, 'utf8')).toBe('the old one');
    expect(readdirSync(join(world.path, 'out'))).toEqual(['esbuild']);
  });

  test.each([0, 1, CONTENT.length - 1, CONTENT.length])('kill -9 after %i bytes arrived leaves nothing', async (arrived) => {
    const stalled = Promise.withResolvers<void>();
    server.answer = (request, response) => {
      // All bytes are there in the last case; then the log does not answer, so that there is no verdict.
      if (request.url !== '/esbuild') return arrived === CONTENT.length && (stalled.resolve(), true);
      response.writeHead(200, { 'content-length': String(CONTENT.length) });
      response.write(CONTENT.subarray(0, arrived), () => arrived < CONTENT.length && stalled.resolve());
      if (arrived === CONTENT.length) response.end();
      return true;
    };
    const args = ['fetch', '--policy', world.policy, '--release', RELEASE, '-o', out, `${server.url}/esbuild`];
    const child = spawn(process.execPath, [bundledCommand(), ...args], { env: { PATH: process.env.PATH }, stdio: 'ignore' });
    await stalled.promise;
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(readdirSync(join(world.path, 'out'))).toEqual([]);
  });

  test('needs --release: a digest alone does not say that it is what was wanted', async () => {
    const { code } = await verbatim(['fetch', '--policy', world.policy, '-o', out, `${server.url}/esbuild`]);
    expect(code).toBe(2);
    expect(existsSync(out)).toBe(false);
  });

  test('a purl is resolved by the user’s npm', async () => {
    world.folder('bin');
    const npm = world.file('bin/npm', `#!/bin/sh\necho "$@" >> ${world.path}/npm-args\necho '"${server.url}/esbuild.tgz"'\n`);
    execFileSync('chmod', ['+x', npm]);
    const fetchNpm = (purl: string) =>
      verbatim(['fetch', '--policy', world.policy, '--release', RELEASE, '-o', out, purl, '--member', MEMBER], {
        env: { PATH: `${world.path}/bin:${process.env.PATH}` },
      });
    expect((await fetchNpm('pkg:npm/%40esbuild/linux-x64@0.25.0')).code).toBe(0);
    expect(world.read(join(world.path, 'npm-args'))).toBe('view --json -- @esbuild/linux-x64@0.25.0 dist.tarball\n');
    expect(new Uint8Array(readFileSync(out))).toEqual(CONTENT);
    world.file(
      'bin/npm',
      `#!/bin/sh\necho '{"error":{"code":"E404","summary":"No match found"}}'\necho 'npm error much more' >&2\nexit 1\n`,
    );
    const unknown = await fetchNpm('pkg:npm/esbuild@9.9.9');
    expect(unknown).toMatchObject({ code: 4, stdout: expect.stringContaining('npm view esbuild@9.9.9 failed: No match found (E404)\n') });
    for (const purl of ['pkg:npm/esbuild', 'pkg:npm/esbuild@latest', 'pkg:pypi/x@1.0.0']) expect((await fetch(purl)).code).toBe(2);
  });
});

describe('verify of a container', () => {
  test('lists each member, and --member judges one of them', async () => {
    const container = world.file('esbuild.tgz', tarball);
    const verify = (...args: string[]) => verbatim(['verify', '--policy', world.policy, container, ...args]);
    const whole = await verify();
    expect(whole.code).toBe(3);
    expect(whole.stdout).toMatch(/^… NOT YET CONFIRMED {2}a container of which only members are reproduced/);
    expect(whole.stdout).toContain(`✓ ${MEMBER}  reproduced: 2 match`);
    expect(whole.stdout).toContain('· package/package.json  not-claimed');
    const member = await verify('--member', MEMBER);
    expect(member.code).toBe(0);
    expect(member.stdout).toContain(`, member ${MEMBER}`);
    expect((await verify('--member', 'package/package.json')).code).toBe(1);
    const missing = await verify('--member', 'package/bin/nothing');
    expect(missing.code).toBe(2);
    expect(missing.stdout).toContain(MEMBER);
    const noContainer = await verbatim(['verify', '--policy', world.policy, world.policy, '--member', MEMBER]);
    expect(noContainer.code).toBe(2);
  });
});
