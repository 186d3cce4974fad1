/**
 * The rebuild that would prove a cause (explain.ts, 5): the recipe changed towards what the published file says of itself, and in nothing else.
 * What a file says can be a lie; then the changed rebuild has other bytes too, and nothing is proved.
 */
import { GO_ENV_NAMES, splitQuoted, type GoRecipe, type Recipe } from '@verbatim/statements';
import { readGoBuildInfo, type GoBuildInfo } from './build-info.ts';
import { orElse } from './errors.ts';
import type { ClaimDifference, Explanation } from './explain/types.ts';
import { packagePath, splitGoVersion } from './settings.ts';
import { vcsOf } from './vcs.ts';

export interface WhatIf {
  readonly recipe: GoRecipe;
  /** What is otherwise, for people: `GOAMD64=v3`, `Go go1.24.1`, `-ldflags=-w -s`. At least one. */
  readonly settings: readonly string[];
  /** Whether it is built from the inputs that the recipe was built from; else another toolchain is needed. */
  readonly sameInputs: boolean;
}

/** Claims that a setting can change all at once. More would be another release. */
const MAX_SETTINGS = 8;

/**
 * Recipes to try when `artifact`, built by `recipe`, differs from `published` as `explanation` says, best first. None where the file claims what no
 * setting changes (dependencies, another module), or nothing at all but other ids; then other spellings of the linker's flags are left.
 */
export function whatIfs(recipe: Recipe, artifact: string, published: Uint8Array, explanation: Pick<Explanation, 'claims'>): WhatIf[] {
  const info = orElse(() => readGoBuildInfo(published), null);
  if (recipe.kind !== 'go' || info === null) return [];
  const [ids, claims] = [explanation.claims.filter(isId), explanation.claims.filter((claim) => !isId(claim))];
  if (claims.length > MAX_SETTINGS) return [];
  if (claims.length === 0) return onlyLinkedOtherwise(ids) ? otherSpellings(recipe) : [];
  const change = new Change(recipe, artifact, info, claims);
  return claims.every((claim) => change.take(claim)) && change.settings.length > 0 ? [change.result()] : [];
}

const isId = ({ claim }: ClaimDifference): boolean => claim.startsWith('build id') || claim.startsWith('.comment');

/** The main package had the same inputs and came out the same (build-id-causes.ts). */
function onlyLinkedOtherwise(ids: readonly ClaimDifference[]): boolean {
  const names = new Set(ids.map(({ claim }) => claim));
  return names.has('build id: link') && !names.has('build id: main package') && !names.has('build id: compiled main package');
}

/** -s and -w in the other order, or one for both: linked alike, and hashed into the build id as they are spelled (golang/go#52372). */
function otherSpellings(recipe: GoRecipe): WhatIf[] {
  const words = splitQuoted(recipe.ldflags ?? '') ?? [];
  const rest = words.filter((word) => word !== '-s' && word !== '-w');
  // Words that were quoted cannot be put together again as they were.
  if (!words.includes('-s') || recipe.ldflags !== words.join(' ') || rest.some((word) => /\s/.test(word))) return [];
  const spellings = ['-s -w', '-w -s', '-s'].map((both) => [both, ...rest].join(' '));
  return spellings
    .filter((ldflags) => ldflags !== recipe.ldflags)
    .map((ldflags) => ({ recipe: { ...recipe, ldflags }, settings: [`-ldflags=${ldflags}`], sameInputs: true }));
}

const FLAGS = new Set(['-trimpath', '-buildmode', '-gcflags', '-asmflags', '-pgo']);

/** Collects what is to be otherwise, claim by claim. */
class Change {
  readonly settings: string[] = [];
  #recipe: GoRecipe;
  #sameInputs = true;
  readonly #artifact: string;
  readonly #info: GoBuildInfo;
  readonly #claimed: ReadonlySet<string>;

  constructor(recipe: GoRecipe, artifact: string, info: GoBuildInfo, claims: readonly ClaimDifference[]) {
    this.#recipe = recipe;
    this.#artifact = artifact;
    this.#info = info;
    this.#claimed = new Set(claims.map(({ claim }) => claim));
  }

  result(): WhatIf {
    return { recipe: this.#recipe, settings: this.settings, sameInputs: this.#sameInputs };
  }

  /** False for what no setting changes. */
  take({ claim, published }: ClaimDifference): boolean {
    if (claim === 'go version') return this.#toolchain();
    if (claim === 'path') return this.#package();
    if (claim === 'mod' || claim.startsWith('build vcs')) return this.#stamp();
    if (!claim.startsWith('build ')) return false;
    const name = claim.slice('build '.length);
    if (GO_ENV_NAMES.includes(name)) return this.#variable(name, published);
    if (FLAGS.has(name)) return this.#flag(name, published);
    switch (name) {
      case '-ldflags':
        // Go records none under -trimpath: that there is none then says nothing.
        if (published !== null || !this.#claimed.has('build -trimpath')) this.#set({ ldflags: published }, `-ldflags=${published ?? ''}`);
        return true;
      case '-tags':
        this.#set({ tags: published?.split(',') ?? [] }, `-tags=${published ?? ''}`);
        return true;
      case '-compiler':
        return false;
      default:
        // Each release of Go has other defaults, and -trimpath and cgo bring lines of their own.
        return (name === 'DefaultGODEBUG' && this.#claimed.has('go version')) || name.startsWith('CGO_');
    }
  }

  #set(changes: Partial<GoRecipe>, setting: string): void {
    this.#recipe = { ...this.#recipe, ...changes };
    this.settings.push(setting);
  }

  #toolchain(): boolean {
    const { toolchain: version, experiments } = splitGoVersion(this.#info.goVersion);
    if (version === null || experiments !== undefined || this.#recipe.toolchain.patched !== undefined) return false;
    this.#sameInputs = false;
    this.#set({ toolchain: { version, h1: {} } }, `Go ${version}`);
    return true;
  }

  #package(): boolean {
    const { source, mainModule } = this.#recipe;
    const path = source.kind === 'go-module' && mainModule === undefined ? packagePath(this.#info.path, source.module) : null;
    if (path === null) return false;
    const outputs = this.#recipe.outputs.map((output) => (output.artifact === this.#artifact ? { ...output, package: path } : output));
    this.#set({ outputs }, path);
    return true;
  }

  /** Once for all claims about it. */
  #stamp(): boolean {
    if (this.settings.some((setting) => setting.startsWith('-buildvcs='))) return true;
    const vcs = vcsOf(this.#info);
    if (vcs === null && this.#info.settings.has('vcs')) return false;
    const flags = [...this.#recipe.flags.filter((flag) => !flag.startsWith('-buildvcs=')), `-buildvcs=${vcs !== null}`];
    // Whether there is a stamp decides what else the fetch stage asks for.
    this.#sameInputs &&= (vcs === null) === (this.#recipe.vcs === null);
    this.#set({ flags, vcs }, `-buildvcs=${vcs === null ? 'false' : `true at ${vcs.revision}`}`);
    return true;
  }

  #variable(name: string, value: string | null): boolean {
    if (name === 'CGO_ENABLED' && value !== '0') return false;
    const without = <T extends Readonly<Record<string, string>>>(env: T): Record<string, string> =>
      Object.fromEntries(Object.entries(env).filter(([each]) => each !== name));
    const outputs = this.#recipe.outputs.map((output) => ({
      ...output,
      env: { ...without(output.env), ...(output.artifact === this.#artifact && value !== null ? { [name]: value } : {}) },
    }));
    // Always said, and in one place.
    if (name === 'CGO_ENABLED') this.#set({ env: { ...this.#recipe.env, CGO_ENABLED: '0' } }, 'CGO_ENABLED=0');
    else this.#set({ env: without(this.#recipe.env), outputs }, `${name}=${value ?? ''}`);
    return true;
  }

  #flag(name: string, value: string | null): boolean {
    const others = this.#recipe.flags.filter((flag) => flag !== name && !flag.startsWith(`${name}=`));
    const flag = value === null ? [] : [value === 'true' ? name : `${name}=${value}`];
    // Folders are recreated for builds that leave them in the file.
    if (flag.length > 0 && name === '-trimpath' && this.#recipe.paths !== undefined) return false;
    this.#set({ flags: [...flag, ...others] }, flag[0] ?? `no ${name}`);
    return true;
  }
}
