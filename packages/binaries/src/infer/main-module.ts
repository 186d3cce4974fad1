import type { GoModule } from '../module-info.ts';

/** What is known for a main module that the publisher wrote for the release: GoReleaser hooks and the like make one beside the source. */
export interface OwnModule {
  readonly goMod: string;
  readonly goSum: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Whether a module by this name can be nowhere but with its publisher: the go command asks hosts only, which have a dot. */
export const isOwnName = (path: string): boolean => !path.split('/')[0]!.includes('.');

/**
 * `go` lines that its go.mod may have, likeliest first: what `go mod init` writes, which is the toolchain's own version up to Go 1.25 and wherever
 * a requirement raised it, else the release before; or that of the source.
 */
export function goLines(toolchain: string, sourceGoMod: string | null): string[] {
  const version = toolchain.slice(2);
  const minor = Number(/^1\.(\d+)/.exec(version)?.[1] ?? 0);
  const source = /^go (\d+\.\d+(?:\.\d+)?(?:rc\d+)?)\s*$/m.exec(sourceGoMod ?? '')?.[1];
  const lines = [
    minor < 21 ? `1.${minor}` : version,
    ...(source === undefined ? [] : [source]),
    ...(minor >= 26 ? [`1.${minor - 1}.0`] : []),
  ];
  return [...new Set(lines)];
}

/** The files of a main module that requires exactly what the program lists. `sums` has the hash of each go.mod. Null when one is missing. */
export function ownModule(
  path: string,
  goLine: string,
  deps: readonly GoModule[],
  sums: ReadonlyMap<string, string>,
  files: Readonly<Record<string, string>>,
): OwnModule | null {
  const used = deps.filter(({ replace, sum }) => replace === undefined && sum !== '');
  if (used.length !== deps.length) return null;
  const sorted = [...used].sort((a, b) => (a.path < b.path ? -1 : 1));
  const goSum: string[] = [];
  for (const { path: name, version, sum } of sorted) {
    const goMod = sums.get(`${name}@${version}`);
    if (goMod === undefined) return null;
    goSum.push(`${name} ${version} ${sum}\n`, `${name} ${version}/go.mod ${goMod}\n`);
  }
  const required = sorted.map(({ path: name, version }) => `\t${name} ${version}\n`).join('');
  return { goMod: `module ${path}\n\ngo ${goLine}\n\nrequire (\n${required})\n`, goSum: goSum.join(''), files };
}

/** The source file that is its main.go: the one that a script copies, or where such a file usually is. Null when there is none. */
export function mainFile(name: string, files: readonly string[], texts: ReadonlyMap<string, string>): string | null {
  const has = new Set(files);
  for (const text of texts.values()) {
    for (const [, from] of text.matchAll(/\bcp (?:-\w+ )?\.?\/?([\w./-]{1,200}\/main\.go) [\w./-]*/g)) if (has.has(from!)) return from!;
  }
  return [`cmd/${name.split('/').at(-1)!}/main.go`, 'main.go'].find((file) => has.has(file)) ?? null;
}
