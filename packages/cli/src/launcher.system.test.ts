import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentOf } from '@verbatim/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World, bundledCommand, lookupOf, verbatim } from './_world.ts';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Makes a process say that it is Node 20; what it starts is what it is. */
const OLD = ['--import', 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})'];

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

let folder: string;
let launcher: string;

beforeAll(() => {
  // An installed copy: bin and dist, in a repository that has the pinned Node.js.
  folder = mkdtempSync(join(tmpdir(), 'verbatim-launcher-'));
  mkdirSync(join(folder, 'packages/cli/bin'), { recursive: true });
  launcher = join(folder, 'packages/cli/bin/verbatim.js');
  cpSync(join(PACKAGE, 'bin'), join(launcher, '..'), { recursive: true });
  cpSync(join(PACKAGE, 'package.json'), join(folder, 'packages/cli/package.json'));
  cpSync(join(bundledCommand(), '..'), join(folder, 'packages/cli/dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function launch(
  args: readonly string[],
  { node = [] as readonly string[], env = {} as Record<string, string>, command = launcher } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...node, command, ...args], { env: { PATH: process.env.PATH, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('the launcher', () => {
  test('starts the bundle in place under a new Node.js', async () => {
    expect(await launch(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: verbatim') });
  });

  test('starts the pinned Node.js under an old one, and passes exit codes on', async () => {
    const { code, stdout } = await launch(['--help'], { node: OLD });
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: verbatim');
    expect((await launch(['verify'], { node: OLD })).code).toBe(2);
    expect((await launch(['exec'], { node: OLD })).code).toBe(125);
    using world = new World();
    world.scene.observe(0);
    world.scene.observe(1);
    const file = world.file('f', contentOf('linux-x64/bin/esbuild'));
    const other = world.file('g', 'other');
    const args = ['--offline', '--bundle', world.bundle('b', { others: [lookupOf('other')] }), '--policy', world.policy];
    expect((await launch(['verify', file, ...args], { node: OLD })).code).toBe(0);
    expect((await launch(['verify', other, ...args], { node: OLD })).code).toBe(1);
  });

  test('says what to do when the pinned Node.js is not installed', async () => {
    const lone = join(folder, 'lone/bin');
    mkdirSync(lone, { recursive: true });
    const command = join(lone, 'verbatim.cjs');
    cpSync(launcher, command);
    // Out of reach of the repository's node_modules.
    const away = mkdtempSync(join(tmpdir(), 'verbatim-lone-'));
    cpSync(command, join(away, 'verbatim.cjs'));
    const { code, stderr } = await launch(['verify', 'x'], { node: OLD, command: join(away, 'verbatim.cjs') });
    rmSync(away, { recursive: true });
    expect(code).toBe(2);
    expect(stderr).toContain(`node-${process.platform}-${process.arch}`);
    expect(stderr).toContain('npm ci');
  });

  test('a bundle that throws when it is loaded ends in 2', async () => {
    const broken = join(folder, 'broken');
    cpSync(join(folder, 'packages/cli'), broken, { recursive: true });
    writeFileSync(join(broken, 'dist/verbatim.js'), 'throw new Error("broken")');
    expect((await launch(['verify', 'x'], { command: join(broken, 'bin/verbatim.js') })).code).toBe(2);
    writeFileSync(join(broken, 'dist/verbatim.js'), 'void new Promise(() => {});');
    expect((await launch(['verify', 'x'], { command: join(broken, 'bin/verbatim.js') })).code).toBe(2);
    expect((await launch(['verify', 'x'], { node: OLD, command: join(broken, 'bin/verbatim.js') })).code).not.toBe(0);
  });

  test('runs the sources when there is no bundle', async () => {
    const { code, stdout, stderr } = await launch(['help'], {
      env: { VERBATIM_FROM_SOURCE: '1' },
      command: join(PACKAGE, 'bin/verbatim.js'),
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: verbatim');
  });

  test('keeps compiled code in the user’s own folder only', async () => {
    const cache = join(folder, 'cache');
    expect((await launch(['--help'], { env: { XDG_CACHE_HOME: cache } })).code).toBe(0);
    expect(existsSync(join(cache, 'verbatim/compiled'))).toBe(true);
    const shared = join(folder, 'shared');
    mkdirSync(join(shared, 'verbatim/compiled'), { recursive: true, mode: 0o777 });
    // The mode that mkdir is given is masked.
    chmodSync(join(shared, 'verbatim/compiled'), 0o777);
    expect((await launch(['--help'], { env: { XDG_CACHE_HOME: shared } })).code).toBe(0);
    expect(existsSync(join(shared, 'verbatim/compiled')) && readFileSync(launcher, 'utf8').includes('0o022')).toBe(true);
  });
});

describe('verify --offline', () => {
  test('opens no socket: a process that is killed for its first one lives to the end', async () => {
    using world = new World();
    world.scene.observe(0);
    world.scene.observe(1);
    // A policy that names an address must not tempt it.
    world.policy = world.file('policy', world.policyText(['require 2'], { url: 'http://127.0.0.1:9/' }));
    const file = world.file('f', contentOf('linux-x64/bin/esbuild'));
    const online = ['verify', file, '--policy', world.policy];
    const offline = [...online, '--offline', '--bundle', world.bundle()];
    const filter = world.file('filter', killOnSocket());
    const prefix = ['sh', '-c', `exec bwrap --dev-bind / / --unshare-net --seccomp 9 "$@" 9<${filter}`, 'sh'];
    expect((await verbatim(offline, { prefix })).code).toBe(0);
    expect((await verbatim([...offline, '--json'], { prefix, env: { HOME: world.path } })).code).toBe(0);
    // The filter works: a check that does ask the log is killed.
    expect((await verbatim(online, { prefix })).stdout).toBe('');
    expect((await verbatim(online)).code).toBe(4);
  });
});

/** A seccomp filter (classic BPF, struct sock_filter) that kills the process at socket(2). */
function killOnSocket(): Uint8Array {
  const socket = process.arch === 'arm64' ? 198 : 41;
  const program = [
    [0x20, 0, 0, 0], // load the number of the system call
    [0x15, 0, 1, socket], // another one: skip the next
    [0x06, 0, 0, 0x80000000], // SECCOMP_RET_KILL_PROCESS
    [0x06, 0, 0, 0x7fff0000], // SECCOMP_RET_ALLOW
  ] as const;
  const bytes = Buffer.alloc(program.length * 8);
  for (const [i, [code, jumpTrue, jumpFalse, k]] of program.entries()) {
    bytes.writeUInt16LE(code, i * 8);
    bytes.writeUInt8(jumpTrue, i * 8 + 2);
    bytes.writeUInt8(jumpFalse, i * 8 + 3);
    bytes.writeUInt32LE(k, i * 8 + 4);
  }
  return bytes;
}
