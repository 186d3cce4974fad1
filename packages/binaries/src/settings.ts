import type { GoBuildInfo } from './build-info.ts';

/** `go1.27.4-X:nogreenteagc` (since 1.26) or `go1.19 X:unified`: the release and the experiments. A development version has no toolchain to name. */
export interface GoVersion {
  readonly toolchain: string | null;
  readonly experiments: string | undefined;
}

export function splitGoVersion(stamped: string): GoVersion {
  const [, release, experiments] = /^(go1\.[0-9]+(?:\.[0-9]+|rc[0-9]+|beta[0-9]+)?)(?:[ -]X:([a-z0-9,]+))?$/.exec(stamped) ?? [];
  return { toolchain: release ?? null, experiments };
}

/** The main package as the go command takes it inside the module: `./cmd/x`, or `.` at its root; null when files were named or nothing is known. */
export function packageOf(info: GoBuildInfo): string | null {
  return info.main === null ? null : packagePath(info.path, info.main.path);
}

/** An import path seen from the folder of `module`; null when it is not inside. */
export function packagePath(importPath: string, module: string): string | null {
  if (importPath === module) return '.';
  return importPath.startsWith(`${module}/`) ? `./${importPath.slice(module.length + 1)}` : null;
}

/** `build` lines that come from flags of `go build`, as those flags, in a fixed order. `exe` is the default build mode. */
export function buildFlags(settings: ReadonlyMap<string, string>, stamped: boolean): string[] {
  const flags: string[] = [];
  for (const name of ['-trimpath', '-race', '-msan', '-asan', '-cover']) if (settings.get(name) === 'true') flags.push(name);
  for (const name of ['-asmflags', '-gcflags', '-covermode', '-coverpkg', '-pgo']) {
    const value = settings.get(name);
    if (value !== undefined) flags.push(`${name}=${value}`);
  }
  const mode = settings.get('-buildmode');
  if (mode !== undefined && mode !== 'exe') flags.push(`-buildmode=${mode}`);
  flags.push(`-buildvcs=${stamped}`);
  return flags;
}

/** GOAMD64, GOARM64, GO386 and their like: the one that belongs to the architecture is recorded, and it changes code. */
export function archSettings(settings: ReadonlyMap<string, string>): Record<string, string> {
  const names = ['GO386', 'GOAMD64', 'GOARM', 'GOARM64', 'GOMIPS', 'GOMIPS64', 'GOPPC64', 'GORISCV64', 'GOWASM'];
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = settings.get(name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}
