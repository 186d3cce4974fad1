import type { RecipeDraft } from '@verbatim/binaries';
import { lookUpModule, type FoundModule, type Unavailable } from '@verbatim/builder';
import { decodeRecipe, encodeRecipe, type Recipe } from '@verbatim/statements';
import { describeError } from '../errors.ts';

/** A recipe that can be tried. */
export interface Candidate {
  readonly recipe: Recipe;
  /** For people: what was guessed, what was confirmed. */
  readonly notes: readonly string[];
}

export interface Completed {
  readonly candidates: readonly Candidate[];
  /** Why drafts could not be completed, each once. */
  readonly problems: readonly string[];
}

interface LookUp {
  readonly cacheDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** Drafts of one program with what its ecosystem knows filled in: the module's version, its hash, and whether it confirms the revision. */
export async function completeDrafts(drafts: readonly RecipeDraft[], lookUp: LookUp): Promise<Completed> {
  await using modules = new Modules(lookUp);
  const candidates: Candidate[] = [];
  const problems = new Set<string>();
  for (const draft of drafts) {
    const completed = await complete(draft, modules);
    if (typeof completed === 'string') problems.add(completed);
    else candidates.push(completed);
  }
  return { candidates, problems: [...problems] };
}

async function complete(draft: RecipeDraft, modules: Modules): Promise<Candidate | string> {
  const { source, vcs } = draft;
  if (source.module === null) return 'the file does not say which Go module it was built from: name it with --module';
  const found = await modules.find(source.module, [source.version, vcs?.tag ?? null, vcs?.revision ?? null]);
  if (found === null) return `no version of ${source.module} is known: name it with --module-version`;
  if (found.kind === 'unavailable') return found.detail;
  const { version, h1, origin } = found;
  if (source.h1 !== null && source.h1 !== h1) return `${source.module}@${version}: expected ${source.h1}, the checksum database has ${h1}`;
  const confirmed = vcs !== null && origin?.revision === vcs.revision;
  try {
    const recipe = decodeRecipe(
      encodeRecipe({
        ...draft,
        source: { ...source, version, h1 },
        vcs: vcs === null ? null : { ...vcs, provenance: confirmed ? 'confirmed' : 'adopted' },
      } as Recipe),
    );
    return { recipe, notes: vcs === null ? [] : [revisionNote(vcs.revision, confirmed)] };
  } catch (error) {
    return `no recipe comes of what the file says: ${describeError(error)}`;
  }
}

function revisionNote(revision: string, confirmed: boolean): string {
  return confirmed
    ? `revision ${revision}: the module proxy confirms it`
    : `revision ${revision}: taken over from the file, confirmed by nobody`;
}

/** Modules looked up so far, by module and query. */
class Modules implements AsyncDisposable {
  readonly #lookUp: LookUp;
  readonly #found = new Map<string, FoundModule | Unavailable>();

  constructor(lookUp: LookUp) {
    this.#lookUp = lookUp;
  }

  /** The first of the versions or revisions that there is; what was wrong with the first, when there is none; null without any to ask for. */
  async find(module: string, queries: readonly (string | null)[]): Promise<FoundModule | Unavailable | null> {
    let first: Unavailable | null = null;
    for (const query of queries) {
      if (query === null) continue;
      const key = `${module}@${query}`;
      const found = this.#found.get(key) ?? (await lookUpModule({ ...this.#lookUp, module, query }));
      this.#found.set(key, found);
      if (found.kind === 'module') return found;
      first ??= found;
    }
    return first;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const found of this.#found.values()) if (found.kind === 'module') await found[Symbol.asyncDispose]();
  }
}
