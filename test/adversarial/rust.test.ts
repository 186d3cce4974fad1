import { detectSandbox, type Fetched, type Limits, type Sandbox } from '@verbatim/builder';
import type { Recipe } from '@verbatim/statements';
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RUST } from './attacks.ts';
import {
  CACHE,
  commitOf,
  fetchFrom,
  hex,
  planOf,
  runJob,
  rustHere,
  rustRecipe,
  scratchFolder,
  type Commit,
  type Ran,
  type Rust,
} from './_lab.ts';
import { seenTable } from './_seen.ts';

const MIB = 1024 ** 2;
const PRIVATE = 'PRIVATE+KEY+of-the-node';
const MARK = 'published-file-bytes';
/** A user that nobody is. */
const ORDINARY = 54_322;

const scratch = scratchFolder();
const inScratch = (name: string): string => join(scratch.path, name);
let rust: Rust;
let commit: Commit;
let fetched: Fetched;
let sandboxes: Record<'counted' | 'watched', Sandbox>;
let benign: Ran;

/** What listens on the host, and what reached it. */
const reached: string[] = [];
const tcp = createServer(() => reached.push('tcp'));
const abstract = createServer(() => reached.push('abstract'));
const named = createServer(() => reached.push('named'));
const udp = createSocket('udp4', () => reached.push('udp'));

beforeAll(async () => {
  rust = await rustHere();
  commit = commitOf(inScratch('repository'), 'rust');
  const outcome = await fetchFrom(rustRecipe(commit, rust), inScratch('fetch'));
  if (outcome.kind === 'unavailable') throw new Error(`${outcome.reason}: ${outcome.detail}`);
  fetched = outcome;
  sandboxes = { counted: await detectSandbox(), watched: await detectSandbox({ limits: 'rlimit' }) };
  writeFileSync(inScratch('node.key'), PRIVATE, { mode: 0o644 });
  mkdirSync(inScratch('job'));
  writeFileSync(join(inScratch('job'), 'received'), MARK);
  const listening = Promise.withResolvers<void>();
  tcp.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  abstract.listen(`\0${abstractName()}`);
  named.listen(inScratch('control.sock'));
  udp.bind(port(), '127.0.0.1');
  mkdirSync(inScratch('warm'));
  benign = await attack('', 'counted', { compileCache: inScratch('warm') });
  expect(benign.reported, benign.log).toBe('built');
});
afterAll(async () => {
  for (const server of [tcp, abstract, named]) server.close();
  udp.close();
  await fetched[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

const port = (): number => (tcp.address() as AddressInfo).port;
const abstractName = (): string => `hostile-${process.pid}`;

function recipeFor(name: string, place: string): Recipe {
  const env = {
    ATTACK: name,
    ATTACK_IN: place,
    PORT: String(port()),
    NAME: abstractName(),
    SOCKET: hex(inScratch('control.sock')),
    KEY: hex(inScratch('node.key')),
    JOB: hex(inScratch('job')),
    CACHE: hex(CACHE),
    MARK: hex(MARK),
  };
  return rustRecipe(commit, rust, env);
}

/** Every attack gets a copy of what an honest build left in the compile cache, so that only its own code is compiled again. */
async function attack(
  name: string,
  kind: 'counted' | 'watched',
  { limits = {}, compileCache, place = 'build-script' }: { limits?: Partial<Limits>; compileCache?: string; place?: string } = {},
): Promise<Ran> {
  const workDir = inScratch(`${name}-${kind}`);
  mkdirSync(workDir);
  const cache = compileCache ?? join(workDir, 'cache');
  if (compileCache === undefined) execFileSync('cp', ['-a', inScratch('warm'), cache]);
  const plan = planOf(recipeFor(name, place));
  return runJob({ plan, fetched, sandbox: sandboxes[kind], workDir, limits, compileCache: cache });
}

/** Bytes on disk of the compile cache that every attack starts with. */
const warmBytes = (): number => Number.parseInt(execFileSync('du', ['-s', '--block-size=1', inScratch('warm')], { encoding: 'utf8' }), 10);

/** What an attack needs to be over soon. */
const limitsFor = (name: string): Partial<Limits> => (name === 'disk-files' ? { diskBytes: warmBytes() + MIB } : (LIMITS[name] ?? {}));
const LIMITS: Readonly<Record<string, Partial<Limits>>> = {
  spin: { cpuSeconds: 2 },
  sleep: { wallSeconds: 1 },
  'output-fifo': { wallSeconds: 2 },
};

/** What must be in the log, beside refusals. */
const SAID: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  network: ['TCP to the host: refused', 'DNS: refused', 'VSOCK: refused', 'an abstract socket: refused'],
  snoop: [
    'KEY as a file: refused',
    'JOB through process 1: refused',
    'processes: its own',
    'process 1: confined as well',
    'host name: build',
  ],
  hunt: ['looked into all files'],
  kernel: ['keyctl: refused, Function not implemented', "descriptors of the supervisor's: 0 and 0", 'a user namespace: refused'],
  'memory-disks': ['/tmp: refused', '/dev/shm: refused', '/build: refused'],
  caches: ['writing /build/rust/bin/rustc: refused', 'another name for /usr/bin/cc: refused', 'a new file in /build/vendor: refused'],
  'output-moved': ['moving the folder: refused', 'removing the folder: refused'],
  escapes: ['\\u{202e}sdrawkcab\\u{202c} \\x9b31m \\x0d', '\\u{feff}end'],
  flood: [/\\x0[bcd]/, 'bytes of the log are left out here'],
};

const literally = (text: string): RegExp => new RegExp(text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));

/** Without control groups: the build fails as it likes, and nobody counts refusals. */
const REFUSED_BY_THE_KERNEL: Readonly<Record<string, string>> = {
  'fork-bomb': 'build-failed, exit-code',
  memory: 'build-failed, exit-code',
};

function judge(name: string, ran: Pick<Ran, 'reported' | 'log' | 'sha256'>, expected: string): void {
  expect(ran.reported, ran.log).toBe(expected);
  for (const part of SAID[name] ?? []) expect(ran.log).toMatch(typeof part === 'string' ? literally(part) : part);
  expect(ran.log).not.toMatch(/: DONE|FOUND|TOO MANY|TOO FEW|WHOLE|foreign variable/);
  // eslint-disable-next-line no-control-regex
  expect(ran.log).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Cf}/u);
  expect(ran.log).not.toContain(PRIVATE);
  expect(ran.sha256).toBe(expected === 'built' ? benign.sha256 : null);
  expect(reached).toEqual([]);
  expect(readFileSync(join(inScratch('job'), 'received'), 'utf8')).toBe(MARK);
}

/** Build scripts of ours that still run. */
const survivors = (): string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes('/build/target/release/build/hostile-');
    } catch {
      return false;
    }
  });

const saw = seenTable('Attacks by build scripts and procedural macros');

describe('with control groups where they can be made, a build that attacks by', () => {
  test.each(RUST.map(({ name, reported }) => [name, reported] as const))('%s is reported as %s', async (name, expected) => {
    const started = performance.now();
    const ran = await attack(name, 'counted', { limits: limitsFor(name), place: name === 'flood' ? 'macro' : 'build-script' });
    saw(name, ran.reported, (performance.now() - started) / 1000);
    judge(name, ran, expected);
    if (name === 'background') await sleep(700);
    expect(survivors()).toEqual([]);
    if (ran.outcome.kind === 'built')
      expect(readFileSync(ran.outcome.outputPath)).toEqual(readFileSync((benign.outcome as { outputPath: string }).outputPath));
    expect(readdirSync(join(inScratch(`${name}-counted`), 'w'))).toEqual([]);
  });
});

describe('without control groups, a build that attacks by', () => {
  // The others as an ordinary user, below.
  const names = ['memory', 'spin'];
  test.each(names)('%s is contained as well', async (name) => {
    const ran = await attack(name, 'watched', { limits: limitsFor(name) });
    const { reported } = RUST.find((each) => each.name === name)!;
    saw(`${name} (rlimits)`, ran.reported, ran.outcome.usage.wallSeconds);
    judge(name, ran, REFUSED_BY_THE_KERNEL[name] ?? reported);
    expect(survivors()).toEqual([]);
  });
});

/** Runs attacks in a process of another user, or of this one where it is nobody special; the toolchain is put where that user can read it. */
async function asOrdinaryUser(names: readonly string[]): Promise<Record<string, Pick<Ran, 'reported' | 'log' | 'sha256'>>> {
  const isRoot = process.getuid!() === 0;
  const rustDir = inScratch('rust');
  try {
    execFileSync('cp', ['-al', fetched.folders['rust']!, rustDir], { stdio: 'ignore' });
  } catch {
    // Another file system.
    execFileSync('cp', ['-a', fetched.folders['rust']!, rustDir]);
  }
  const folders = { ...fetched.folders, rust: rustDir };
  const jobs = names.map((name) => {
    const workDir = inScratch(`${name}-ordinary`);
    mkdirSync(workDir);
    const compileCache = join(workDir, 'cache');
    execFileSync('cp', ['-a', inScratch('warm'), compileCache]);
    if (isRoot) execFileSync('chown', ['-R', `${ORDINARY}:${ORDINARY}`, workDir]);
    return { name, plan: planOf(recipeFor(name, 'build-script')), workDir, compileCache, limits: limitsFor(name) };
  });
  const script = `
    import { detectSandbox } from ${JSON.stringify(import.meta.resolve('@verbatim/builder'))};
    import { runJob } from ${JSON.stringify(new URL('_lab.ts', import.meta.url).href)};
    const { folders, jobs } = JSON.parse(process.env.JOBS);
    const sandbox = await detectSandbox();
    const ran = {};
    for (const { name, ...job } of jobs) ran[name] = await runJob({ ...job, fetched: { folders }, sandbox });
    console.log(JSON.stringify({ uid: process.getuid(), limits: sandbox.limits, ran }));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: '/',
    env: { PATH: process.env['PATH'], HOME: '/tmp', JOBS: JSON.stringify({ folders, jobs }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(isRoot ? { uid: ORDINARY, gid: ORDINARY } : {}),
  });
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(complaint).toBe('');
  const { uid, limits, ran } = JSON.parse(said) as { uid: number; limits: string; ran: Record<string, Ran> };
  expect(uid).not.toBe(0);
  if (isRoot) expect(limits).toBe('rlimit');
  return ran;
}

test('as an ordinary user too, attacks are contained', async () => {
  const names = ['network', 'caches', 'fork-bomb', 'memory-spread', 'disk-unnamed'];
  for (const [name, ran] of Object.entries(await asOrdinaryUser(names))) {
    const expected = REFUSED_BY_THE_KERNEL[name] ?? RUST.find((each) => each.name === name)!.reported;
    saw(`${name} (ordinary)`, ran.reported, 0);
    judge(name, ran, expected);
  }
  expect(survivors()).toEqual([]);
});
