/** Plans of recipes of kind `go-toolchain`: programs from source, then Go's own cmd/distpack, which writes the zip. Pure. */
import { recipeTarget, toolchainSource, type GoToolchainRecipe } from '@verbatim/statements';
import { BuilderError } from '../errors.ts';
import type { BuildPlan, PlanHost } from '../plan.ts';
import { scriptFile, type Command } from '../script.ts';

type Output = GoToolchainRecipe['outputs'][number];

const GO = '/build/go';
/** The tree that becomes the toolchain: a copy of the source that the build may write to. */
const GOROOT = '/build/goroot';
const [CACHE, OUT, HOME, SCRIPT] = ['/build/cache', '/build/out', '/build/home', '/build/bin/build'];
/** What make.bash calls. */
const MAKE_PROGRAMS = ['bash', 'cat', 'cp', 'env', 'find', 'grep', 'mkdir', 'mv', 'rm', 'sed', 'uname'];
/** These go to bin/, all others to pkg/tool/. */
const COMMANDS = new Set(['go', 'gofmt']);

/** Throws BuilderError `unsupported-recipe` where the published zip itself would be what builds. */
export function planGoToolchain(recipe: GoToolchainRecipe, output: Output, host: PlanHost): BuildPlan {
  const { method } = recipe;
  const target = recipeTarget(recipe, output.artifact);
  if (method.kind === 'same-version' && target === host.platform) {
    throw new BuilderError('unsupported-recipe', `expected a host other than ${target}: there the toolchain would be built by itself`);
  }
  const { version } = toolchainSource(recipe);
  const zip = `${GOROOT}/pkg/distpack/v0.0.1-${version}.${output.goos}-${output.goarch}.zip`;
  const outputPath = `${OUT}/artifact`;
  const made: readonly Command[] = method.kind === 'bootstrap' ? makeBash() : programs(method, output, host);
  const script = scriptFile(SCRIPT, [...made, { argv: ['cp', zip, outputPath] }]);
  return {
    artifact: output.artifact,
    target,
    host: host.platform,
    argv: ['/bin/sh', script.path],
    cwd: GOROOT,
    env: {
      ...{ PATH: '/bin', HOME, TMPDIR: '/tmp', LC_ALL: 'C', TZ: 'UTC', GOCACHE: CACHE, GOMODCACHE: '/tmp/none', GOENV: 'off' },
      ...{
        GOTOOLCHAIN: 'local',
        GOPROXY: 'off',
        GOSUMDB: 'off',
        GOTELEMETRY: 'off',
        GOWORK: 'off',
        GOOS: output.goos,
        GOARCH: output.goarch,
      },
    },
    mounts: [
      { kind: 'input', input: 'toolchain', path: GO },
      { kind: 'copy', input: 'source', path: GOROOT },
      { kind: 'scratch', name: 'cache', path: CACHE },
      { kind: 'scratch', name: 'out', path: OUT },
    ],
    files: [{ path: `${HOME}/.config/go/telemetry/mode`, mode: 0o444, text: 'off' }, script],
    programs: ['sh', 'cp', ...(method.kind === 'bootstrap' ? MAKE_PROGRAMS : [])],
    output: outputPath,
  };
}

/** As Go's release builds: cmd/dist builds a toolchain with the one at hand, that with itself, and packs what comes out. */
function makeBash(): readonly Command[] {
  return [{ argv: ['bash', './make.bash', '-distpack'], cwd: `${GOROOT}/src`, env: { GOROOT_BOOTSTRAP: GO } }];
}

type SameVersion = Extract<GoToolchainRecipe['method'], { kind: 'same-version' }>;

function programs({ flags, ldflags, programs: names }: SameVersion, { goos, goarch }: Output, host: PlanHost): readonly Command[] {
  const [hostOs, hostArch] = host.platform.split('/') as [string, string];
  const build = (name: string, to: string): string[] => [
    `${GO}/bin/go`,
    'build',
    `-p=${host.cpus}`,
    '-o',
    to,
    ...flags,
    `-ldflags=${ldflags}`,
    `cmd/${name}`,
  ];
  const folderOf = (name: string): string => `${GOROOT}/${COMMANDS.has(name) ? 'bin' : 'pkg/tool'}/${goos}_${goarch}`;
  const common = { cwd: `${GO}/src`, env: { GOROOT: GO, CGO_ENABLED: '0' } };
  return [
    ...names.map((name) => ({ ...common, argv: build(name, `${folderOf(name)}/${name}`) })),
    { ...common, argv: build('distpack', '/tmp/distpack'), env: { ...common.env, GOOS: hostOs, GOARCH: hostArch } },
    { argv: ['/tmp/distpack'], env: { GOROOT } },
  ];
}
