import type { CargoRecipe } from '@verbatim/statements';
import type { RustEvidence } from './rust.ts';

/** What the caller knows of a Rust program, and what the ecosystem says. */
export interface CargoHints {
  readonly artifact: string;
  readonly crate?: string;
  /** `1.50.0`. */
  readonly crateVersion?: string;
  /** SHA-256 of its .crate. */
  readonly sha256?: string;
  /** The toolchain by host platform. */
  readonly toolchain?: { readonly commit: string; readonly digests: Readonly<Record<string, string>> };
}

type Draft = Omit<CargoRecipe, 'source' | 'toolchain' | 'package' | 'outputs'> & {
  readonly source: {
    readonly kind: 'crate';
    readonly name: string | null;
    readonly version: string | null;
    readonly sha256: string | null;
  };
  readonly toolchain: {
    readonly kind: 'dist';
    readonly version: string | null;
    readonly commit: string | null;
    readonly manifest: null;
    readonly digests: Readonly<Record<string, string>>;
  };
  readonly package: string | null;
  readonly outputs: readonly [
    { readonly artifact: string; readonly target: string | null; readonly crateType: 'bin'; readonly name: string },
  ];
};

export interface CargoCandidate {
  readonly recipe: Draft;
  readonly missing: readonly string[];
  readonly notes: readonly string[];
}

/** A recipe of kind `cargo` as far as a program tells; what it does not record is as cargo has it by default. */
export function inferCargoRecipe(evidence: RustEvidence, hints: CargoHints): CargoCandidate {
  const { version, commit, registry, target, stripped, linkers, packaged, crates } = evidence;
  const name = hints.artifact
    .split('/')
    .at(-1)!
    .replace(/\.exe$/, '');
  const recipe: Draft = {
    kind: 'cargo',
    version: 1,
    source: { kind: 'crate', name: hints.crate ?? null, version: hints.crateVersion ?? null, sha256: hints.sha256 ?? null },
    directory: '.',
    lock: null,
    toolchain: { kind: 'dist', version, commit, manifest: null, digests: hints.toolchain?.digests ?? {} },
    c: { kind: 'host' },
    package: hints.crate ?? null,
    features: [],
    defaultFeatures: true,
    profile: { name: 'release', ...(stripped ? { strip: 'symbols' } : {}) },
    rustflags: [],
    remaps: registry === null ? [] : [{ from: 'vendor', to: registry }],
    env: {},
    sourceDateEpoch: null,
    hostTriple: target,
    strip: null,
    outputs: [{ artifact: hints.artifact, target, crateType: 'bin', name }],
  };
  const holes: [string, string | null][] = [
    ['source.name', recipe.source.name],
    ['source.version', recipe.source.version],
    ['source.sha256', recipe.source.sha256],
    ['toolchain.version', version],
    ['toolchain.commit', commit],
    ['outputs.0.target', target],
  ];
  const missing = holes.filter(([, value]) => value === null).map(([path]) => path);
  if (hints.toolchain === undefined) missing.push('toolchain.digests');
  const notes = ['features, profile and flags of rustc are not recorded in a program: those of the crate’s own Cargo.toml are taken'];
  if (packaged !== null) notes.push(`built by a distribution’s rustc ${packaged}, which is not the official one`);
  if (linkers.length > 0)
    notes.push(
      `linked by, and with C objects of: ${linkers.join('; ')}. The recipe has this machine’s instead: no source of those is known`,
    );
  if (registry !== null) notes.push(`crates lay in ${registry}: the build writes the same`);
  if (crates.length > 0) notes.push(`${crates.length} crates are named in it`);
  return { recipe, missing, notes };
}
