/** Plans of recipes of kind `go`: one `go build`. Pure. */
import { recipeTarget, type GoRecipe } from '@verbatim/statements';
import { BuilderError } from '../errors.ts';
import type { BuildPlan, PlanFile, PlanHost } from '../plan.ts';
import { scriptFile } from '../script.ts';
import { gitShim } from './git-shim.ts';
import { planPatched } from './patched.ts';
import { architectureDefaults } from './target.ts';

type GoOutput = GoRecipe['outputs'][number];

/** Where things are in the sandbox. With -trimpath none of it gets into the binary; without, a recipe names the publisher's. */
export interface Layout {
  readonly source: string;
  readonly goroot: string;
  readonly modules: string;
  readonly cache: string;
  readonly out: string;
  readonly home: string;
  readonly bin: string;
  readonly patches: string;
  readonly tools: string;
}

export const DEFAULT_LAYOUT: Layout = {
  source: '/build/source',
  goroot: '/build/go',
  modules: '/build/modules',
  cache: '/build/cache',
  out: '/build/out',
  home: '/build/home',
  bin: '/build/bin',
  patches: '/build/patches',
  tools: '/build/tools',
};

const OUTPUT_NAME = 'artifact';

/** Throws BuilderError `unsupported-recipe` for what this builder cannot build. */
export function planGo(recipe: GoRecipe, output: GoOutput, host: PlanHost): BuildPlan {
  if (recipe.env['CGO_ENABLED'] !== '0') {
    throw new BuilderError(
      'unsupported-recipe',
      'expected CGO_ENABLED=0: with cgo a C toolchain is an input, which this builder does not pin yet',
    );
  }
  const { vcs } = recipe;
  const layout = { ...DEFAULT_LAYOUT, ...recipe.paths };
  const outputPath = `${layout.out}/${OUTPUT_NAME}`;
  const patched = planPatched(recipe, host.platform, layout);
  const argv = [
    `${layout.goroot}/bin/go`,
    'build',
    '-o',
    outputPath,
    ...recipe.flags,
    ...(patched === null ? [] : [patched.flag]),
    ...(recipe.tags.length === 0 ? [] : [`-tags=${recipe.tags.join(',')}`]),
    // One argument: its spelling is hashed into the build id.
    ...(recipe.ldflags === null ? [] : [`-ldflags=${recipe.ldflags}`]),
    output.package ?? recipe.package,
  ];
  const script = patched === null ? null : scriptFile(`${layout.bin}/build`, [...patched.commands, { argv }]);
  const files: PlanFile[] = [{ path: `${layout.home}/.config/go/telemetry/mode`, mode: 0o444, text: 'off' }];
  if (vcs !== null) files.push({ path: `${layout.bin}/git`, mode: 0o555, text: gitShim(vcs) });
  if (script !== null) files.push(...patched!.files, script);
  return {
    artifact: output.artifact,
    target: recipeTarget(recipe, output.artifact),
    host: host.platform,
    argv: script === null ? argv : ['/bin/sh', script.path],
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
      // First: the publisher's toolchain may lie among the modules.
      { kind: 'input', input: 'modules', path: layout.modules },
      { kind: 'input', input: 'toolchain', path: layout.goroot },
      { kind: 'input', input: 'source', path: layout.source },
      ...(patched === null
        ? []
        : [
            { kind: 'input', input: 'patches', path: layout.patches } as const,
            { kind: 'scratch', name: 'tools', path: layout.tools } as const,
          ]),
      { kind: 'scratch', name: 'cache', path: layout.cache },
      { kind: 'scratch', name: 'out', path: layout.out },
    ],
    files,
    programs: vcs === null && script === null ? [] : ['sh'],
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
