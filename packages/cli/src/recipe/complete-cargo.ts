import { inferCargoRecipe, readRustEvidence, type SbomFacts } from '@verbatim/binaries';
import { readAuditable } from '@verbatim/binaries/archives';
import { hostPlatform, installedRust, lookUpCrate } from '@verbatim/builder';
import { decodeRecipe, encodeRecipe, type Recipe } from '@verbatim/statements';
import { describeError } from '../errors.ts';
import type { Completed } from './complete.ts';
import type { LookUp } from './go-source.ts';
import type { HintOptions } from './hints.ts';
import type { Program } from './programs.ts';

/** Recipes of one Rust program: the crate from its registry, Rust as it is installed here. */
export async function completeCargoRecipes(
  { artifact, bytes }: Program,
  { crate, crateVersion }: HintOptions,
  { sbom: ofPackage, ...lookUp }: LookUp & { readonly sbom: SbomFacts | null },
): Promise<Completed> {
  const listed = readAuditable(bytes);
  const sbom = listed ?? ofPackage;
  const evidence = readRustEvidence(bytes);
  if (evidence === null) return none();
  const [name, version] = [crate ?? sbom?.name, crateVersion ?? sbom?.version];
  if (name === undefined) return none('the file does not say which crate it was built from: name it with --crate and --crate-version');
  if (version === undefined) return none(`no version of ${name} is known: name it with --crate-version`);
  if (evidence.version === null || evidence.target === null)
    return none('the file does not say which rustc, or for which target, it was built by');
  const found = await lookUpCrate({ ...lookUp, name, version });
  if (found.kind === 'unavailable') return none(found.detail);
  const rust = await installedRust(evidence.version, [evidence.target], lookUp.environment);
  if (rust.kind === 'unavailable') return none(rust.detail);
  if (evidence.commit !== null && rust.commit !== evidence.commit)
    return none(`expected rustc ${evidence.version} of commit ${evidence.commit}, found ${rust.commit} installed`);
  const toolchain = { commit: rust.commit, digests: { [hostPlatform()]: rust.digest } };
  const draft = inferCargoRecipe(evidence, { artifact, crate: name, crateVersion: version, sha256: found.sha256, toolchain });
  if (draft.missing.length > 0) return none(`the recipe lacks ${draft.missing.join(', ')}`);
  const locked = new Set(found.lock?.map((each) => `${each.name} ${each.version}`));
  const named = [...evidence.crates.flatMap((each) => each.versions.map((its) => `${each.name} ${its}`)), ...(sbom?.crates ?? [])];
  try {
    const recipe = decodeRecipe(encodeRecipe(draft.recipe as Recipe));
    const notes = [...draft.notes, ...(listed === null ? [] : [AUDITABLE]), lockNote(new Set(named), locked)];
    return { candidates: [{ recipe, notes }], problems: [] };
  } catch (error) {
    return none(`no recipe comes of what the file says: ${describeError(error)}`);
  }
}

/** For who reads why other bytes come out. */
export const AUDITABLE =
  'it lists its crates in .dep-v0: it was built by cargo auditable, which no recipe can ask for, so other bytes are to be expected';

const none = (...problems: string[]): Completed => ({ candidates: [], problems });

/** The crates that a program names are a check on a lockfile, not a substitute for one. */
function lockNote(named: ReadonlySet<string>, locked: ReadonlySet<string>): string {
  const strange = [...named].filter((each) => !locked.has(each));
  return strange.length === 0
    ? `all ${named.size} crates that the file names are in the crate’s Cargo.lock (${locked.size} in all)`
    : `${strange.length} of ${named.size} crates that the file names are not in the crate’s Cargo.lock: ${strange.slice(0, 8).join(', ')}`;
}
