/** What the caller knows that the binary does not say. */
export interface RecipeHints {
  /** Name of the artifact in its release, such as `linux-x64/bin/esbuild`; the draft's output is called so. */
  readonly artifact?: string;
  readonly module?: string;
  /** Module version, `v0.25.0`. */
  readonly version?: string;
  readonly h1?: string;
  /** Main package, `./cmd/esbuild`. */
  readonly package?: string;
  readonly ldflags?: string;
  /** Toolchain digests by host platform. */
  readonly toolchainH1?: Readonly<Record<string, string>>;
  readonly answers?: SourceAnswers;
}

/** What the ecosystem says of the source that `questions.ts` asks for. */
export interface SourceAnswers {
  readonly module: string;
  readonly version: string;
  readonly h1: string;
  /** All files of the module. */
  readonly files: readonly string[];
  /** Texts of those that `releaseFiles` names, in its order, and go.mod. */
  readonly texts: ReadonlyMap<string, string>;
  /** LINKER_SOURCE of the toolchain. */
  readonly linker: { readonly text: string; readonly sha256: string } | null;
  /** `path@version` → h1 of its go.mod. */
  readonly goModSums: ReadonlyMap<string, string>;
}
