import { commentOf, places, rustFacts } from '../explain/claims-toolchain.ts';
import { orElse } from '../errors.ts';
import { identify, readImages } from '../identify.ts';
import { sectionBytes } from '../layout.ts';

/** What a Rust program says of its making; of flags, features and profile it says nothing. */
export interface RustEvidence {
  /** `1.95.0`; null where only paths tell that it is Rust. */
  readonly version: string | null;
  /** `commit-hash` of rustc, 40 hex digits: it is in the standard library's paths. */
  readonly commit: string | null;
  /** Version of a rustc that a distribution built (`/usr/src/rustc-1.63.0`). */
  readonly packaged: string | null;
  /** Other lines of `.comment`: the linker, and the compiler of the crt objects and of C code. */
  readonly linkers: readonly string[];
  /** Where crates were unpacked: `<CARGO_HOME>/registry/src/<registry>`. */
  readonly registry: string | null;
  /** Crates whose panics name them, with versions: a part of those in the lockfile. */
  readonly crates: readonly { readonly name: string; readonly versions: readonly string[] }[];
  readonly target: string | null;
  /** Whether it has no symbol table. */
  readonly stripped: boolean;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  '386': 'i686',
  riscv64: 'riscv64gc',
  s390x: 's390x',
};

/** Null for a file that is not Rust's. Never throws. */
export function readRustEvidence(bytes: Uint8Array): RustEvidence | null {
  const [image] = orElse(() => readImages(bytes), []);
  if (image === undefined) return null;
  const comments = commentOf(bytes);
  const facts = rustFacts(bytes);
  const said = comments.find((line) => line.startsWith('rustc version '));
  const commit = facts.get('rustc commit')?.split(', ')[0] ?? null;
  const packaged = facts.get('rustc sources')?.split(', ')[0] ?? null;
  if (said === undefined && commit === null && packaged === null) return null;
  return {
    version: /^rustc version (\d+\.\d+\.\d+) /.exec(said ?? '')?.[1] ?? packaged,
    commit,
    packaged,
    linkers: comments.filter((line) => line !== said),
    registry: registryOf(bytes),
    crates: [...facts].flatMap(([fact, versions]) =>
      fact.startsWith('crate ') ? [{ name: fact.slice('crate '.length), versions: versions.split(', ') }] : [],
    ),
    target: targetOf(bytes, sectionBytes(image, '.interp') !== null),
    stripped: image.symbols !== true,
  };
}

function registryOf(bytes: Uint8Array): string | null {
  for (const { before, after } of places(bytes, '/registry/src/')) {
    const home = /(?:\/[\w.@+~-]+)+$/.exec(before)?.[0];
    const name = /^[\w.-]+-[0-9a-f]{16}(?=\/)/.exec(after)?.[0];
    if (home !== undefined && name !== undefined) return `${home}/registry/src/${name}`;
  }
  return null;
}

/** GNU's C library has a loader; a static program is musl's. */
function targetOf(bytes: Uint8Array, loaded: boolean): string | null {
  const { os, arch } = identify(bytes);
  const architecture = ARCHITECTURES[arch ?? ''];
  return os === 'linux' && architecture !== undefined ? `${architecture}-unknown-linux-${loaded ? 'gnu' : 'musl'}` : null;
}
