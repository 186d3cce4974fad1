/**
 * Runs the ecosystems' clients: they parse what strangers wrote and talk to strangers' servers. In the sandbox that builds run in, with the host's
 * network: a client that is taken over, or talked into something, reaches what it is shown and what listens on the network, and nothing else.
 * Everything is at its own path.
 */
import { BuilderError } from '../errors.ts';
import { MAX_OUTPUT, ToolOutput, runTool, type ToolResult, type ToolRun } from '../process.ts';
import type { Mount } from './arguments.ts';
import { knownSandbox } from './detect.ts';
import { systemFolders } from './host-files.ts';
import { lend } from './lend.ts';
import { limitsOf, type Limits } from './limits.ts';
import { runHeard, type SandboxEnd } from './run.ts';
import { NETWORK_FILES, presentPaths } from './shown.ts';

export interface ClientRun extends ToolRun {
  /** Files and folders that it reads. What is not there, or is of the system, may be among them. */
  readonly shown: readonly string[];
  /** Folders of this job's own that it may write to. */
  readonly writable: readonly string[];
  /** Folders that the clients of several jobs write to at a time. What comes from there is checked whenever it is read. */
  readonly shared?: readonly string[] | undefined;
  /** Whether it has the host's network; true when left out. */
  readonly network?: boolean;
}

const [MIB, GIB] = [1024 ** 2, 1024 ** 3];
/** The inputs' own limit is the fetch stage's; here it is the machine that is kept from harm. */
const LIMITS: Partial<Limits> = { cpuSeconds: 3600, memoryBytes: 4 * GIB, processes: 1024, diskBytes: 32 * GIB, tmpBytes: 256 * MIB };

/**
 * As `runTool`, confined. Linux only: elsewhere nothing is built either, and who looks something up there runs the client as they would by hand.
 * @throws BuilderError as `detectSandbox` does, and `sandbox-refused` when the sandbox broke down
 */
export async function runClient(run: ClientRun): Promise<ToolResult> {
  if (process.platform !== 'linux') return runTool(run);
  const { argv, cwd, env, signal, timeout, maxOutput = MAX_OUTPUT, shown, writable, shared = [], network = true } = run;
  signal?.throwIfAborted();
  const sandbox = await knownSandbox();
  const limits = limitsOf({ ...LIMITS, wallSeconds: Math.ceil(timeout / 1000) });
  const output = new ToolOutput(maxOutput);
  const mounts = mountsOf([...NETWORK_FILES, ...shown], [...writable, ...shared], limits);
  await using lent = await lend({ mounts, writable, shared, staged: sandbox.setpriv !== null });
  const { end } = await runHeard(
    sandbox,
    {
      argv: ['/bin/sh', '-c', 'umask 022; exec "$@"', 'sh', ...argv],
      env,
      cwd,
      mounts: lent.mounts,
      programs: 'installed',
      limits,
      network,
      signal,
    },
    (stream, chunk) => output.push(stream, chunk),
  );
  return resultOf(end, output);
}

/** Parents before what is in them. */
function mountsOf(shown: readonly string[], writable: readonly string[], { tmpBytes }: Limits): Mount[] {
  const system = systemFolders().map(({ path }) => path);
  const mounts = [
    ...presentPaths(shown, system).map((path): Mount => ({ kind: 'read-only', source: path, path })),
    ...[...new Set(writable)].map((path): Mount => ({ kind: 'writable', source: path, path })),
  ];
  return [{ kind: 'memory', path: '/tmp', bytes: tmpBytes }, ...mounts.toSorted((a, b) => (a.path < b.path ? -1 : 1))];
}

/** In the words that callers look for in what a client says. */
function resultOf(end: SandboxEnd, { stdout, stderr }: ToolOutput): ToolResult {
  switch (end.kind) {
    case 'exit':
      return { code: end.code, stdout, stderr, ended: 'exit' };
    case 'host-disk-full':
      return { code: null, stdout, stderr: `${stderr}\nNo space left on device`, ended: 'exit' };
    case 'failed':
      throw new BuilderError('sandbox-refused', `expected a client in a sandbox to end by itself, found: ${end.detail}`);
    case 'limit':
      if (end.limit === 'log') return { code: null, stdout, stderr, ended: 'overflow' };
      if (end.limit === 'wall-time' || end.limit === 'cpu-time') return { code: null, stdout, stderr, ended: 'timeout' };
      return { code: null, stdout, stderr: `${stderr}\nstopped at the limit of ${end.limit} for clients`, ended: 'exit' };
  }
}
