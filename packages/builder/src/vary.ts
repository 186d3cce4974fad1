/** A plan with other surroundings (DESIGN §3.10): what a build must not depend on, changed all at once or one by one. Pure. */
import type { BuildPlan, PlanFile } from './plan.ts';
import { quote } from './script.ts';

export const VARIED_FACTS = ['path', 'zone', 'locale', 'umask', 'hostname', 'user', 'cpus', 'clock'] as const;
export type VariedFact = (typeof VARIED_FACTS)[number];

/** What this machine has for it: see `varyHost`. */
export interface VaryHost {
  /** libfaketime's library; null where it is not installed. */
  readonly faketime: string | null;
  /** A core that this process may use; null where there is one only. */
  readonly core: number | null;
}

export interface VaryOptions {
  /** Chooses names, numbers and lengths: the same seed gives the same plan. A whole number. */
  readonly seed: number;
  /** All by default. */
  readonly facts?: readonly VariedFact[];
  readonly host: VaryHost;
}

export interface Varied {
  readonly plan: BuildPlan;
  readonly varied: readonly VariedFact[];
  /** What was to be varied and is not, and why. */
  readonly kept: readonly { readonly fact: VariedFact; readonly why: string }[];
}

/** Where plans put everything that a recipe does not name a place for. */
const BASE = '/build';
/** A path of its own: not the end of a longer one. Compilers take some without a space: -I/build. */
const BASE_PATH = /(?<=^|[^\w./-]|(?:^|\s)-[A-Z])\/build(?=\/)/g;
const NAMES = ['quince', 'medlar', 'damson', 'bullace', 'loquat'] as const;

/**
 * The same build in other surroundings. It changes nothing that a recipe says: of paths those of the sandbox's own folders, of the environment
 * what has the value that every build gets.
 */
export function vary(plan: BuildPlan, { seed, facts = VARIED_FACTS, host }: VaryOptions): Varied {
  const pick = NAMES[Math.abs(seed) % NAMES.length]!;
  const kept: { fact: VariedFact; why: string }[] = [];
  const varied: VariedFact[] = [];
  let result = plan;
  for (const fact of VARIED_FACTS) {
    if (!facts.includes(fact)) continue;
    const changed = CHANGES[fact](result, pick, host);
    if (typeof changed === 'string') kept.push({ fact, why: changed });
    else {
      result = changed;
      varied.push(fact);
    }
  }
  return { plan: result, varied, kept };
}

/**
 * rustc hangs with libfaketime: its jemalloc asks for the time while it starts. So cargo, build scripts and C compilers see the other clock, rustc and
 * the macros that it runs do not.
 */
const SPARED = '/clock/rustc';
const spared = (rustc: string): PlanFile => ({
  path: SPARED,
  mode: 0o555,
  text: `#!/bin/sh\nunset LD_PRELOAD\nexec ${quote(rustc)} "$@"\n`,
});

/** The changed plan, or why it stays as it is. */
type Change = (plan: BuildPlan, pick: string, host: VaryHost) => BuildPlan | string;

const CHANGES: Readonly<Record<VariedFact, Change>> = {
  path: (plan, pick) => moved(plan, `/${pick}/of-another-length`),
  zone: (plan) => setEnv(plan, 'TZ', 'UTC', 'VRB-05:45'),
  locale: (plan) => setEnv(plan, 'LC_ALL', 'C', 'C.UTF-8'),
  hostname: (plan, pick) => ({ ...plan, machine: { ...plan.machine, hostname: `${pick}-host` } }),
  user: (plan, pick) => ({ ...plan, machine: { ...plan.machine, user: 20_000 + pick.length } }),
  umask: (plan) => wrapped(plan, ['/bin/sh', '-c', 'umask 077; exec "$@"', 'sh'], 'sh'),
  cpus: (plan, _, { core }) =>
    core === null ? 'there is one core only' : wrapped(plan, [folderOfPrograms(plan, 'taskset'), '--cpu-list', String(core)], 'taskset'),
  clock: (plan, _, { faketime }) => {
    // Whose programs read the clock through the C library: Go's make the system call themselves.
    if (Object.keys(plan.env).some((name) => name.startsWith('GOROOT'))) return 'Go’s programs read the clock without the C library';
    if (plan.programs !== 'system') return 'the build does not run with this machine’s C library';
    if (faketime === null) return 'libfaketime is not installed (Debian, Ubuntu: apt-get install libfaketime)';
    // The monotonic clock and the times of files stay: make and cargo compare those with each other.
    const env = { ...plan.env, LD_PRELOAD: faketime, FAKETIME: '+400d', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' };
    const rustc = plan.env['RUSTC'];
    // Not as RUSTC_WRAPPER: build scripts call what RUSTC says.
    return rustc === undefined ? { ...plan, env } : { ...plan, env: { ...env, RUSTC: SPARED }, files: [...plan.files, spared(rustc)] };
  },
};

/** Everything below /build, elsewhere. */
function moved(plan: BuildPlan, base: string): BuildPlan | string {
  const move = (text: string): string => text.replaceAll(BASE_PATH, base);
  if (
    plan.ownPaths === true ||
    ![plan.cwd, plan.output, ...plan.mounts.map(({ path }) => path)].some((path) => path.startsWith(`${BASE}/`))
  )
    return 'the recipe names all paths';
  return {
    ...plan,
    argv: plan.argv.map(move),
    cwd: move(plan.cwd),
    env: Object.fromEntries(Object.entries(plan.env).map(([name, value]) => [name, move(value)])),
    mounts: plan.mounts.map((mount) => ({ ...mount, path: move(mount.path) })),
    files: plan.files.map((file) => ({ ...file, path: move(file.path), text: move(file.text) })),
    output: move(plan.output),
  };
}

function setEnv(plan: BuildPlan, name: string, usual: string, other: string): BuildPlan | string {
  if (plan.env[name] !== usual) return `the recipe sets ${name}`;
  return { ...plan, env: { ...plan.env, [name]: other } };
}

/** Run by another program, which the build then sees too. */
function wrapped(plan: BuildPlan, by: readonly string[], program: string): BuildPlan {
  const { programs } = plan;
  const shown = typeof programs === 'string' || 'root' in programs || programs.includes(program) ? programs : [...programs, program];
  return { ...plan, argv: [...by, ...plan.argv], programs: shown };
}

const folderOfPrograms = ({ programs }: BuildPlan, name: string): string =>
  typeof programs === 'string' || 'root' in programs ? `/usr/bin/${name}` : `/bin/${name}`;
