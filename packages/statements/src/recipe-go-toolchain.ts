/**
 * Recipe of kind `go-toolchain`: a Go toolchain as the module proxy has it (the module golang.org/toolchain, one zip a platform), from the source
 * that every such zip holds. The zip is written by Go's own cmd/distpack.
 */
import { StatementError } from './errors.ts';
import { goFlag } from './go-flags.ts';
import { goToken, goToolchainPin } from './recipe-go.ts';
import { array, distinct, object, oneOf, string, tagged, where, type Infer } from './schema.ts';
import { source } from './source.ts';
import { relativePath } from './text.ts';
import { MAX_ARTIFACTS } from './vocabulary.ts';

export const TOOLCHAIN_MODULE = 'golang.org/toolchain';

const program = string('a program of cmd/', 32, (text) => /^[a-z0-9]+$/.test(text));

const method = tagged('kind', {
  /** Everything from source by make.bash, begun by another Go: what it says holds even if the published programs were changed. */
  bootstrap: object({ kind: oneOf('bootstrap') }),
  /** The programs alone, by the same version of Go on another platform, with the flags that its cmd/dist uses. */
  'same-version': object({
    kind: oneOf('same-version'),
    flags: array(goFlag, 0, 16),
    ldflags: string('linker flags', 64, (text) => /^(?:-[a-z]+(?: -[a-z]+)*)?$/.test(text)),
    programs: array(program, 1, 32),
  }),
});

const shape = object({
  kind: oneOf('go-toolchain'),
  version: oneOf(1),
  /** Of its zip only the source is used, never its programs. */
  source,
  method,
  /** What builds. */
  toolchain: goToolchainPin,
  outputs: array(object({ artifact: relativePath, goos: goToken, goarch: goToken }), 1, MAX_ARTIFACTS),
});
export type GoToolchainRecipe = Infer<typeof shape>;

const VERSION = /^v0\.0\.1-(go1(?:\.\d{1,4}){2})\.([a-z0-9]+)-([a-z0-9]+)$/;

/** What the source's version says: the Go that is built, and whose platform's zip its source is taken from. */
export function toolchainSource({ source: from }: Pick<GoToolchainRecipe, 'source'>): {
  readonly version: string;
  readonly platform: string;
} {
  const match = from.kind === 'go-module' && from.module === TOOLCHAIN_MODULE ? VERSION.exec(from.version) : null;
  if (match === null) {
    throw new StatementError('inconsistent', 'source', `expected ${TOOLCHAIN_MODULE} at a version such as v0.0.1-go1.23.5.linux-amd64`);
  }
  return { version: match[1]!, platform: `${match[2]}/${match[3]}` };
}

export const goToolchainRecipe = where(shape, (recipe, at) => {
  const place = (key: string): string => (at === '' ? key : `${at}.${key}`);
  const { version } = toolchainSource(recipe);
  distinct(recipe.outputs, ({ artifact }) => artifact, place('outputs'));
  const same = recipe.toolchain.version === version;
  if (same !== (recipe.method.kind === 'same-version')) {
    const expected = same ? 'another version to begin with' : `${version}, the version of the source`;
    throw new StatementError('inconsistent', place('toolchain.version'), `expected ${expected}, found ${recipe.toolchain.version}`);
  }
  if (recipe.method.kind === 'same-version') distinct(recipe.method.programs, (name) => name, place('method.programs'));
});
