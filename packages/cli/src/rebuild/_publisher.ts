// Test helper: a publisher with a real module, who builds it with a Go release of their own choice.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Small and without dependencies; the module proxy serves it. */
export const MODULE = 'golang.org/x/example/hello';
export const VERSION = 'v0.0.0-20250915201037-7f05d217867b';
const MODULE_CACHE = join(tmpdir(), 'verbatim-test-go-cache', 'modules');

/** The go command of the publisher, in `cwd`. */
export function go(args: readonly string[], cwd: string): string {
  const env = { ...process.env, GOENV: 'off', GOTOOLCHAIN: 'go1.23.5', GOFLAGS: '-modcacherw', GOMODCACHE: MODULE_CACHE, CGO_ENABLED: '0' };
  return execFileSync('go', [...args], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Puts the module's files into `folder`, which must not exist. */
export function checkOut(folder: string): void {
  const { Dir } = JSON.parse(go(['mod', 'download', '-json', `${MODULE}@${VERSION}`], tmpdir())) as { Dir: string };
  cpSync(Dir, folder, { recursive: true });
}
