/** Recipe of kind `go`: `go build` of one package with a pinned toolchain, for one or more targets (DESIGN §3.2, §3.9). */
import { StatementError } from './errors.ts';
import { goEnv } from './go-env.ts';
import { checkLinkerFlags, flagName, goFlag } from './go-flags.ts';
import { checkMainModule, checkPatches, checkPaths, mainModule, patchedTools, publisherPaths } from './go-publisher.ts';
import { array, boolean, distinct, nullable, object, oneOf, record, string, where, type Infer } from './schema.ts';
import { moduleVersion, source } from './source.ts';
import { h1, isPrintable, platform, relativePath, revision, time } from './text.ts';
import { MAX_ARTIFACTS } from './vocabulary.ts';

/** `.` or a folder or file below the module's root; never a pattern (`./...`). */
const goPackage = string(
  '. or ./folder of the module',
  256,
  (text) =>
    text === '.' ||
    (text.startsWith('./') &&
      text
        .slice(2)
        .split('/')
        .every((segment) => /^[A-Za-z0-9_~+-][A-Za-z0-9._~+-]*$/.test(segment) && !segment.includes('...'))),
);
const goVersion = string('a Go release such as go1.23.5', 32, (text) => /^go1(?:\.\d{1,4}){1,2}(?:(?:rc|beta)\d{1,2})?$/.test(text));
export const goToken = string('lower-case letters and digits', 16, (text) => /^[a-z0-9]+$/.test(text));
const buildTag = string('a build tag', 64, (text) => /^[A-Za-z0-9_.]+$/.test(text));

const toolchainPin = {
  version: goVersion,
  /** h1 of the module golang.org/toolchain@v0.0.1-<version>.<host>, per host; others come from the checksum database. */
  h1: record(platform, h1, 16),
};
export const goToolchainPin = object(toolchainPin);

/** The version-control stamp in the binary, which the builder answers without a repository. */
const vcsStamp = object(
  {
    revision,
    time,
    /** Whether the publisher's tree had uncommitted changes. */
    modified: boolean,
    /** Tag at the revision: since Go 1.24 it becomes the main module's version. */
    tag: nullable(moduleVersion),
    /** Where the registrar has it from: the module proxy, or the published file. Each rebuilder says what it found itself. */
    provenance: oneOf('confirmed', 'adopted'),
  },
  {
    /** Tags before the revision, where none is at it: since Go 1.24 the main module's version is a pseudo-version that follows the highest, if any. */
    ancestorTags: array(moduleVersion, 0, 32),
  },
);
export type VcsStamp = Infer<typeof vcsStamp>;

const output = object(
  {
    /** Name of the release's artifact. */
    artifact: relativePath,
    goos: goToken,
    goarch: goToken,
    /** Variables of this target only, such as GOAMD64. */
    env: goEnv,
  },
  {
    /** Where it is another program than the recipe's. */
    package: goPackage,
  },
);

const shape = object(
  {
    kind: oneOf('go'),
    version: oneOf(1),
    source,
    toolchain: object(toolchainPin, { patched: patchedTools }),
    package: goPackage,
    flags: array(goFlag, 0, 16),
    /** The exact text after -ldflags=: its spelling is hashed into the build id. */
    ldflags: nullable(string('linker flags', 4096, isPrintable)),
    tags: array(buildTag, 0, 32),
    env: goEnv,
    vcs: nullable(vcsStamp),
    outputs: array(output, 1, MAX_ARTIFACTS),
  },
  { mainModule, paths: publisherPaths },
);
export type GoRecipe = Infer<typeof shape>;

function inconsistent(at: string, message: string): StatementError {
  return new StatementError('inconsistent', at, message);
}

/** Every input that changes bits is said once, and explicitly. */
export const goRecipe = where(shape, (recipe, at) => {
  const place = (key: string): string => (at === '' ? key : `${at}.${key}`);
  distinct(recipe.flags, flagName, place('flags'));
  distinct(recipe.tags, (tag) => tag, place('tags'));
  distinct(recipe.outputs, ({ artifact }) => artifact, place('outputs'));
  if (recipe.ldflags !== null) checkLinkerFlags(recipe.ldflags, place('ldflags'));
  const stamped = recipe.flags.includes('-buildvcs=true');
  if (!stamped && !recipe.flags.includes('-buildvcs=false')) {
    throw inconsistent(place('flags'), 'expected -buildvcs=true or -buildvcs=false: the default depends on the machine');
  }
  if (stamped !== (recipe.vcs !== null)) {
    throw inconsistent(
      place('vcs'),
      stamped ? 'expected a stamp for -buildvcs=true, found null' : 'expected null for -buildvcs=false, found a stamp',
    );
  }
  if (!Object.hasOwn(recipe.env, 'CGO_ENABLED'))
    throw inconsistent(place('env'), 'expected CGO_ENABLED: the default depends on the machine');
  for (const [index, { env }] of recipe.outputs.entries()) {
    const twice = Object.keys(env).find((name) => Object.hasOwn(recipe.env, name));
    if (twice !== undefined)
      throw inconsistent(place(`outputs[${index}].env`), `expected ${twice} in one place, found it in the recipe's env too`);
  }
  checkPublisher(recipe, place);
});

function checkPublisher({ toolchain, vcs, mainModule: main, paths, source: from, flags }: GoRecipe, place: (key: string) => string): void {
  if (toolchain.patched !== undefined) checkPatches(toolchain.patched, place('toolchain.patched'));
  if (vcs !== null && vcs.tag !== null && vcs.ancestorTags !== undefined)
    throw inconsistent(place('vcs.ancestorTags'), 'expected none beside a tag at the revision itself');
  if (main !== undefined) {
    checkMainModule(main, place('mainModule'));
    if (from.kind !== 'go-module')
      throw inconsistent(place('mainModule'), 'expected a Go module as source, which the main module requires');
  }
  if (paths !== undefined) {
    checkPaths(paths, place('paths'));
    if (flags.includes('-trimpath'))
      throw inconsistent(place('paths'), 'expected none with -trimpath, which keeps paths out of the binary');
  }
}
