import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The foreign checker: tessera's own, through the Go module proxy and checked against the checksum database by the go client. */
const FSCK = 'github.com/transparency-dev/tessera/cmd/fsck@v1.0.4';
const CHECK_SECONDS = 60;

/** Builds (once a machine) and returns the path of tessera's fsck. A missing `go` fails loudly. */
export async function buildFsck(): Promise<string> {
  const bin = join(tmpdir(), 'verbatim-foreign-bin');
  await mkdir(bin, { recursive: true });
  const { stdout: proxy } = await run('go', ['env', 'GOPROXY']);
  const environment = { ...process.env, GOENV: 'off', GOFLAGS: '', GOTOOLCHAIN: 'local', GOPROXY: proxy.replace(/\n$/, ''), GOBIN: bin };
  await run('go', ['install', FSCK], { env: environment, timeout: 300_000 });
  return join(bin, 'fsck');
}

export interface FsckResult {
  /** True only if the success line was printed for exactly this size: the exit status alone says nothing, and a hang is a refusal. */
  readonly accepted: boolean;
  readonly output: string;
}

/** Runs fsck over a log at a URL with a trailing slash, bounded in time. `--N` exceeds the bad resources that a test makes, else fsck hangs. */
export async function fsck(binary: string, storageUrl: string, vkey: string, size: bigint): Promise<FsckResult> {
  const keyFile = join(tmpdir(), `verbatim-fsck-${process.pid}.vkey`);
  await writeFile(keyFile, vkey);
  const args = [`--storage_url=${storageUrl}`, `--public_key=${keyFile}`, '--N=256', '--ui=false'];
  const output = await run(binary, args, { timeout: CHECK_SECONDS * 1000, killSignal: 'SIGKILL' }).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout?: string; stderr?: string; message: string }) => `${error.stdout ?? ''}${error.stderr ?? ''}${error.message}`,
  );
  return { accepted: output.includes(`] Successfully fsck'd log with size ${size} and root `), output };
}
