import type { RecipeHints } from '@verbatim/binaries';
import type { Package } from './manifests.ts';

/** What people know that the file does not say: the same options for `recipe infer` and `rebuild`. */
export interface HintOptions {
  readonly module?: string;
  readonly moduleVersion?: string;
  readonly h1?: string;
  readonly package?: string;
  readonly ldflags?: string;
  readonly crate?: string;
  readonly crateVersion?: string;
  readonly suite?: string;
}

/** Of a Go program. The package's own version is a hint too, below what people say. */
export function hintsOf(options: HintOptions, of: Package | null): RecipeHints {
  const version = options.moduleVersion ?? (of === null ? undefined : `v${of.version}`);
  return {
    ...pick('module', options.module),
    ...pick('version', version),
    ...pick('h1', options.h1),
    ...pick('package', options.package),
    ...pick('ldflags', options.ldflags),
  };
}

function pick<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: string });
}
