/** Recipe of kind `cargo`: `cargo build` of one package with a pinned toolchain, for one or more targets (DESIGN §3.2, §3.9). */
import { cargoEnv } from './cargo-env.ts';
import { cargoLock } from './cargo-lock-text.ts';
import { onceName, rustFlag, stripFlag } from './cargo-flags.ts';
import { StatementError } from './errors.ts';
import { cTools, checkCTools } from './c-tools.ts';
import { array, boolean, distinct, integer, nullable, object, oneOf, record, string, tagged, where, type Infer } from './schema.ts';
import { cargoSource, crateName } from './source.ts';
import { isPrintable, platform, relativePath, revision, sha256Digest, sha256Hex } from './text.ts';
import { targetTriple } from './rust-target.ts';
import { MAX_ARTIFACTS } from './vocabulary.ts';

const directory = string(
  '. or ./folder of the source',
  256,
  (text) => text === '.' || /^\.(?:\/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)+$/.test(text),
);
/** Nightlies have no number that names their bytes. */
const rustVersion = string('a Rust release such as 1.95.0', 16, (text) => /^1\.\d{1,3}\.\d{1,3}$/.test(text));
const feature = string('a feature', 128, (text) => /^[A-Za-z0-9_][A-Za-z0-9_+.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_+.-]*)?$/.test(text));
const profileName = string('a profile', 32, (text) => /^[a-z][a-z0-9-]*$/.test(text));

const toolchain = tagged('kind', {
  /** The Rust distribution's components rustc, cargo and rust-std, from its server or as they are installed on the host: the same files. */
  dist: object({
    kind: oneOf('dist'),
    version: rustVersion,
    /** `commit-hash` of `rustc -vV`: it is in every binary. */
    commit: revision,
    /** SHA-256 of the channel manifest, channel-rust-<version>.toml; null: the signature or the digests below decide. */
    manifest: nullable(sha256Hex),
    /** Over all files of the components, per host. A host without one cannot build. */
    digests: record(platform, sha256Digest, 16),
  }),
  /** rustc and cargo among the packages of `c`, which pins them. */
  packaged: object({ kind: oneOf('packaged'), version: rustVersion }),
});

/** What `--config profile.<name>.<key>` may set; a key that is missing is the manifest's affair. */
const profile = object(
  { name: profileName },
  {
    codegenUnits: integer(1, 256),
    debug: oneOf('none', 'line-directives-only', 'line-tables-only', 'limited', 'full'),
    debugAssertions: boolean,
    lto: oneOf('off', 'false', 'thin', 'fat'),
    optLevel: oneOf('0', '1', '2', '3', 's', 'z'),
    overflowChecks: boolean,
    panic: oneOf('abort', 'unwind'),
    strip: oneOf('none', 'debuginfo', 'symbols'),
  },
);

/** What stands in the binary for a folder of the build (`--remap-path-prefix`, `-ffile-prefix-map`). Without one, the sandbox's path stands there. */
const remap = object({
  from: oneOf('source', 'vendor', 'cargo-home', 'sysroot', 'target'),
  /** Absolute, or a word: text, nothing is looked for there. */
  to: string('a path without spaces and =', 256, (text) => isPrintable(text) && !/[\s=]/.test(text)),
});

const output = object({
  /** Name of the release's artifact. */
  artifact: relativePath,
  target: targetTriple,
  crateType: oneOf('bin', 'cdylib'),
  /** Name of the target in Cargo.toml, such as `rg`. */
  name: crateName,
});

const shape = object({
  kind: oneOf('cargo'),
  version: oneOf(1),
  source: cargoSource,
  /** Where the manifest is that cargo is given. */
  directory,
  /** Text of Cargo.lock for a source that has none; null: the source's own, beside its manifest. */
  lock: nullable(cargoLock),
  toolchain,
  /** Linker, crt objects and libc, and the compiler of C code. */
  c: cTools,
  /** `--package`. */
  package: crateName,
  features: array(feature, 0, 64),
  defaultFeatures: boolean,
  profile,
  rustflags: array(rustFlag, 0, 32),
  remaps: array(remap, 0, 5),
  env: cargoEnv,
  /** SOURCE_DATE_EPOCH, in POSIX seconds; null: not set. */
  sourceDateEpoch: nullable(integer(0, 0xffff_ffff)),
  /** What `rustc -vV` says on its line `host:`. It is hashed into symbols through build scripts and procedural macros. Null: the host's own. */
  hostTriple: nullable(targetTriple),
  /** Arguments of strip(1) on the finished file; null: it is not run. */
  strip: nullable(array(stripFlag, 1, 8)),
  outputs: array(output, 1, MAX_ARTIFACTS),
});
export type CargoRecipe = Infer<typeof shape>;

function inconsistent(at: string, message: string): StatementError {
  return new StatementError('inconsistent', at, message);
}

/** Every input that changes bits is said once, and explicitly. */
export const cargoRecipe = where(shape, (recipe, at) => {
  const place = (key: string): string => (at === '' ? key : `${at}.${key}`);
  const { c, features, outputs, remaps, rustflags, source } = recipe;
  distinct(features, (each) => each, place('features'));
  distinct(rustflags, (each) => each, place('rustflags'));
  distinct(
    rustflags.map(onceName).filter((each) => each !== null),
    (each) => each,
    place('rustflags'),
  );
  distinct(remaps, ({ from }) => from, place('remaps'));
  distinct(outputs, ({ artifact }) => artifact, place('outputs'));
  checkCTools(c, recipe.toolchain.kind === 'packaged' ? recipe.toolchain.version : null, place('c'));
  if (source.kind === 'crate' && recipe.directory !== '.') {
    throw inconsistent(place('directory'), `expected . for a crate, which is one package, found ${recipe.directory}`);
  }
  if (source.kind === 'crate' && recipe.package !== source.name) {
    throw inconsistent(place('package'), `expected the crate ${source.name}, found ${recipe.package}`);
  }
});
