import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { build, type BuildRequest } from './build.ts';
import type { BuildPlan } from './plan.ts';
import { detectSandbox } from './sandbox/detect.ts';
import { programMounts } from './sandbox/host-files.ts';
import { limitsOf } from './sandbox/limits.ts';
import type { Sandbox } from './sandbox/run.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await detectSandbox();
});

const MIB = 1024 ** 2;

/** A build whose compiler is a line of shell. */
async function building(script: string, { planned, ...changes }: Partial<BuildRequest> & { planned?: Partial<BuildPlan> } = {}) {
  const root = await temporaryFolder();
  const source = join(root, 'source');
  const fetched = { folders: { source } };
  mkdirSync(source);
  writeFileSync(join(source, 'main.go'), 'source');
  const plan: BuildPlan = {
    artifact: 'tool',
    target: 'linux/amd64',
    host: 'linux/amd64',
    argv: ['/bin/sh', '-c', script],
    cwd: '/build/source',
    env: { A: 'from the plan' },
    mounts: [
      { kind: 'input', input: 'source', path: '/build/source' },
      { kind: 'scratch', name: 'cache', path: '/build/cache' },
      { kind: 'scratch', name: 'out', path: '/build/out' },
    ],
    files: [{ path: '/build/bin/git', mode: 0o555, text: '#!/bin/sh\necho shim\n' }],
    programs: ['sh', 'cat', 'ln', 'mkfifo', 'truncate', 'sleep'],
    output: '/build/out/artifact',
    ...planned,
  };
  const [workDir, outDir] = [join(root, 'work'), join(root, 'result')];
  const outcome = await build({ plan, fetched, sandbox, limits: limitsOf({ wallSeconds: 20 }), workDir, outDir, ...changes });
  return { outcome, root, workDir, outDir, log: readFileSync(join(outDir, 'build.log'), 'utf8') };
}

test('a build’s output is taken out, and nothing of its folders stays', async () => {
  const { outcome, outDir, workDir } = await building('read line <main.go; echo "$line $A $(/build/bin/git)" >/build/out/artifact');
  expect(outcome).toMatchObject({ kind: 'built', outputPath: join(outDir, 'artifact') });
  expect(readFileSync(join(outDir, 'artifact'), 'utf8')).toBe('source from the plan shim\n');
  expect(readdirSync(workDir)).toEqual([]);
});

test('a failing build is a value, with its exit code and its log', async () => {
  const { outcome, log, outDir } = await building('echo broken >&2; exit 7');
  expect(outcome).toMatchObject({ kind: 'build-failed', reason: 'exit-code', exitCode: 7 });
  expect(log).toBe('broken\n');
  expect(existsSync(join(outDir, 'artifact'))).toBe(false);
});

test('inputs and the plan’s own files cannot be changed', async () => {
  const { outcome, root, log } = await building('echo x >main.go; echo x >/build/bin/git; echo x >/build/source/new; echo x >/new; exit 1');
  expect(outcome.kind).toBe('build-failed');
  expect(log.match(/Read-only file system/g)).toHaveLength(4);
  expect(readFileSync(join(root, 'source', 'main.go'), 'utf8')).toBe('source');
});

test('a copy of an input is the build’s own to change, and the input stays as it was', async () => {
  const mounts: BuildPlan['mounts'] = [
    { kind: 'scratch', name: 'out', path: '/build/out' },
    { kind: 'copy', input: 'source', path: '/build/out/source' },
  ];
  const planned = { mounts, cwd: '/build/out/source' };
  const { outcome, root, outDir, workDir } = await building('echo changed >main.go; mkdir new; cat main.go >../artifact', { planned });
  expect(outcome.kind).toBe('built');
  expect(readFileSync(join(outDir, 'artifact'), 'utf8')).toBe('changed\n');
  expect(readFileSync(join(root, 'source', 'main.go'), 'utf8')).toBe('source');
  expect(readdirSync(join(root, 'source'))).toEqual(['main.go']);
  expect(readdirSync(workDir)).toEqual([]);
});

test('a build in another system’s root sees its programs and files in place of the host’s, and cannot change them', async () => {
  const system = await temporaryFolder();
  for (const { source, path } of [...programMounts('sh'), ...programMounts('prlimit')].flatMap((mount) =>
    'source' in mount ? [mount] : [],
  )) {
    const to = join(system, path.replace(/^\/bin\//, '/usr/bin/'));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(source, to);
  }
  symlinkSync('usr/bin', join(system, 'bin'));
  mkdirSync(join(system, 'etc'));
  writeFileSync(join(system, 'etc', 'mark'), 'another system');
  const script = 'read line </etc/mark; echo "$line" >/build/out/artifact; echo x >/etc/mark; [ ! -e /bin/cat ] && [ ! -e /etc/passwd ]';
  // The folder is the build's user's to enter, as the cache's are.
  chmodSync(system, 0o755);
  const { outcome, outDir, log } = await building(script, {
    planned: { programs: { root: 'system' } },
    fetched: { folders: { system, source: system } },
  });
  expect(outcome, log).toMatchObject({ kind: 'built' });
  expect(readFileSync(join(outDir, 'artifact'), 'utf8')).toBe('another system\n');
  expect(log).toMatch(/Read-only file system/);
});

test.each([
  [':', 'no-output'],
  ['ln -s /build/source/main.go /build/out/artifact', 'bad-output'],
  ['mkfifo /build/out/artifact', 'bad-output'],
  ['echo x >/build/out/artifact; ln /build/out/artifact /build/out/other', 'bad-output'],
  ['truncate -s 3000000 /build/out/artifact', 'bad-output'],
])('%s gives %s', async (script, reason) => {
  const { outcome, outDir } = await building(script, { limits: limitsOf({ outputBytes: MIB }) });
  expect(outcome).toMatchObject({ kind: 'build-failed', reason });
  expect(existsSync(join(outDir, 'artifact'))).toBe(false);
});

test('what a build leaves running cannot change the output later', async () => {
  const { outcome, outDir } = await building('echo good >/build/out/artifact; (sleep 1; echo bad >/build/out/artifact) >/dev/null 2>&1 &');
  expect(outcome.kind).toBe('built');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(readFileSync(join(outDir, 'artifact'), 'utf8')).toBe('good\n');
});

test('a compile cache is kept for the next build of whoever names it', async () => {
  const compileCache = join(await temporaryFolder(), 'cache');
  await building('echo 1 >/build/cache/a; echo x >/build/out/artifact', { compileCache });
  const { outcome } = await building('cat /build/cache/a >/build/out/artifact', { compileCache });
  expect(outcome.kind).toBe('built');
  const { outcome: without } = await building('cat /build/cache/a >/build/out/artifact');
  expect(without.kind).toBe('build-failed');
});

test('a build that is aborted leaves nothing running, and says why', async () => {
  const reason = new Error('lease lost');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 200);
  // One that went on to its end would not be rejected.
  await expect(building('sleep 30', { signal: controller.signal })).rejects.toBe(reason);
});

test('the log is heard as it comes', async () => {
  const heard: string[] = [];
  await building('echo one; echo two >&2', { onLog: (text) => heard.push(text) });
  expect(heard.join('').split('\n').sort()).toEqual(['', 'one', 'two']);
});
