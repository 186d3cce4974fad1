// Test helper: tiny Go programs for many targets, built by the machine's own toolchain.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Kept between runs: the standard library compiled for every target, so that only the first run is slow. */
const CACHE = join(tmpdir(), 'verbatim-test-go-cache');

export const HELLO = { 'go.mod': 'module example.org/hello\n\ngo 1.21\n', 'main.go': 'package main\n\nfunc main() { println("hello") }\n' };

export interface GoBuild {
  readonly target?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Package or files to build. */
  readonly main?: readonly string[];
}

/** A folder with `files`, removed by `using`. */
export class GoModuleFolder implements Disposable {
  readonly path: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.path = mkdtempSync(join(tmpdir(), 'verbatim-go-'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), text);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** Builds into `<folder>/<output>` and returns the path. */
  build({ target = 'linux/amd64', flags = [], env = {}, main = ['.'] }: GoBuild = {}, output = 'out.bin'): string {
    const [goos, goarch] = target.split('/');
    const path = join(this.path, output);
    this.go(['build', '-o', path, ...flags, ...main], { GOOS: goos!, GOARCH: goarch!, ...env });
    return path;
  }

  go(args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
    return go(args, this.path, env);
  }

  run(command: string, args: readonly string[]): void {
    execFileSync(command, args, {
      cwd: this.path,
      env: {
        PATH: process.env.PATH,
        HOME: this.path,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_DATE: '1700000000 +0000',
        GIT_COMMITTER_DATE: '1700000000 +0000',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }
}

/** The machine's `go` with nothing of the user's settings. */
export function go(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): string {
  const base = {
    PATH: process.env.PATH,
    HOME: join(CACHE, 'home'),
    GOPATH: join(CACHE, 'path'),
    GOCACHE: join(CACHE, 'build'),
    CGO_ENABLED: '0',
  };
  const fixed = { GOENV: 'off', GOFLAGS: '', GOTOOLCHAIN: 'local', GOWORK: 'off', GOPROXY: 'off', GOTELEMETRY: 'off' };
  return execFileSync('go', [...args], {
    cwd,
    env: { ...base, ...fixed, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function bytesOf(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}
