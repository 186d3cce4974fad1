import { readGoBuildId } from './build-id.ts';
import { findGoVersions, readGoBuildInfo } from './build-info.ts';
import type { GoBuildInfo } from './build-info.ts';
import { orElse } from './errors.ts';
import { identify, readImages } from './identify.ts';
import { findMainPackage } from './main-package.ts';
import { linkerFlagSpellings } from './ldflags.ts';
import { moduleNotes } from './notes.ts';
import { archSettings, buildFlags, packageOf, packagePath, splitGoVersion } from './settings.ts';
import { vcsOf } from './vcs.ts';
import type { VcsDraft } from './vcs.ts';

/** What the caller knows that the binary does not say. */
export interface RecipeHints {
  /** Name of the artifact in its release, such as `linux-x64/bin/esbuild`; the draft's output is called so. */
  readonly artifact?: string;
  readonly module?: string;
  /** Module version, `v0.25.0`. */
  readonly version?: string;
  readonly h1?: string;
  /** Main package, `./cmd/esbuild`. */
  readonly package?: string;
  readonly ldflags?: string;
  /** Toolchain digests by host platform. */
  readonly toolchainH1?: Readonly<Record<string, string>>;
}

/** A Go recipe in which what nobody knows yet is null. Filled in, it is @verbatim/statements' recipe of kind `go`. */
export interface RecipeDraft {
  readonly kind: 'go';
  readonly version: 1;
  readonly source: {
    readonly kind: 'go-module';
    readonly module: string | null;
    readonly version: string | null;
    readonly h1: string | null;
  };
  readonly toolchain: { readonly version: string | null; readonly h1: Readonly<Record<string, string>> };
  readonly package: string | null;
  readonly flags: readonly string[];
  readonly ldflags: string | null;
  readonly tags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly vcs: VcsDraft | null;
  readonly outputs: readonly [
    {
      readonly artifact: string | null;
      readonly goos: string | null;
      readonly goarch: string | null;
      readonly env: Readonly<Record<string, string>>;
    },
  ];
}

export interface RecipeCandidate {
  readonly recipe: RecipeDraft;
  /** Paths into `recipe` that are null and must be filled in before it can run, such as `source.h1`. */
  readonly missing: readonly string[];
  /** What the binary tells about the chance of success, for people. */
  readonly notes: readonly string[];
}

/**
 * Proposes how a Go executable was built, best guess first, from what it says about itself; nothing is run and nothing fetched.
 * The candidates differ where the binary is silent: the spelling of `-ldflags`, which Go does not record under -trimpath although it
 * changes the build ID. Returns [] for a file that is not Go's. Throws BinaryError as readGoBuildInfo does.
 */
export function inferGoRecipes(bytes: Uint8Array, hints: RecipeHints = {}): RecipeCandidate[] {
  const info = readGoBuildInfo(bytes);
  return info === null ? inferWithoutBuildInfo(bytes, hints) : inferFromBuildInfo(bytes, info, hints);
}

function inferFromBuildInfo(bytes: Uint8Array, info: GoBuildInfo, hints: RecipeHints): RecipeCandidate[] {
  const { settings } = info;
  const go = splitGoVersion(info.goVersion);
  const vcs = vcsOf(info);
  const stamped = info.main === null || info.main.version === '(devel)' ? null : info.main.version.replace(/\+dirty$/, '');
  const identity = identify(bytes);
  const env: Record<string, string> = {};
  for (const name of ['CGO_ENABLED', 'GOEXPERIMENT', 'GOFIPS140']) {
    const value = settings.get(name) ?? (name === 'GOEXPERIMENT' ? go.experiments : undefined);
    if (value !== undefined) env[name] = value;
  }
  const base = {
    kind: 'go',
    version: 1,
    source: {
      kind: 'go-module',
      module: info.main?.path ?? hints.module ?? null,
      version: stamped ?? hints.version ?? null,
      h1: (info.main?.sum || hints.h1) ?? null,
    },
    toolchain: { version: go.toolchain, h1: hints.toolchainH1 ?? {} },
    package: packageOf(info) ?? hints.package ?? null,
    flags: buildFlags(settings, vcs !== null),
    tags: (settings.get('-tags') ?? '').split(',').filter((tag) => tag !== ''),
    env,
    vcs,
    outputs: [
      {
        artifact: hints.artifact ?? null,
        goos: settings.get('GOOS') ?? identity.os,
        goarch: settings.get('GOARCH') ?? identity.arch,
        env: archSettings(settings),
      },
    ],
  } as const;
  return linkerFlagSpellings(bytes, info, hints.ldflags).map(({ ldflags, note }) =>
    candidate({ ...base, ldflags }, [...moduleNotes(info, go), ...(note === null ? [] : [note])]),
  );
}

/** esbuild since 0.27 links without build info: what is left is the version string and the headers. */
function inferWithoutBuildInfo(bytes: Uint8Array, hints: RecipeHints): RecipeCandidate[] {
  const versions = findGoVersions(bytes);
  const images = orElse(() => readImages(bytes), []);
  const hasGoTables = images.some((image) => image.sections.some((section) => section.name.endsWith('gopclntab')));
  if (images.length === 0 || (versions.length === 0 && !hasGoTables)) return [];
  const { os, arch } = identify(bytes);
  const buildId = readGoBuildId(bytes);
  const main = images[0] === undefined ? null : findMainPackage(images[0]);
  const stripped = images.every((image) => image.symbols !== true);
  const guess = `${stripped ? '-s -w' : ''}${buildId === null ? ' -buildid=' : ''}`.trimStart();
  const recipe: RecipeDraft = {
    kind: 'go',
    version: 1,
    source: { kind: 'go-module', module: hints.module ?? null, version: hints.version ?? null, h1: hints.h1 ?? null },
    toolchain: { version: versions[0] ?? null, h1: hints.toolchainH1 ?? {} },
    package: hints.package ?? (main !== null && hints.module !== undefined ? packagePath(main, hints.module) : null),
    flags: ['-trimpath', '-buildvcs=false'],
    ldflags: hints.ldflags ?? (guess === '' ? null : guess),
    tags: [],
    env: { CGO_ENABLED: '0' },
    vcs: null,
    outputs: [{ artifact: hints.artifact ?? null, goos: os, goarch: arch, env: {} }],
  };
  const notes = [
    'this Go program was linked without build info (a patched linker does that, esbuild since 0.27): module, package, flags and settings are guesses',
    'an unpatched linker of the same Go version writes build info, so this recipe matches only together with the same patch',
  ];
  if (main !== null) notes.push(`its table of files has ${main}/main.go: that is the import path of the main package`);
  if (versions.length > 1) notes.push(`several Go versions are named in the file: ${versions.join(', ')}`);
  if (buildId === null) notes.push('it has no Go build ID, so -ldflags had -buildid= and its other spelling does not matter');
  return [candidate(recipe, notes)];
}

function candidate(recipe: RecipeDraft, notes: readonly string[]): RecipeCandidate {
  const holes: [string, string | null][] = [
    ['source.module', recipe.source.module],
    ['source.version', recipe.source.version],
    ['source.h1', recipe.source.h1],
    ['toolchain.version', recipe.toolchain.version],
    ['package', recipe.package],
    ['outputs.0.artifact', recipe.outputs[0].artifact],
    ['outputs.0.goos', recipe.outputs[0].goos],
    ['outputs.0.goarch', recipe.outputs[0].goarch],
  ];
  return { recipe, missing: holes.filter(([, value]) => value === null).map(([path]) => path), notes };
}
