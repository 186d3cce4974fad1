import { readGoBuildId } from './build-id.ts';
import { findGoVersions, readGoBuildInfo } from './build-info.ts';
import type { GoBuildInfo } from './build-info.ts';
import { orElse } from './errors.ts';
import { identify, readImages } from './identify.ts';
import { candidate, type RecipeCandidate, type RecipeDraft } from './infer/draft.ts';
import type { RecipeHints } from './infer/hints.ts';
import { goLines, isOwnName, mainFile, ownModule } from './infer/main-module.ts';
import { withoutBuildInfo } from './infer/patched-linker.ts';
import { publisherPathsIn, sourceFilesIn, type FoundPaths } from './infer/publisher-paths.ts';
import { stampedVersion } from './infer/questions.ts';
import { linkerFlagsInFiles } from './infer/release-files.ts';
import { timesIn } from './infer/times.ts';
import { linkerFlagSpellings, type LinkerFlags } from './ldflags.ts';
import { findMainPackage } from './main-package.ts';
import { moduleNotes } from './notes.ts';
import { archSettings, buildFlags, packageOf, packagePath, splitGoVersion } from './settings.ts';
import { vcsOf } from './vcs.ts';

/**
 * Proposes how a Go executable was built, best guess first, from what it says about itself, and from its source where `hints.answers` has it; nothing is
 * run and nothing fetched. The candidates differ where the binary is silent: the spelling of `-ldflags`, which Go does not record under -trimpath although
 * it changes the build ID; the `go` line of a main module that only the publisher has. Returns [] for a file that is not Go's. Throws BinaryError as
 * readGoBuildInfo does.
 */
export function inferGoRecipes(bytes: Uint8Array, hints: RecipeHints = {}): RecipeCandidate[] {
  const info = readGoBuildInfo(bytes);
  return info === null ? inferWithoutBuildInfo(bytes, hints) : inferFromBuildInfo(bytes, info, hints);
}

function inferFromBuildInfo(bytes: Uint8Array, info: GoBuildInfo, hints: RecipeHints): RecipeCandidate[] {
  const { settings } = info;
  const go = splitGoVersion(info.goVersion);
  const vcs = vcsOf(info);
  const own = info.main !== null && isOwnName(info.main.path) && info.deps.length > 0;
  const identity = identify(bytes);
  const env: Record<string, string> = {};
  for (const name of ['CGO_ENABLED', 'GOEXPERIMENT', 'GOFIPS140']) {
    const value = settings.get(name) ?? (name === 'GOEXPERIMENT' ? go.experiments : undefined);
    if (value !== undefined) env[name] = value;
  }
  const { answers } = hints;
  const main = packageOf(info) ?? hints.package ?? null;
  const paths = settings.get('-trimpath') === 'true' || main === null ? null : pathsOf(bytes, main, info);
  const base = {
    kind: 'go',
    version: 1,
    source: {
      kind: 'go-module',
      module: answers?.module ?? (own ? hints.module : info.main?.path) ?? hints.module ?? null,
      version: answers?.version ?? (own ? null : stampedVersion(info)) ?? hints.version ?? null,
      h1: (answers?.h1 ?? info.main?.sum) || hints.h1 || null,
    },
    toolchain: { version: go.toolchain, h1: hints.toolchainH1 ?? {} },
    package: main,
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
    ...(paths === null ? {} : { paths }),
  } as const satisfies Omit<RecipeDraft, 'ldflags'>;
  const notes = moduleNotes(info, go);
  return flagsOf(bytes, info, base, hints).flatMap(({ ldflags, note }) => {
    const said = [...(note === null ? [] : [note]), ...notes];
    return own ? withOwnModule({ ...base, ldflags }, info, hints, said) : [candidate({ ...base, ldflags }, said)];
  });
}

function flagsOf(
  bytes: Uint8Array,
  info: GoBuildInfo | null,
  base: Omit<RecipeDraft, 'ldflags'>,
  { ldflags, answers }: RecipeHints,
): LinkerFlags[] {
  if (answers === undefined) return linkerFlagSpellings(bytes, info, ldflags);
  const [{ goos, goarch }] = base.outputs;
  const { revision = null, time = null } = base.vcs ?? {};
  const program = info?.path.split('/').at(-1) ?? base.package?.split('/').at(-1) ?? null;
  const { module, version, texts } = answers;
  const facts = { module, version, revision, time, times: timesIn(bytes, time), goos, goarch, program };
  return linkerFlagSpellings(bytes, info, ldflags, linkerFlagsInFiles(texts, facts));
}

function pathsOf(bytes: Uint8Array, main: string, info: GoBuildInfo): FoundPaths | null {
  const [image] = orElse(() => readImages(bytes), []);
  return image === undefined ? null : publisherPathsIn(sourceFilesIn(image), main.replace(/^\.\/?/, ''), info.deps);
}

/** A main module that nobody can download: its go.mod is what the program lists, its code a file of the source. */
function withOwnModule(recipe: RecipeDraft, info: GoBuildInfo, { answers }: RecipeHints, notes: readonly string[]): RecipeCandidate[] {
  const { path } = info.main!;
  const said = [`the main module, ${path}, is the publisher’s own: it is made anew from the modules that the program lists`, ...notes];
  if (answers === undefined) return [candidate(recipe, said, ['mainModule'])];
  const file = mainFile(path, answers.files, answers.texts);
  if (file === null) return [candidate(recipe, said, ['mainModule.files'])];
  const lines = goLines(recipe.toolchain.version ?? '', answers.texts.get('go.mod') ?? null);
  return lines.map((line) => {
    const mainModule = ownModule(path, line, info.deps, answers.goModSums, { 'main.go': file });
    return mainModule === null ? candidate(recipe, said, ['mainModule.goSum']) : candidate({ ...recipe, mainModule }, said);
  });
}

/** esbuild since 0.27 links without build info: what is left is the version string and the headers. */
function inferWithoutBuildInfo(bytes: Uint8Array, hints: RecipeHints): RecipeCandidate[] {
  const versions = findGoVersions(bytes);
  const images = orElse(() => readImages(bytes), []);
  const hasGoTables = images.some((image) => image.sections.some((section) => section.name.endsWith('gopclntab')));
  if (images.length === 0 || (versions.length === 0 && !hasGoTables)) return [];
  const { os, arch } = identify(bytes);
  const main = images[0] === undefined ? null : findMainPackage(images[0]);
  const { answers } = hints;
  const module = answers?.module ?? hints.module ?? null;
  const patched = answers?.linker ? withoutBuildInfo(answers.linker) : null;
  const base = {
    kind: 'go',
    version: 1,
    source: { kind: 'go-module', module, version: answers?.version ?? hints.version ?? null, h1: answers?.h1 ?? hints.h1 ?? null },
    toolchain: { version: versions[0] ?? null, h1: hints.toolchainH1 ?? {}, ...(patched === null ? {} : { patched }) },
    package: hints.package ?? (main !== null && module !== null ? packagePath(main, module) : null),
    flags: ['-trimpath', '-buildvcs=false'],
    tags: [],
    env: { CGO_ENABLED: '0' },
    vcs: null,
    outputs: [{ artifact: hints.artifact ?? null, goos: os, goarch: arch, env: {} }],
  } as const satisfies Omit<RecipeDraft, 'ldflags'>;
  const notes = [
    'this Go program was linked without build info (a patched linker does that, esbuild since 0.27): module, package, flags and settings are guesses',
    patched === null
      ? 'an unpatched linker of the same Go version writes build info, so this recipe matches only together with the same patch'
      : 'the linker is built anew without the line that writes build info',
  ];
  if (main !== null) notes.push(`its table of files has ${main}/main.go: that is the import path of the main package`);
  if (versions.length > 1) notes.push(`several Go versions are named in the file: ${versions.join(', ')}`);
  if (readGoBuildId(bytes) === null) notes.push('it has no Go build ID, so -ldflags had -buildid= and its other spelling does not matter');
  return flagsOf(bytes, null, base, hints)
    .slice(0, 2)
    .map(({ ldflags }) => candidate({ ...base, ldflags }, notes));
}
