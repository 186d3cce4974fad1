/** What the stages know of a toolchain, whatever kind it is. */
import type { TreeFile } from './digest.ts';

/** A toolchain in use. Nobody removes it from the cache until it is released. */
export interface Toolchain extends AsyncDisposable {
  readonly kind: 'toolchain';
  /** As observations name it, such as `go`. */
  readonly name: string;
  readonly version: string;
  readonly host: string;
  /** GOROOT, or Rust's sysroot. Read-only for everybody. */
  readonly dir: string;
  /** `h1:…` or `sha256:…` over all of its files. */
  readonly digest: string;
  /** Every file with its digest. */
  readonly files: readonly TreeFile[];
}
