import { MAX_EVIDENCE, MAX_STRING_LENGTH } from './limits.ts';
import type { Cause, CauseCode, Coverage } from './types.ts';

interface CatalogueRow {
  readonly summary: string;
  readonly advice: string;
}

/** What each cause means and what to do about it, in the publisher's terms. `%s` is the cause's subject. */
export const CATALOGUE: Readonly<Record<CauseCode, CatalogueRow>> = {
  target: {
    summary: 'the files are for different platforms (%s)',
    advice: 'compare with the rebuild for the same operating system and architecture, or set the recipe’s target',
  },
  'compiler-version': {
    summary: 'built by another version of the compiler (%s)',
    advice:
      'rebuild with exactly the published version of the toolchain; publishers: pin it (the toolchain line of go.mod, rust-toolchain.toml)',
  },
  'main-package': {
    summary: 'another main package was built, or it was named in another way',
    advice: 'name the same package, or the same files, on the command line: a package path and a list of files give different binaries',
  },
  'go-setting': {
    summary: 'the build setting %s differs',
    advice: 'set %s as the published file records it, on the command line or in the environment, and rebuild',
  },
  'go-line': {
    summary: 'the go or godebug lines of go.mod (or a go.work file) differ',
    advice:
      'keep go.mod as released: its go line sets DefaultGODEBUG and is an input of the main package; set GOWORK=off unless the release used go.work',
  },
  'dependency-version': {
    summary: 'another version of the dependency %s was built in',
    advice: 'build from the released lock file (go.sum, Cargo.lock with --locked); publishers: commit it and pin the version',
  },
  'vendor-mode': {
    summary: 'one file was built from a vendor folder, the other from the module cache',
    advice: 'dependencies without hashes mean -mod=vendor: build with, or without, the vendor folder as the release did',
  },
  'vcs-stamp': {
    summary: 'the version control stamps differ',
    advice: 'build from a checkout of the same revision with -buildvcs=true, or publish with -buildvcs=false',
  },
  'vcs-modified': {
    summary: 'one of the two was built from a modified checkout',
    advice:
      'publishers: build from a clean checkout (git status --porcelain must be empty), and write generated files elsewhere or ignore them',
  },
  'module-version': {
    summary: 'the version of the main module differs',
    advice: 'build at the same tag: since Go 1.24 the tag becomes the version of the main module, without a repository it is (devel)',
  },
  ldflags: {
    summary: 'the linker was given other flags (-ldflags)',
    advice:
      'pass the same -ldflags in the same spelling: -s -w and -w -s give different build IDs, and so does -X, even of a variable that does not exist; look for -X in the release script',
  },
  'linker-or-crt': {
    summary: 'another linker, C compiler or C runtime was used (%s)',
    advice: 'install the same versions of gcc, binutils, libc and libgcc packages; publishers of Go programs can set CGO_ENABLED=0',
  },
  'build-profile': {
    summary: 'the compiler may have been given other options (%s)',
    advice:
      'no Rust program records them: try the publisher’s profile (opt-level, lto, codegen-units, panic, debug-assertions, overflow-checks, target-cpu); publishers: set it in Cargo.toml',
  },
  'build-id': {
    summary: 'only build IDs differ',
    advice: 'code and data are equal; look for inputs of the build that leave no other trace, or link with -buildid= and --build-id=none',
  },
  stripped: {
    summary: 'symbols or debug information are in one of the files only',
    advice: 'strip both or neither: -ldflags="-s -w" for Go, strip = "symbols" in the Cargo profile, or the same strip command',
  },
  compressed: {
    summary: 'one of the files is packed by an executable compressor (%s)',
    advice: 'unpack it before comparing, or run the same version of the packer; publishers: release the unpacked file',
  },
  'code-signature': {
    summary: 'the files carry different code signatures',
    advice: 'a signature needs the publisher’s key: compare without signatures, or publish the digest of the unsigned file as well',
  },
  'build-path': {
    summary: 'the path of the build folder is in the file (%s)',
    advice: 'build with -trimpath (Go) or --remap-path-prefix (Rust), or rebuild at the published path',
  },
  'temporary-path': {
    summary: 'the name of a temporary folder is in the file',
    advice: 'generate into a fixed folder, or map it away: -trimpath, -ffile-prefix-map, --remap-path-prefix',
  },
  timestamp: {
    summary: 'the time of the build is in the file',
    advice:
      'use the time of the commit or SOURCE_DATE_EPOCH instead of the clock; in GoReleaser {{.CommitDate}} instead of {{.Date}}; no __DATE__ in C',
  },
  hostname: {
    summary: 'the name of the build machine is in the file',
    advice: 'leave the host name out, or set it to a constant (-X …builtOn=…)',
  },
  user: {
    summary: 'the name of the user who built is in the file',
    advice: 'leave the user name out, or set it to a constant (-X …builtBy=…)',
  },
  'random-value': {
    summary: 'a random value that was made during the build is in the file',
    advice: 'derive it from the source (a hash of the inputs) or make it at run time',
  },
  order: {
    summary: 'the same items stand in another order',
    advice: 'sort before generating: iterate over sorted keys (Go maps, HashMap to BTreeMap), sort directory listings',
  },
  'symbol-hash': {
    summary: 'only the hashes in symbol names differ (-C metadata)',
    advice: 'pass --target explicitly, use the same profile and features, and give cargo the same host line (rustc -vV) everywhere',
  },
  'host-architecture': {
    summary: 'the architecture of the build machine leaks into the file',
    advice: 'pass --target explicitly also for native builds, and the target’s own C runtime when crossing',
  },
  'codegen-drift': {
    summary: 'only operands in machine code differ, and our own rebuilds differ there too',
    advice: 'a compiler that is not deterministic: build with codegen-units=1 and report it',
  },
  nondeterminism: {
    summary: 'the build does not agree with itself: our own rebuilds differ from each other',
    advice:
      'build twice and compare; look for iteration order, parallelism, random values and clocks in generators, build scripts and macros',
  },
  'archive-wrapper': {
    summary: 'the archive differs, its members do not (%s)',
    advice:
      'set order, owner, mode and times of members (tar --sort=name --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0) and pin the compressor',
  },
  'different-source': {
    summary: 'code or data differ and nothing about the build explains it: the source may be another one',
    advice: 'treat it as a real mismatch until somebody shows the cause: compare the published source with what was really built',
  },
};

export interface CauseFacts {
  readonly subject?: string | undefined;
  /** `likely` unless said otherwise. */
  readonly proven?: boolean;
  readonly evidence?: readonly string[];
  readonly covers?: readonly Coverage[];
}

export function causeOf(code: CauseCode, { subject, proven = false, evidence = [], covers = [] }: CauseFacts = {}): Cause {
  const { summary, advice } = CATALOGUE[code];
  const about = subject ?? null;
  return {
    code,
    subject: about,
    certainty: proven ? 'proven' : 'likely',
    summary: fill(summary, about),
    evidence: evidence.slice(0, MAX_EVIDENCE),
    advice: fill(advice, about),
    covers,
  };
}

/** A row's text about a subject; `%s` stands for it. */
export function fill(text: string, subject: string | null): string {
  if (subject === null) return text.replace(' (%s)', '').replaceAll('%s', 'it');
  return text.replaceAll('%s', () => subject.slice(0, MAX_STRING_LENGTH));
}

/** `published X, rebuilt Y`: the wording of every expected-and-found fact. */
export function versus(what: string, published: string | null, rebuilt: string | null): string {
  const [theirs, ours] = clipped(published, rebuilt);
  return `${what.slice(0, MAX_STRING_LENGTH)}: published ${theirs ?? 'none'}, rebuilt ${ours ?? 'none'}`;
}

/** Both texts at most MAX_STRING_LENGTH long, cut so that the first place in which they differ is still there. */
export function clipped(published: string | null, rebuilt: string | null): readonly [string | null, string | null] {
  let common = 0;
  while (common < Math.min(published?.length ?? 0, rebuilt?.length ?? 0) && published![common] === rebuilt![common]) common += 1;
  const clip = (text: string | null): string | null => {
    if (text === null || text.length <= MAX_STRING_LENGTH) return text;
    const from = Math.max(0, Math.min(common - MAX_STRING_LENGTH / 4, text.length - MAX_STRING_LENGTH));
    const end = from + MAX_STRING_LENGTH;
    return `${from > 0 ? '…' : ''}${text.slice(from, end)}${end < text.length ? '…' : ''}`;
  };
  return [clip(published), clip(rebuilt)];
}
