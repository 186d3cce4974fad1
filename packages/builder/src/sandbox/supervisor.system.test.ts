import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { beforeAll, expect, test } from 'vitest';
import { removeTree } from '../remove-tree.ts';
import { bothKinds, marker, processesWith, runNode } from './_sandboxes.ts';
import { delegateGroup } from './delegate.ts';
import type { Sandbox } from './run.ts';

const MIB = 1024 ** 2;
let sandboxes: Record<'best' | 'rlimit', Sandbox>;
beforeAll(async () => {
  sandboxes = await bothKinds();
});

const SLEEPER = `
  import { detectSandbox } from '$here/detect.ts';
  import { limitsOf } from '$here/limits.ts';
  import { runSandboxed } from '$here/run.ts';
  import { mkdtempSync } from 'node:fs';
  const sandbox = await detectSandbox();
  console.log(process.getuid(), sandbox.limits);
  const folder = mkdtempSync('/tmp/verbatim-sleeper-');
  console.log(folder);
  const { end } = await runSandboxed(sandbox, { argv: ['/bin/sh', '-c', process.env.SCRIPT ?? 'echo NAME; while :; do sleep 1000; done'], env: { PATH: '/usr/bin:/bin' }, cwd: '/', mounts: [], programs: 'system',
    limits: limitsOf({ memoryBytes: ${128 * MIB}, wallSeconds: 120, processes: 64 }), logPath: folder + '/log', onLog: (text) => console.log(text) });
  console.log(JSON.stringify(end));
`;

test('when the process that supervises a build is killed, the build dies too', async () => {
  const name = marker();
  const { child, ended } = runNode(SLEEPER.replace('NAME', name));
  let said = '';
  while (!said.includes(name)) said += String(await once(child.stdout, 'data'));
  expect(processesWith(name).length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await ended;
  const deadline = performance.now() + 60_000;
  while (processesWith(name).length > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(processesWith(name)).toEqual([]);
  // What it left of control groups goes when the next one looks.
  await bothKinds();
  await removeTree(said.split('\n')[1]!);
});

const isRoot = process.getuid!() === 0;
const USER = 54_321;
const HOG = `echo NAME; (x=$(head -c 600000000 /dev/zero | tr "\\\\0" x); sleep 200) & wait; exit 1`;

test('an ordinary user’s builds are confined as well', async () => {
  const { ended } = runNode(SLEEPER.replace('echo NAME; while :; do sleep 1000; done', HOG), isRoot ? USER : undefined);
  const { stdout, stderr } = await ended;
  expect(stderr).toBe('');
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(isRoot ? /^54321 rlimit$/ : /^\d+ /);
  expect(stdout).not.toContain('"code":0');
  await removeTree(lines[1]!);
});

test.runIf(isRoot)('root can lend an ordinary user control groups for its builds', async () => {
  const group = delegateGroup({ uid: USER, gid: USER });
  const wanted = sandboxes.best.limits;
  expect(group === null).toBe(wanted === 'rlimit');
  const start = `await new Promise((resolve) => process.stdin.once('data', resolve)); process.stdin.destroy();\n`;
  const script = SLEEPER.replace('const sandbox', `${start}const sandbox`).replace('echo NAME; while :; do sleep 1000; done', HOG);
  const { child, ended } = runNode(script, USER);
  group?.add(child.pid!);
  child.stdin.write('go');
  const { stdout, stderr } = await ended;
  expect(stderr).toBe('');
  const lines = stdout.split('\n');
  expect(lines[0]).toBe(`${USER} ${wanted}`);
  if (group !== null) expect(lines.at(-2)).toBe('{"kind":"limit","limit":"memory"}');
  await removeTree(lines[1]!);
  await group?.remove();
});

test('without bubblewrap the message says what to type', async () => {
  const { detectSandbox } = await import('./detect.ts');
  const path = process.env['PATH'];
  process.env['PATH'] = '/nowhere';
  try {
    await expect(detectSandbox()).rejects.toMatchObject({
      code: 'tool-missing',
      message: expect.stringContaining('apt-get install bubblewrap'),
    });
  } finally {
    process.env['PATH'] = path;
  }
  expect(execFileSync('true').length).toBe(0);
});
