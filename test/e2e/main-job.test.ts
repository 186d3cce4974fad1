import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createKeyFile } from '@verbatim/service-kit/keyfile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY, readmeCommands } from './_readme.ts';

const run = promisify(execFile);
const VERBATIM = join(REPOSITORY, 'packages/cli/bin/verbatim.js');
/** The digest that npm's @esbuild/linux-x64@0.25.0 has had since its release. */
const PUBLISHED = 'sha256:98f635ee88526a7d9dd7a82c8a79f341c0247de8aa56d38158c0963892957829';

interface Summary {
  log: { origin: string; vkey: string; url: string; dataDir: string };
  policy: string;
  nodes: { name: string; operator: string; hostPlatform: string }[];
  checks: { name: string; file: string; digest: string; verdict: string; exitCode: number; bundle: string | null }[];
  seconds: number;
}

/** Starts the main job with `--keep --json` as the README's command does, and waits for its one object on stdout. */
async function startMainJob(dataDir: string): Promise<{ child: ChildProcess; summary: Summary; stdout: () => string }> {
  const child = spawn('npm', ['start', '--silent', '--', '--json', '--keep', '--data', dataDir], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const summary = await new Promise<Summary>((resolve, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.endsWith('}\n')) resolve(JSON.parse(stdout) as Summary);
    });
    child.once('close', (code) => reject(new Error(`the main job ended with ${code} before it printed its summary:\n${stderr}`)));
  });
  return { child, summary, stdout: () => stdout };
}

async function logSize(summary: Summary): Promise<string> {
  const checkpoint = await readFile(join(summary.log.dataDir, 'public/checkpoint'), 'utf8');
  return checkpoint.split('\n')[1]!;
}

describe('the main job', () => {
  let dataDir: string;
  let job: Awaited<ReturnType<typeof startMainJob>>;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'verbatim-main-job-'));
    job = await startMainJob(dataDir);
  });

  afterAll(async () => {
    if (job?.child.exitCode === null) {
      job.child.kill('SIGTERM');
      await once(job.child, 'close');
    }
    await rm(dataDir, { recursive: true, force: true });
  });

  it('reproduces the binary that npm published and refuses the two others', () => {
    expect(job.summary.checks.map(({ name, verdict, exitCode }) => ({ name, verdict, exitCode }))).toEqual([
      { name: 'published', verdict: 'reproduced', exitCode: 0 },
      { name: 'one byte changed', verdict: 'unknown-file', exitCode: 1 },
      { name: 'never logged', verdict: 'unknown-file', exitCode: 1 },
    ]);
    expect(job.summary.checks[0]!.digest).toBe(PUBLISHED);
    expect(new Set(job.summary.nodes.map(({ operator }) => operator)).size).toBe(3);
  });

  it('runs every node with a key of its own that nobody else can read', async () => {
    const keys = await Promise.all(
      job.summary.nodes.map(async ({ name }) => {
        const file = join(dataDir, `${name}.key`);
        expect((await stat(file)).mode & 0o777).toBe(0o600);
        return readFile(file, 'utf8');
      }),
    );
    expect(new Set(keys).size).toBe(3);
  });

  it('writes a bundle that verifies offline, with no network at all', async () => {
    const [published] = job.summary.checks;
    const { stdout } = await run('unshare', [
      '--net',
      process.execPath,
      VERBATIM,
      'verify',
      '--offline',
      '--policy',
      job.summary.policy,
      '--bundle',
      published!.bundle!,
      published!.file,
    ]);
    expect(stdout.split('\n')[0]).toContain('REPRODUCED');
  });

  it('adds no release and no observation when it runs again on the same folder', async () => {
    const before = await logSize(job.summary);
    job.child.kill('SIGTERM');
    const [code] = (await once(job.child, 'close')) as [number];
    expect(code).toBe(0);
    expect(job.stdout().split('\n')).toHaveLength(2);
    job = await startMainJob(dataDir);
    expect(await logSize(job.summary)).toBe(before);
    expect(job.summary.checks.map(({ verdict }) => verdict)).toEqual(['reproduced', 'unknown-file', 'unknown-file']);
  });

  it('runs the commands of the README as they stand', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'verbatim-readme-'));
    await prepareReaderFolder(folder, job.summary, dataDir);
    const commands = await readmeCommands();
    expect(commands.length).toBe(9);
    for (const command of commands) await runReadmeCommand(command, folder);
    expect((await run(join(folder, 'checked'), ['--version'])).stdout).toBe('0.25.0\n');
    await rm(folder, { recursive: true });
  });
});

/** What the README's reader has beside the commands: a policy, a file, an enrolled publisher's key, a recipe, a node's configuration. */
async function prepareReaderFolder(folder: string, { policy, checks }: Summary, dataDir: string): Promise<void> {
  await copyFile(policy, join(folder, 'my.policy'));
  await copyFile(checks[0]!.file, join(folder, 'esbuild'));
  await symlink(join(REPOSITORY, 'services'), join(folder, 'services'));
  const recipe = JSON.parse(await readFile(join(REPOSITORY, 'deploy/local/releases/esbuild-0.25.0.recipe.json'), 'utf8')) as {
    outputs: { goarch: string }[];
  };
  await writeFile(
    join(folder, 'recipe.json'),
    JSON.stringify({ ...recipe, outputs: recipe.outputs.filter(({ goarch }) => goarch === 'amd64') }),
  );
  const { vkey } = await createKeyFile(join(folder, 'publisher.key'), 'publisher.example');
  const enrol = ['log', 'admin', 'enrol', '--policy', policy, '--key', join(dataDir, 'admin.key'), '--role', 'publisher', '--vkey', vkey];
  await run(process.execPath, [VERBATIM, ...enrol, '--operator', 'publisher', '--scope', 'pkg:npm/esbuild']);
  const node = await readFile(join(dataDir, 'ash-1.toml'), 'utf8');
  const own = node.replace(/^name = .*$/m, 'name = "rb1.example.org"').replace(/^key_file = .*$/m, 'key_file = "rebuilder.key"');
  await writeFile(join(folder, 'rebuilder.toml'), own.replace(/^data_dir = .*$/m, 'data_dir = "rebuilder"'));
}

/** Runs one command line; one that serves is stopped as soon as it is ready, and has to end well. */
async function runReadmeCommand(command: string, cwd: string): Promise<void> {
  const concrete = command.replace(/^npx verbatim /, `"${process.execPath}" "${VERBATIM}" `).replace(/^node /, `"${process.execPath}" `);
  const child = spawn('bash', ['-c', `exec ${concrete}`], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (/ serve /.test(command) && output.includes('"ready":true')) child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, `${command}\n${output}`).toBe(0);
}
