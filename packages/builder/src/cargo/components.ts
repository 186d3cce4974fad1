/** The components of a Rust distribution that a build needs, and what a recipe pins of them. */
import { createHash } from 'node:crypto';
import type { TreeFile } from '../digest.ts';

export interface RustRequest {
  /** Such as `1.95.0`. */
  readonly version: string;
  /** `commit-hash` of `rustc -vV`. */
  readonly commit: string;
  /** SHA-256 of the channel manifest, when the recipe pins it. */
  readonly manifest: string | null;
  /** Host platform, such as `linux/amd64`. */
  readonly host: string;
  /** Triple of the host, and of what is built. */
  readonly triples: { readonly host: string; readonly targets: readonly string[] };
  /** `sha256:…` over all files. */
  readonly digest: string;
  readonly cacheDir: string;
  readonly cacheBytes: number;
  /** The user's environment: RUSTUP_HOME, RUSTUP_DIST_SERVER, proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Network is not asked. */
  readonly offline: boolean;
  /** Milliseconds for each step. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  readonly log: (line: string) => void;
}

/** Names of the components that a build needs, in the words of the distribution's archives. */
export function componentsOf({ host, targets }: RustRequest['triples']): string[] {
  const standard = [...new Set([host, ...targets])].map((triple) => `rust-std-${triple}`);
  return [`rustc-${host}`, `cargo-${host}`, ...standard];
}

/** `sha256:` of lines `<hex>  <path>` in byte order, as `sha256sum` prints them. */
export function digestOfFiles(files: readonly TreeFile[]): string {
  const hash = createHash('sha256');
  for (const { path, sha256 } of files) hash.update(`${sha256}  ${path}\n`);
  return `sha256:${hash.digest('hex')}`;
}
