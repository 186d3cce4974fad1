import { chmodSync, readdirSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { once } from 'node:events';
import { aRelease, anArtifact } from '@verbatim/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { World, bundledCommand, lookupOf, verbatim } from './_world.ts';

const RELEASE = 'pkg:npm/esbuild@0.25.0';
const PROGRAM = `#!/bin/sh
case "$1" in
  exit) exit "$2" ;;
  kill) kill -s "$2" $$ ;;
  wait) trap 'echo got TERM; exit 7' TERM; echo ready; while :; do sleep 0.1; done ;;
  *) echo "args: $*"; cat ;;
esac
`;

let world: World;
let program: string;
let check: string[];

beforeEach(() => {
  world = new World({ release: aRelease({ artifacts: [anArtifact({ content: new TextEncoder().encode(PROGRAM) })] }) });
  world.scene.observe(0);
  world.scene.observe(1);
  program = world.file('tool', PROGRAM);
  const bundle = world.bundle('bundle.json', { others: [lookupOf(`${PROGRAM}#`)] });
  check = ['exec', '--release', RELEASE, '--offline', '--bundle', bundle, '--policy', world.policy, '--', program];
});
afterEach(() => world[Symbol.dispose]());

describe('exec', () => {
  test('runs a reproduced program with its arguments and its standard input, and adds nothing to its output', async () => {
    const ran = await verbatim([...check, 'a', '--json', 'b c'], { input: 'from stdin\n' });
    expect(ran).toEqual({ code: 0, signal: null, stdout: 'args: a --json b c\nfrom stdin\n', stderr: '' });
  });

  test.each([0, 1, 3, 42, 125])('ends with the program’s exit code %i', async (code) => {
    expect((await verbatim([...check, 'exit', String(code)])).code).toBe(code);
  });

  test('ends by the signal that ended the program', async () => {
    expect(await verbatim([...check, 'kill', 'KILL'])).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(await verbatim([...check, 'kill', 'TERM'])).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  test('passes signals on and leaves nothing behind', async () => {
    const folder = join(world.path, 'tmp');
    world.folder('tmp');
    const child = spawn(process.execPath, [bundledCommand(), ...check, 'wait'], {
      env: { PATH: process.env.PATH, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const out: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      out.push(chunk);
      if (Buffer.concat(out).toString() === 'ready\n') {
        expect(readdirSync(folder)).toHaveLength(1);
        child.kill('SIGTERM');
      }
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(7);
    expect(Buffer.concat(out).toString()).toBe('ready\ngot TERM\n');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a program with one byte changed is not started: 125, and the verdict on standard error', async () => {
    world.file('tool', `${PROGRAM}#`);
    const { code, stdout, stderr } = await verbatim([...check, 'exit', '0']);
    expect(code).toBe(125);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^✗ UNKNOWN FILE/);
  });

  test('the mode of the file does not matter, its bytes do', async () => {
    chmodSync(program, 0o644);
    expect((await verbatim([...check, 'exit', '5'])).code).toBe(5);
  });

  test('what cannot be started is 125', async () => {
    using other = new World({
      release: aRelease({ artifacts: [anArtifact({ content: new TextEncoder().encode('echo hi') })] }),
    });
    other.scene.observe(0);
    other.scene.observe(1);
    const file = other.file('broken', 'echo hi');
    const { code, stderr } = await verbatim([
      'exec',
      '--release',
      RELEASE,
      '--offline',
      '--bundle',
      other.bundle(),
      '--policy',
      other.policy,
      '--',
      file,
    ]);
    expect(code).toBe(125);
    expect(stderr).toContain('cannot start');
  });

  test('without --release, or of another release, nothing is started', async () => {
    const [, , , ...rest] = check;
    expect(await verbatim(['exec', ...rest, 'exit', '0'])).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("'--release <purl>'"),
    });
    expect((await verbatim(['exec', '--release', 'pkg:npm/esbuild@0.25.1', ...rest, 'exit', '0'])).code).toBe(125);
  });

  test('an unknown option before the program is named, wherever it stands', async () => {
    const [, ...options] = check;
    for (const line of [
      ['exec', '--polcy', 'x', ...options],
      [...check.slice(0, 3), '--polcy', 'x', ...check.slice(3)],
    ]) {
      const { code, stdout, stderr } = await verbatim([...line, 'exit', '0']);
      expect([code, stdout, stderr]).toEqual([125, '', expect.stringContaining("unknown option '--polcy'")]);
    }
  });
});
