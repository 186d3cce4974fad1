/**
 * Files of a Go module, through the `go` client and whatever module proxy the user has configured. Nothing of Go is built or run.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export interface GoModule {
  path: string;
  version: string;
  /** `h1:…` of the module's zip. The checksum database is asked as well. */
  sum: string;
}

/** Text of `file` in the module. */
export type ReadModuleFile = (file: string) => string;

/** Downloads a module once and reads from it. Throws when there is no `go`, no network, or another content than pinned. */
export function fetchGoModule({ path, version, sum }: GoModule): { folder: string; read: ReadModuleFile } {
  const cache = join(tmpdir(), `verbatim-test-go-${userInfo().uid}`);
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  // A user's settings that weaken the checksum database do not apply here; their proxy does.
  const { GONOSUMDB: _nosumdb, GONOSUMCHECK: _nosumcheck, GOPRIVATE: _private, GOINSECURE: _insecure, ...environment } = process.env;
  let output: string;
  try {
    output = execFileSync('go', ['mod', 'download', '-json', `${path}@${version}`], {
      cwd: cache,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
      env: { ...environment, GOENV: 'off', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', GOWORK: 'off', GOMODCACHE: join(cache, 'mod') },
    });
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: string; stdout?: string; stderr?: string };
    const found = code === 'ENOENT' ? 'no `go` in PATH: install Go' : `${stdout ?? ''}${stderr ?? ''}`;
    throw new Error(`expected the Go client to download ${path}@${version}, found ${found}`, { cause: error });
  }
  const found = JSON.parse(output) as { Dir: string; Sum: string };
  if (found.Sum !== sum) throw new Error(`expected ${path}@${version} with ${sum}, found ${found.Sum}`);
  return { folder: found.Dir, read: (file) => readFileSync(join(found.Dir, file), 'utf8') };
}

/** The string literals of a Go source file, interpreted and raw, with their escapes (\n, \t, \\, \", \xHH) resolved as UTF-16. */
export function goStrings(source: string): string[] {
  const literals = source.matchAll(/`([^`]*)`|"((?:[^"\\\n]|\\.)*)"/g);
  return [...literals].map(([, raw, interpreted]) => {
    if (raw !== undefined) return raw;
    return interpreted!.replaceAll(/\\(x[0-9a-f]{2}|.)/g, (_whole, code: string) =>
      code.startsWith('x') ? String.fromCharCode(parseInt(code.slice(1), 16)) : ({ n: '\n', t: '\t', r: '\r' }[code] ?? code),
    );
  });
}

/** Text of the function `name` up to `end`. Throws when there is no such text, so that a test never runs on nothing. */
export function goFunction(source: string, name: string, end: string): string {
  const start = source.indexOf(`func ${name}(`);
  const stop = start < 0 ? -1 : source.indexOf(end, start);
  if (stop < 0) throw new Error(`expected a function ${name} with ${JSON.stringify(end)}`);
  return source.slice(start, stop);
}
