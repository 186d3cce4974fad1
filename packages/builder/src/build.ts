/** The build stage (DESIGN §3.9): a plan, its inputs and a sandbox give an output, or the reason why there is none. */
import { existsSync } from 'node:fs';
import { chown, chmod, lstat, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuilderError, messageOf } from './errors.ts';
import { outputBelow, takeOutput } from './output.ts';
import { copyTree } from './copy-tree.ts';
import type { BuildPlan, PlanMount } from './plan.ts';
import { removeTree } from './remove-tree.ts';
import { BUILD_ID, type Mount } from './sandbox/arguments.ts';
import type { LogSummary } from './sandbox/build-log.ts';
import { leastFree } from './sandbox/disk-usage.ts';
import type { LimitName, Limits } from './sandbox/limits.ts';
import { runSandboxed, type Sandbox, type SandboxEnd, type SandboxJob } from './sandbox/run.ts';
import { DISK_RESERVE, type Usage } from './sandbox/watchdog.ts';

/** The folders that the fetch stage made, by name: of `Fetched` only this is needed. */
export interface BuildInputs {
  readonly folders: Readonly<Record<string, string>>;
}

export interface BuildRequest {
  readonly plan: BuildPlan;
  readonly fetched: BuildInputs;
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  /** A folder of this build's own for its writable folders; made where needed. */
  readonly workDir: string;
  /** Where output and log go, as `artifact` and `build.log`; made where needed. No build sees it. */
  readonly outDir: string;
  /**
   * A folder that keeps the compiler's results for the next output of the same release. Never share it between releases: a build writes to it.
   * Without it, each build starts from nothing.
   */
  readonly compileCache?: string;
  readonly signal?: AbortSignal | undefined;
  /** Visible text of the log as it comes, up to its limit. */
  readonly onLog?: (text: string) => void;
}

export type BuildFailure =
  | 'exit-code'
  | 'memory-limit'
  | 'process-limit'
  | 'disk-limit'
  | 'log-limit'
  /** Ended well, without an output. */
  | 'no-output'
  /** The output is a link, a device, has other names, or is too large. */
  | 'bad-output';

interface Ran {
  readonly log: LogSummary;
  readonly usage: Usage;
}

export type BuildOutcome =
  | ({ readonly kind: 'built'; readonly outputPath: string } & Ran)
  | ({ readonly kind: 'build-failed'; readonly reason: BuildFailure; readonly exitCode: number | null; readonly detail: string } & Ran)
  | ({ readonly kind: 'timeout'; readonly reason: 'cpu-time' | 'wall-time'; readonly detail: string } & Ran)
  /** Says nothing about the release: the machine's fault. */
  | ({ readonly kind: 'infrastructure'; readonly reason: 'sandbox-failed' | 'host-disk-full'; readonly detail: string } & Ran);

const TMP = '/tmp';
const ALTERNATIVES = '/etc/alternatives';

/**
 * Runs a plan. When it returns, all processes of the build are dead, its writable folders are gone, and the output, if any, is a file of ours.
 * @throws the signal's reason when aborted; BuilderError `tool-missing`, `sandbox-refused`.
 */
export async function build(request: BuildRequest): Promise<BuildOutcome> {
  const { plan, sandbox, limits, workDir, outDir, signal, onLog } = request;
  const root = join(workDir, 'sandbox');
  await removeTree(root);
  await mkdir(root, { recursive: true });
  await mkdir(outDir, { recursive: true });
  const outputPath = join(outDir, 'artifact');
  const logPath = join(outDir, 'build.log');
  for (const stale of [outputPath, logPath]) await removeTree(stale);
  try {
    const mounts = [
      ...systemFolders(plan),
      ...(await mountsOf(request, root)),
      { kind: 'memory', path: TMP, bytes: limits.tmpBytes } as const,
    ];
    const programs = programsOf(request);
    const job = { ...plan.machine, argv: plan.argv, env: plan.env, cwd: plan.cwd, mounts, programs, limits, logPath, onLog, signal };
    const { end, log, usage } = await runSandboxed(sandbox, job);
    const ran: Ran = { log, usage };
    if (end.kind !== 'exit' || end.code !== 0) return await failureOf(end, ran, request, root);
    return await outputOf(request, join(root, 'out'), outputPath, ran);
  } finally {
    await removeTree(root);
  }
}

function folderOf(plan: BuildPlan, name: 'cache' | 'out'): string {
  return plan.mounts.find((mount) => mount.kind === 'scratch' && mount.name === name)!.path;
}

async function mountsOf({ plan, fetched, sandbox, compileCache }: BuildRequest, root: string): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of plan.mounts.entries()) mounts.push(await mountOf(mount, index));
  for (const [index, { path, mode, text }] of plan.files.entries()) {
    const source = join(root, `file-${index}`);
    await writeFile(source, text);
    await chmod(source, mode);
    mounts.push({ kind: 'read-only', source, path });
  }
  return mounts;

  async function mountOf(mount: PlanMount, index: number): Promise<Mount> {
    if (mount.kind === 'input') return { kind: 'read-only', source: inputFolder(fetched, mount.input), path: mount.path };
    if (mount.kind === 'copy') {
      const copy = join(root, `copy-${index}`);
      await copyTree(inputFolder(fetched, mount.input), copy, sandbox.setpriv === null ? null : BUILD_ID);
      return { kind: 'writable', source: copy, path: mount.path };
    }
    const source = mount.name === 'cache' && compileCache !== undefined ? compileCache : join(root, mount.name);
    await mkdir(source, { recursive: true });
    // The build's own user, which has nothing else on this machine.
    if (sandbox.setpriv !== null) await chown(source, BUILD_ID, BUILD_ID);
    await chmod(source, 0o700);
    return { kind: 'writable', source, path: mount.path };
  }
}

function programsOf({ plan, fetched }: BuildRequest): SandboxJob['programs'] {
  const { programs } = plan;
  return typeof programs === 'object' && 'root' in programs ? { root: inputFolder(fetched, programs.root) } : programs;
}

/** Debian's cc and awk are links into /etc/alternatives. */
function systemFolders({ programs }: BuildPlan): Mount[] {
  if (programs !== 'system') return [];
  return existsSync(ALTERNATIVES) ? [{ kind: 'read-only', source: ALTERNATIVES, path: ALTERNATIVES }] : [];
}

function inputFolder({ folders }: BuildInputs, name: string): string {
  const folder = Object.hasOwn(folders, name) ? folders[name] : undefined;
  if (folder === undefined) throw new Error(`the plan mounts ${name}; the fetch stage made ${Object.keys(folders).join(', ')}`);
  return folder;
}

const LIMIT_FAILURES: Readonly<Record<Exclude<LimitName, 'cpu-time' | 'wall-time'>, BuildFailure>> = {
  memory: 'memory-limit',
  processes: 'process-limit',
  disk: 'disk-limit',
  log: 'log-limit',
};

async function failureOf(end: SandboxEnd, ran: Ran, { limits }: BuildRequest, root: string): Promise<BuildOutcome> {
  const full = (): BuildOutcome => ({
    kind: 'infrastructure',
    reason: 'host-disk-full',
    detail: `the disk of ${root} is almost full`,
    ...ran,
  });
  if (end.kind === 'host-disk-full') return full();
  if (end.kind === 'failed') return { kind: 'infrastructure', reason: 'sandbox-failed', detail: end.detail, ...ran };
  if (end.kind === 'limit') {
    const detail = `broke the limit ${end.limit} of ${JSON.stringify(limits)}`;
    if (end.limit === 'cpu-time' || end.limit === 'wall-time') return { kind: 'timeout', reason: end.limit, detail, ...ran };
    return { kind: 'build-failed', reason: LIMIT_FAILURES[end.limit], exitCode: null, detail, ...ran };
  }
  if (leastFree([root]) < DISK_RESERVE) return full();
  return { kind: 'build-failed', reason: 'exit-code', exitCode: end.code, detail: `ended with ${end.code}`, ...ran };
}

async function outputOf({ plan, limits }: BuildRequest, folder: string, outputPath: string, ran: Ran): Promise<BuildOutcome> {
  const failed = (reason: BuildFailure, detail: string): BuildOutcome => ({ kind: 'build-failed', reason, exitCode: 0, detail, ...ran });
  try {
    const from = await outputBelow(folder, plan.output.slice(folderOf(plan, 'out').length + 1));
    if ((await lstat(from).catch(() => null)) === null) return failed('no-output', 'ended well, without an output');
    await takeOutput(from, outputPath, limits.outputBytes);
    return { kind: 'built', outputPath, ...ran };
  } catch (error) {
    if (error instanceof BuilderError && error.code === 'bad-output') return failed('bad-output', messageOf(error));
    throw error;
  }
}
