/** Recipe → build plan: everything that changes bits, decided by the recipe alone. Pure. */
import type { Recipe } from '@verbatim/statements';
import { BuilderError } from './errors.ts';
import { gitShim } from './go/git-shim.ts';
import { architectureDefaults } from './go/target.ts';

export type Output = Recipe['outputs'][number];

export interface PlanHost {
  /** Host platform, such as `linux/amd64`. */
  readonly platform: string;
  /** Cores to use. It changes no bits. */
  readonly cpus: number;
}

/** Where things are in the sandbox. With -trimpath none of it gets into the binary; without, a recipe names the publisher's. */
export interface Layout {
  readonly source: string;
  readonly goroot: string;
  readonly modules: string;
  readonly cache: string;
  readonly out: string;
  readonly home: string;
  readonly bin: string;
}

export const DEFAULT_LAYOUT: Layout = {
  source: '/build/source',
  goroot: '/build/go',
  modules: '/build/modules',
  cache: '/build/cache',
  out: '/build/out',
  home: '/build/home',
  bin: '/build/bin',
};

export type PlanMount =
  /** One of the fetch stage's folders, read-only. */
  | { readonly kind: 'input'; readonly input: 'source' | 'toolchain' | 'modules'; readonly path: string }
  /** A folder of the build's own. */
  | { readonly kind: 'scratch'; readonly name: 'cache' | 'out'; readonly path: string };

export interface PlanFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

export interface BuildPlan {
  /** The artifact that it builds. */
  readonly artifact: string;
  /** Target platform. */
  readonly target: string;
  readonly host: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly PlanMount[];
  /** Read-only files of the plan's own. */
  readonly files: readonly PlanFile[];
  /** Programs of the host that it needs, with their libraries. */
  readonly programs: readonly string[];
  /** Path of the output in the sandbox. */
  readonly output: string;
}

const OUTPUT_NAME = 'artifact';

/**
 * The plan for one output of a recipe: arguments, environment, mounts and files, with nothing of this machine in them but the number of cores.
 * @throws BuilderError `unsupported-recipe` for what this builder cannot build
 */
export function planBuild(recipe: Recipe, output: Output, host: PlanHost, layout: Layout = DEFAULT_LAYOUT): BuildPlan {
  if (recipe.env['CGO_ENABLED'] !== '0') {
    throw new BuilderError(
      'unsupported-recipe',
      'expected CGO_ENABLED=0: with cgo a C toolchain is an input, which this builder does not pin yet',
    );
  }
  const { vcs } = recipe;
  const go = `${layout.goroot}/bin/go`;
  const outputPath = `${layout.out}/${OUTPUT_NAME}`;
  const telemetry: PlanFile = { path: `${layout.home}/.config/go/telemetry/mode`, mode: 0o444, text: 'off' };
  return {
    artifact: output.artifact,
    target: `${output.goos}/${output.goarch}`,
    host: host.platform,
    argv: [
      go,
      'build',
      '-o',
      outputPath,
      ...recipe.flags,
      ...(recipe.tags.length === 0 ? [] : [`-tags=${recipe.tags.join(',')}`]),
      // One argument: its spelling is hashed into the build id.
      ...(recipe.ldflags === null ? [] : [`-ldflags=${recipe.ldflags}`]),
      recipe.package,
    ],
    cwd: layout.source,
    env: {
      ...settings(layout, host.cpus),
      GOOS: output.goos,
      GOARCH: output.goarch,
      ...architectureDefaults(output.goarch),
      GOEXPERIMENT: '',
      ...recipe.env,
      ...output.env,
    },
    mounts: [
      { kind: 'input', input: 'toolchain', path: layout.goroot },
      { kind: 'input', input: 'modules', path: layout.modules },
      { kind: 'input', input: 'source', path: layout.source },
      { kind: 'scratch', name: 'cache', path: layout.cache },
      { kind: 'scratch', name: 'out', path: layout.out },
    ],
    files: vcs === null ? [telemetry] : [telemetry, { path: `${layout.bin}/git`, mode: 0o555, text: gitShim(vcs) }],
    programs: vcs === null ? [] : ['sh'],
    output: outputPath,
  };
}

/** What a recipe has no say in: where things are, and that nothing is looked for anywhere else. */
function settings(layout: Layout, cpus: number): Record<string, string> {
  return {
    PATH: layout.bin,
    HOME: layout.home,
    TMPDIR: '/tmp',
    LC_ALL: 'C',
    TZ: 'UTC',
    GOROOT: layout.goroot,
    GOPATH: '/tmp/gopath',
    GOMODCACHE: layout.modules,
    GOCACHE: layout.cache,
    GOENV: 'off',
    GOWORK: 'off',
    GOTOOLCHAIN: 'local',
    GOPROXY: 'off',
    // Sums come from go.sum; the checksum database was asked in the fetch stage, and there is no network here.
    GOSUMDB: 'off',
    GOVCS: '*:off',
    GOTELEMETRY: 'off',
    GOFLAGS: `-p=${cpus}`,
  };
}
