/**
 * `identical` alone is a match. The others say why it is not one:
 *
 * - `identical-except-ids`: equal once build IDs, the debug link and the `.comment` of the toolchain are blanked.
 * - `explained`: every differing byte is accounted for by a cause that is proven (see explain.ts).
 * - `nondeterministic`: our own rebuilds disagree with each other in the same places.
 * - `unexplained`: bytes are left that no proven cause accounts for; causes may still be named.
 */
export type ExplanationClass = 'identical' | 'identical-except-ids' | 'explained' | 'nondeterministic' | 'unexplained';

/** Why two builds of one release differ: the rows of the catalogue in causes.ts. */
export type CauseCode =
  | 'target'
  | 'compiler-version'
  | 'main-package'
  | 'go-setting'
  | 'go-line'
  | 'dependency-version'
  | 'vendor-mode'
  | 'vcs-stamp'
  | 'vcs-modified'
  | 'module-version'
  | 'ldflags'
  | 'linker-or-crt'
  | 'build-profile'
  | 'build-id'
  | 'stripped'
  | 'compressed'
  | 'code-signature'
  | 'build-path'
  | 'temporary-path'
  | 'timestamp'
  | 'hostname'
  | 'user'
  | 'random-value'
  | 'order'
  | 'symbol-hash'
  | 'host-architecture'
  | 'codegen-drift'
  | 'nondeterminism'
  | 'archive-wrapper'
  | 'different-source';

export interface Cause {
  readonly code: CauseCode;
  /** What exactly, where the code names a family: `GOAMD64`, a module path, a path prefix. */
  readonly subject: string | null;
  /** Only proven causes account for bytes; a likely one is a lead for people. */
  readonly certainty: 'proven' | 'likely';
  readonly summary: string;
  /** What was expected (published) and what was found (rebuilt), one fact each. */
  readonly evidence: readonly string[];
  /** What to set or change, in the publisher's terms. */
  readonly advice: string;
  readonly covers: readonly Coverage[];
}

/** A part of the file that a cause reaches, and how many of its differing bytes it accounts for; 0 when it only points there. */
export interface Coverage {
  readonly part: string;
  readonly bytes: number;
}

/** Something that the two files say about themselves, and say differently; null where one of them says nothing. */
export interface ClaimDifference {
  /** `go version`, `build GOAMD64`, `dep example.org/x`, `build id: link`, `.comment: GCC` … */
  readonly claim: string;
  readonly published: string | null;
  readonly rebuilt: string | null;
}

/** A section, header, gap or whole file that differs. Sizes in bytes, null where the part is missing. */
export interface PartDifference {
  readonly name: string;
  readonly publishedSize: number | null;
  readonly rebuiltSize: number | null;
  /** Bytes that differ: at equal sizes one by one, else the longer of the two stretches between equal beginnings and ends. */
  readonly differing: number;
  /** How many of them proven causes account for. */
  readonly accounted: number;
  /** How many of the others are the same at another place, or point to what is: something before it has another length. They are not accounted for. */
  readonly moved: number;
  /** Whether the system maps it into memory when the program runs; true where that is not known. */
  readonly loaded: boolean;
}

export type StringClass = 'timestamp' | 'path' | 'temporary-path' | 'uuid' | 'hex' | 'host' | 'version' | 'symbol' | 'text';

export interface ClassifiedString {
  readonly class: StringClass;
  readonly text: string;
}

export interface StringDifferences {
  readonly publishedOnly: readonly ClassifiedString[];
  readonly rebuiltOnly: readonly ClassifiedString[];
}

export interface Explanation {
  readonly class: ExplanationClass;
  readonly sizes: { readonly published: number; readonly rebuilt: number };
  /** The root cause first. */
  readonly causes: readonly Cause[];
  readonly claims: readonly ClaimDifference[];
  readonly parts: readonly PartDifference[];
  readonly strings: StringDifferences;
  /** What was cut off at a limit: `file`, `parts`, `runs`, `strings` … A file that is too large to compare in parts is `unexplained`. */
  readonly truncated: readonly string[];
}

/** What the rebuilder knows about its own build. Times in POSIX seconds. */
export interface HostFacts {
  readonly hostname?: string;
  readonly user?: string;
  /** Folders that a build can have seen: its own, caches, temporary ones. */
  readonly folders?: readonly string[];
  /** Toolchains that it was built with, each as `name version`: what a stripped binary no longer says. */
  readonly toolchains?: readonly string[];
  /** When the build ran. */
  readonly from?: number;
  readonly to?: number;
}

/** What a second build can have had otherwise on purpose; `setting` is a change of recipe towards what the published file claims. */
export type Variation = 'path' | 'hostname' | 'user' | 'clock' | 'zone' | 'locale' | 'umask' | 'cpus' | 'host-architecture' | 'setting';

/** A further rebuild of our own from the same inputs. */
export interface OwnRebuild {
  readonly bytes: Uint8Array;
  /** Empty when nothing was changed on purpose: a difference is then nondeterminism. */
  readonly varied: readonly Variation[];
  /** What a `setting` was, for people: `GOAMD64=v3`. */
  readonly settings?: readonly string[];
}

export interface ExplainContext {
  /** Texts of the inputs (source files): what stands there is a constant of the source, whatever it looks like. */
  readonly inputs?: readonly string[];
  readonly host?: HostFacts;
  /** POSIX seconds. */
  readonly publishedAt?: number;
  readonly rebuilds?: readonly OwnRebuild[];
}
