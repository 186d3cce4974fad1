import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBundle } from '@verbatim/consensus';
import { contentOf, forkedLog } from '@verbatim/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogServer } from '../_log-server.ts';
import { checkedOutput } from '../_schema.ts';
import { World, verbatim } from '../_world.ts';

let world: World;
let server: LogServer;
let file: string;
/** A home of its own: checkpoints are remembered there. */
let env: Record<string, string>;

beforeEach(async () => {
  world = new World();
  world.scene.observe(0);
  world.scene.observe(1);
  server = await LogServer.start(world.scene.log);
  world.policy = world.file('policy', world.policyText(['require 2'], { url: server.url }));
  file = world.file('esbuild', contentOf('linux-x64/bin/esbuild'));
  env = { HOME: world.path };
});
afterEach(async () => {
  world[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const verify = (...args: string[]) => verbatim(['verify', '--policy', world.policy, ...args], { env });

describe('verify against a log', () => {
  test('reads the policy’s log, says how fresh it is, and saves a bundle that verifies offline', async () => {
    const bundle = join(world.path, 'saved.json');
    const { code, stdout } = await verify(file, '--save-bundle', bundle);
    expect(code).toBe(0);
    expect(stdout).toMatch(/as of \d{4}-/);
    expect(stdout).toContain(`bundle ${bundle}`);
    expect(stdout).not.toContain('later dissent unknown');
    await server[Symbol.asyncDispose]().then(() => undefined);
    const offline = await verify(file, '--offline', '--bundle', bundle);
    expect(offline.code).toBe(0);
    expect(offline.stdout).toContain('later dissent unknown');
    server = await LogServer.start(world.scene.log);
  });

  test('saves that nobody claims a file, too: its bundle says so offline, and nothing about any other file', async () => {
    const unknown = world.file('unknown', 'never published');
    const bundle = join(world.path, 'unknown.json');
    for (const release of [[], ['--release', 'pkg:npm/esbuild@0.25.0']]) {
      expect((await verify(unknown, '--save-bundle', bundle, ...release)).code).toBe(1);
      const offline = await verify(unknown, '--offline', '--bundle', bundle, ...release);
      expect(offline.code).toBe(1);
      expect(offline.stdout).toMatch(/^✗ UNKNOWN FILE/);
      const other = await verify(file, '--offline', '--bundle', bundle, ...release);
      expect(other.code).toBe(4);
      expect(other.stdout).toMatch(/^! COULD NOT CHECK {2}the evidence was gathered for another file/);
    }
  });

  test('asks the index once for each file, and the checkpoint comes with it', async () => {
    const other = world.file('other', 'x');
    const { code, stdout } = await verify('--json', file, other, file);
    expect(checkedOutput(stdout).results.map(({ verdict }) => verdict)).toEqual(['reproduced', 'unknown-file', 'reproduced']);
    expect(code).toBe(1);
    expect(server.asked.filter((path) => path.startsWith('index?'))).toHaveLength(3);
    expect(server.asked).not.toContain('checkpoint');
  });

  test('a log that does not answer is "could not check", with the reason in the first line', async () => {
    server.answer = (_request, response) => {
      response.destroy();
      return true;
    };
    const { code, stdout } = await verify(file);
    expect(code).toBe(4);
    expect(stdout.split('\n')[0]).toMatch(/^! COULD NOT CHECK {2}http:\/\/127\.0\.0\.1/);
    const { results } = checkedOutput((await verify('--json', file)).stdout);
    expect(results[0]).toMatchObject({ verdict: 'unavailable', exitCode: 4, errors: [{ code: 'unreachable' }] });
    expect(results[0]).toHaveProperty('next', [expect.stringContaining('--offline --bundle FILE')]);
    expect(stdout).toMatch(/\n {2}→ Try again later, .*--offline --bundle FILE needs none\.\n$/);
  });

  test('two signed histories are a security error, and the evidence is saved', async () => {
    expect((await verify(file)).code).toBe(0);
    const fork = forkedLog(world.scene.log, world.scene.log.size - 2n);
    const other = new World();
    other.scene.observe(2);
    fork.add(other.scene.log.entry(other.scene.releaseIndex + 1n));
    other[Symbol.dispose]();
    server.log = fork;
    const { code, stdout } = await verify(file);
    expect(code).toBe(1);
    expect(stdout.split('\n')[0]).toMatch(/^✗ SECURITY ERROR {2}log\.example\/test signed two histories/);
    const [, path] = /evidence: (\S+)/.exec(stdout) ?? [];
    expect(existsSync(path!)).toBe(true);
    expect(JSON.parse(readFileSync(path!, 'utf8'))).toMatchObject({ origin: 'log.example/test' });
    // A bundle of the other history is caught without the network.
    const timestamp = Math.floor(Date.now() / 1000) - 60;
    const forked = world.file('forked.json', encodeBundle(fork.evidence([], { timestamp })));
    const offline = await verify(file, '--offline', '--bundle', forked);
    expect(offline.code).toBe(1);
    expect(offline.stdout).toMatch(/^✗ SECURITY ERROR/);
    expect((await verify(file, '--offline', '--bundle', world.bundle())).code).toBe(0);
    // A machine that saw neither history before cannot know.
    expect((await verbatim(['verify', '--policy', world.policy, file, '--offline', '--bundle', forked])).code).toBe(0);
  });

  test('a changed tile is a security error', async () => {
    server.answer = (request, response) => {
      if (!request.url?.startsWith('/tile/0/')) return false;
      const tile = world.scene.log.read(request.url.slice(1))!.slice();
      tile[5]! ^= 1;
      response.end(tile);
      return true;
    };
    const { code, stdout } = await verify(file);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ SECURITY ERROR/);
  });

  test('a home that cannot be written is no obstacle, only a warning', async () => {
    const { code, stderr } = await verbatim(['verify', '--policy', world.policy, file], { env: { HOME: file } });
    expect(code).toBe(0);
    expect(stderr).toContain('warning');
    const quiet = await verbatim(['verify', '--quiet', '--policy', world.policy, file], { env: { HOME: file } });
    expect(quiet).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  test('a policy without an address is said to lack one', async () => {
    const { code, stdout } = await verbatim(['verify', '--policy', world.file('no-url', world.policyText(['require 2'])), file], { env });
    expect(code).toBe(2);
    expect(stdout).toContain('does not say where');
  });
});
