import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

  it('runs the commands of the README as they stand', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'verbatim-readme-'));
    await run('cp', [job.summary.policy, join(folder, 'my.policy')]);
    await run('cp', [job.summary.checks[0]!.file, join(folder, 'esbuild')]);
    await run('cp', [join(dataDir, 'registrar.key'), join(folder, 'registrar.key')]);
    await run('cp', [join(REPOSITORY, 'deploy/local/releases/esbuild-0.25.0.recipe.json'), join(folder, 'recipe.json')]);
    const commands = await readmeCommands();
    expect(commands.length).toBeGreaterThanOrEqual(8);
    for (const command of commands) {
      const concrete = command
        .replace(/^npx verbatim /, `"${process.execPath}" "${VERBATIM}" `)
        .replaceAll('https://log.example', job.summary.log.url);
      await run('bash', ['-euo', 'pipefail', '-c', concrete], { cwd: folder }).catch((error: { stdout: string; stderr: string }) => {
        throw new Error(`${command}\n${error.stdout}${error.stderr}`);
      });
    }
    await rm(folder, { recursive: true });
  });

  it('adds no release and no observation when it runs again on the same folder', async () => {
    const before = await logSize(job.summary);
    job.child.kill('SIGTERM');
    const [code] = (await once(job.child, 'close')) as [number];
    expect(code).toBe(0);
    await writeFile(join(dataDir, 'first-run-stdout.json'), job.stdout());
    job = await startMainJob(dataDir);
    expect(await logSize(job.summary)).toBe(before);
    expect(job.summary.checks.map(({ verdict }) => verdict)).toEqual(['reproduced', 'unknown-file', 'unknown-file']);
  });
});
