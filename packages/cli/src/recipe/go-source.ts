import { LINKER_SOURCE, releaseFiles, sourceQuestions, type RecipeHints, type SourceAnswers } from '@verbatim/binaries';
import { lookUpGoModSums, lookUpModule, lookUpToolchainFile, type FoundModule, type Origin, type Unavailable } from '@verbatim/builder';

export interface LookUp {
  readonly cacheDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** The source of a Go program as the module proxy has it; or why there is none. */
export type FoundSource =
  | { readonly kind: 'source'; readonly answers: SourceAnswers; readonly origin: Origin | null }
  | { readonly kind: 'unknown' | 'unavailable'; readonly detail: string };

/** Look-ups of several programs, each made once. */
export class GoSources {
  readonly #lookUp: LookUp;
  readonly #found = new Map<string, FoundSource>();

  constructor(lookUp: LookUp) {
    this.#lookUp = lookUp;
  }

  /** Null for a file that is not Go's. @throws BinaryError for build info that cannot be read; BuilderError `tool-missing` */
  async find(bytes: Uint8Array, hints: RecipeHints): Promise<FoundSource | null> {
    const questions = sourceQuestions(bytes, hints);
    if (questions === null) return null;
    const key = JSON.stringify(questions);
    const known = this.#found.get(key) ?? (await this.#look(questions));
    this.#found.set(key, known);
    return known;
  }

  async #look({ modules, queries, h1: expected, linkerOf, sums }: NonNullable<ReturnType<typeof sourceQuestions>>): Promise<FoundSource> {
    if (modules.length === 0)
      return { kind: 'unknown', detail: 'the file does not say which Go module it was built from: name it with --module' };
    if (queries.length === 0) return { kind: 'unknown', detail: `no version of ${modules[0]!} is known: name it with --module-version` };
    const found = await this.#module(modules, queries);
    if (found.kind === 'unavailable') return found;
    await using module = found.found;
    if (expected !== null && expected !== module.h1)
      return { kind: 'unknown', detail: `${found.name}@${module.version}: expected ${expected}, the checksum database has ${module.h1}` };
    const linker = linkerOf === null ? null : await lookUpToolchainFile({ ...this.#lookUp, version: linkerOf, file: LINKER_SOURCE });
    if (linker?.kind === 'unavailable') return linker;
    const goModSums = await lookUpGoModSums({ ...this.#lookUp, modules: sums });
    if ('kind' in goModSums) return goModSums;
    const texts = new Map<string, string>();
    for (const file of [...releaseFiles(module.files), 'go.mod']) {
      const text = await module.read(file);
      if (text !== null) texts.set(file, text);
    }
    const { version, h1, files, origin } = module;
    return { kind: 'source', answers: { module: found.name, version, h1, files, texts, linker, goModSums }, origin };
  }

  /** The first of the names and versions that there is; what was wrong with the first, when there is none. */
  async #module(
    modules: readonly string[],
    queries: readonly string[],
  ): Promise<{ readonly kind: 'found'; readonly name: string; readonly found: FoundModule } | Unavailable> {
    let first: Unavailable | null = null;
    for (const name of modules) {
      for (const query of queries) {
        const found = await lookUpModule({ ...this.#lookUp, module: name, query });
        if (found.kind === 'module') return { kind: 'found', name, found };
        first ??= found;
      }
    }
    return first!;
  }
}
