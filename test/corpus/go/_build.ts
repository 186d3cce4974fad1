// Builds one program of the corpus with the machine's own `go` command.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { moduleProxy } from './_proxy.ts';
import type { GoModules } from './_proxy.ts';

const run = promisify(execFile);

/** Shared by all builds and kept between runs: the standard library is compiled once for each setting. */
const CACHE = join(tmpdir(), 'verbatim-test-go-cache');

export interface GoProgram {
  /** Sources by name; what the inputs of a rebuild contain. */
  readonly files: Readonly<Record<string, string>>;
  /** What a build step writes next to the sources: made anew for each build, no input. */
  readonly generated?: () => Readonly<Record<string, string>>;
  /** A command whose standard error becomes the file `table.go`. */
  readonly generator?: readonly string[];
  /** `-trimpath -buildvcs=false` unless given. */
  readonly flags?: readonly string[];
  readonly ldflags?: string | (() => string);
  readonly env?: Readonly<Record<string, string>>;
  /** The name of the folder that holds the sources. */
  readonly folder?: string;
  /** Commands of git before the build, such as `tag v1.2.3`. */
  readonly git?: readonly (readonly string[])[];
  /** Files that are written after those commands. */
  readonly dirt?: Readonly<Record<string, string>>;
  /** Commands run on the finished file, whose path follows. */
  readonly after?: readonly (readonly string[])[];
  /** What the module proxy of this build has. */
  readonly modules?: GoModules;
  /** Commands of go before the build, such as `mod vendor`. */
  readonly before?: readonly (readonly string[])[];
  /** Another release of Go, fetched by the go command itself. */
  readonly toolchain?: string;
  readonly main?: readonly string[];
}

export interface Built {
  readonly bytes: Uint8Array;
  readonly folder: string;
  /** When the build ran, in POSIX seconds. */
  readonly from: number;
  readonly to: number;
}

/** Builds below `root/name`, which is removed afterwards. */
export async function build(program: GoProgram, root: string, name: string): Promise<Built> {
  const parent = join(root, name);
  const folder = join(parent, program.folder ?? 'src');
  const output = join(parent, 'program');
  write(folder, program.files);
  try {
    if (program.git !== undefined)
      for (const args of [['init', '-q'], ['add', '.'], ['commit', '-q', '-m', 'x'], ...program.git]) await git(args, folder);
    write(folder, program.dirt ?? {});
    const from = Date.now() / 1000;
    write(folder, program.generated?.() ?? {});
    for (const args of program.before ?? []) await go(args, folder, program);
    if (program.generator !== undefined) write(folder, { 'table.go': (await go(program.generator, folder, program)).stderr });
    await go(['build', '-o', output, ...flagsOf(program), ...(program.main ?? ['.'])], folder, program);
    const to = Date.now() / 1000;
    for (const [command, ...args] of program.after ?? []) await run(command!, [...args, output]);
    return { bytes: new Uint8Array(readFileSync(output)), folder, from, to };
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function flagsOf({ flags = ['-trimpath', '-buildvcs=false'], ldflags = '-s -w' }: GoProgram): string[] {
  return [...flags, `-ldflags=${typeof ldflags === 'string' ? ldflags : ldflags()}`];
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** Nothing of the user's settings, but for where toolchains come from when another one is asked for. */
async function go(args: readonly string[], cwd: string, { env, toolchain, modules }: GoProgram): Promise<{ stderr: string }> {
  const fixed = { GOENV: 'off', GOFLAGS: '', GOWORK: 'off', GOTELEMETRY: 'off', CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOPROXY: 'off' };
  // The go command remembers in GOPATH which version a revision had: only a toolchain may come from a shared one.
  const gopath = toolchain === undefined ? join(dirname(cwd), '.gopath') : join(CACHE, 'path');
  const places = { PATH: process.env.PATH, HOME: join(CACHE, 'home'), GOPATH: gopath, GOCACHE: join(CACHE, 'build') };
  const fetching = toolchain === undefined ? {} : { ...process.env, ...fixed, ...(await network()), GOTOOLCHAIN: toolchain };
  const proxy =
    modules === undefined
      ? {}
      : {
          GOPROXY: moduleProxy(join(dirname(cwd), '.proxy'), modules),
          GOSUMDB: 'off',
          GOFLAGS: '-modcacherw',
          GOMODCACHE: join(dirname(cwd), '.modules'),
        };
  return run('go', [...args], { cwd, env: { ...fixed, ...fetching, ...places, ...proxy, ...env }, maxBuffer: 1 << 26 });
}

/** The user's proxies and mirrors. */
async function network(): Promise<Record<string, string>> {
  const { stdout } = await run('go', ['env', '-json', 'GOPROXY', 'GONOPROXY', 'GOSUMDB', 'GONOSUMDB', 'GOINSECURE', 'GOAUTH']);
  return JSON.parse(stdout) as Record<string, string>;
}

async function git(args: readonly string[], cwd: string): Promise<void> {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main'];
  const date = '1700000000 +0000';
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  await run('git', [...identity, ...args], { cwd, env });
}
