/**
 * The fetch stage (DESIGN §3.9): everything that a build needs, through the ecosystem's own clients, each input pinned by hash, none of them
 * the published artifact. All network access of a rebuild, but for receiving the published file itself, happens here.
 */
import type { Recipe } from '@verbatim/statements';
import type { Toolchain } from './toolchain.ts';
import { fetchDebian } from './debian/fetch.ts';
import { SizeGuard, foldersIn, makeFolder, type Folders } from './fetch-folders.ts';
import { fetchCargo } from './cargo/fetch.ts';
import type { Forbidden } from './forbidden.ts';
import { fetchGo } from './go/fetch.ts';
import { fetchGoToolchain } from './go-toolchain/fetch.ts';
import { unavailable, type Origin, type Unavailable } from './outcome.ts';
import { removeTree } from './remove-tree.ts';

export interface FetchRequest {
  readonly recipe: Recipe;
  /** SHA-256 (hex) of the release's files and of the containers they are published in: none may be an input, nor a file of one. */
  readonly forbidden: Iterable<string>;
  /** Shared by all builds and nodes of the machine. Only this user may write to it. */
  readonly cacheDir: string;
  /** A folder of this build's own, which may exist. */
  readonly workDir: string;
  readonly limits?: Partial<FetchLimits>;
  /** The user's environment, for proxies and mirrors. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly log?: (line: string) => void;
  /** Where git may fetch from; `https` by default. */
  readonly gitProtocols?: readonly ('https' | 'file')[];
  /** Everything comes from the cache, and nothing is asked for. */
  readonly offline?: boolean;
}

export interface FetchLimits {
  /** Bytes of source and modules on disk. */
  readonly inputBytes: number;
  /** Bytes of the cache. */
  readonly cacheBytes: number;
  /** For each step. */
  readonly seconds: number;
}

const GIB = 1024 ** 3;
export const DEFAULT_FETCH_LIMITS: FetchLimits = { inputBytes: 8 * GIB, cacheBytes: 10 * GIB, seconds: 900 };

/** A package that the source needs, as its lockfile pins it. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  /** `h1:…` or `sha256:…`. */
  readonly digest: string;
}

/** What the fetch stage of one kind of recipe gives. */
export interface Inputs {
  readonly kind: 'inputs';
  /** Folders by the names that the kind's plans mount them under. All lie in the work folder or in a toolchain. */
  readonly folders: Readonly<Record<string, string>>;
  /** In the order that observations list them; held until the build is done. */
  readonly toolchains: readonly Toolchain[];
  readonly dependencies: readonly Dependency[];
  /** The revision that the ecosystem names for the source; null when it names none. With it a VCS stamp is confirmed. */
  readonly origin: Origin | null;
  /** For people: settings not followed, pins that the recipe does not have. */
  readonly notes: readonly string[];
  /** Files and folders of the cache, by their paths in it, that a machine without network needs to fetch the same (see `exportInputs`). */
  readonly kept?: readonly string[];
}

/** Inputs of a build. Dispose when it is done: the toolchains may then leave the cache, and the work folder's part is removed. */
export interface Fetched extends Omit<Inputs, 'kind'>, AsyncDisposable {
  readonly kind: 'fetched';
}

export type FetchOutcome = Fetched | Unavailable;

/** What the fetch stage of a kind works with; limits and signal are those of the whole. */
export interface FetchContext<R extends Recipe = Recipe> extends Omit<FetchRequest, 'recipe' | 'forbidden' | 'limits' | 'log'> {
  readonly recipe: R;
  readonly forbidden: Forbidden;
  readonly limits: FetchLimits;
  /** Made, and empty. */
  readonly folders: Folders;
  readonly log: (line: string) => void;
}

/**
 * Fetches and checks the inputs of a recipe.
 * @returns `unavailable` with a reason when an input cannot be had, is not what it should be, or must not be one
 * @throws BuilderError `tool-missing`; the signal's reason when aborted.
 */
export async function fetchInputs(request: FetchRequest): Promise<FetchOutcome> {
  const { workDir, signal } = request;
  const limits = { ...DEFAULT_FETCH_LIMITS, ...request.limits };
  const folders = foldersIn(workDir);
  await removeTree(folders.root);
  for (const folder of [folders.root, folders.home, folders.scratch]) await makeFolder(folder);
  const size = new SizeGuard(folders.root, limits.inputBytes, signal);
  try {
    const { log = () => {}, forbidden } = request;
    const outcome = await fetchKind({ ...request, forbidden: new Set(forbidden), limits, folders, log, signal: size.signal });
    size.stop();
    for (const path of [folders.home, folders.scratch]) await removeTree(path);
    if (outcome.kind === 'inputs') return disposable(outcome, folders.root);
    await removeTree(folders.root);
    return outcome;
  } catch (error) {
    size.stop();
    await removeTree(folders.root);
    if (size.exceeded && !signal?.aborted) return unavailable('inputs-too-large', `the inputs take more than ${limits.inputBytes} bytes`);
    throw error;
  }
}

function fetchKind(context: FetchContext): Promise<Inputs | Unavailable> {
  const { recipe } = context;
  switch (recipe.kind) {
    case 'go':
      return fetchGo({ ...context, recipe });
    case 'go-toolchain':
      return fetchGoToolchain({ ...context, recipe });
    case 'cargo':
      return fetchCargo({ ...context, recipe });
    case 'debian':
      return fetchDebian({ ...context, recipe });
  }
}

function disposable(inputs: Inputs, root: string): Fetched {
  return {
    ...inputs,
    kind: 'fetched',
    async [Symbol.asyncDispose]() {
      for (const toolchain of inputs.toolchains) await toolchain[Symbol.asyncDispose]();
      await removeTree(root);
    },
  };
}
