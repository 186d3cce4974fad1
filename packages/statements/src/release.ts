/** release: somebody entitled says that these files are a release, and how to build them (DESIGN §3.2, §3.12). */
import { sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { StatementError } from './errors.ts';
import { canonicalTextOfParsed } from './json.ts';
import { versionedPurl } from './purl.ts';
import { recipeSchema } from './recipe.ts';
import { array, distinct, integer, object, oneOf, tagged, where, type Infer } from './schema.ts';
import { releaseSource, retrievedUri } from './source.ts';
import { platform, relativePath, sha256Hex, sha512Hex, time, token } from './text.ts';
import { MAX_ARTIFACTS, MAX_INLINE_RECIPE, MAX_PARTS, MAX_RECIPE_BYTES, PREDICATE, STATEMENT_TYPE } from './vocabulary.ts';

const bothDigests = { sha256: sha256Hex, sha512: sha512Hex };

/** The archive that a file is published in. The file is a member of it, at `path`. */
const member = object({ path: relativePath, container: object({ name: relativePath, ...bothDigests }) });

const artifact = object(
  {
    /** As in the subject at the same place; the release's own name for the file. */
    name: relativePath,
    target: platform,
    /** Where the file, or the container it is in, is published. */
    coordinate: versionedPurl,
  },
  { member },
);
export type ReleaseArtifact = Infer<typeof artifact>;

const claim = tagged('kind', {
  /** Signed by the publisher's keys (m of n). */
  publisher: object({ kind: oneOf('publisher') }),
  /** Signed by somebody who downloaded the files: from where, and when. */
  registrar: object({
    kind: oneOf('registrar'),
    retrieved: array(object({ uri: retrievedUri, at: time }), 1, MAX_ARTIFACTS),
  }),
});

const recipeReference = object({ sha256: sha256Hex, size: integer(2, MAX_RECIPE_BYTES) }, { inline: recipeSchema });

const predicate = object(
  {
    purl: versionedPurl,
    /** One statement of several, complete when all `of` are logged; 1 of 1 usually. */
    part: object({ index: integer(1, MAX_PARTS), of: integer(1, MAX_PARTS) }),
    claim,
    source: releaseSource,
    /** SHA-256 and size of the recipe's canonical bytes; the recipe itself exactly when it has at most 2048. */
    recipe: recipeReference,
    toolchain: array(object({ name: token, version: token }), 1, MAX_ARTIFACTS),
    artifacts: array(artifact, 0, MAX_ARTIFACTS),
  },
  {
    /** Artifacts that the recipe builds and nobody published a digest of: rebuilders report `built` for them. */
    unpublished: array(object({ name: relativePath, target: platform }), 1, MAX_ARTIFACTS),
  },
);
export type ReleasePredicate = Infer<typeof predicate>;

const shape = object({
  _type: oneOf(STATEMENT_TYPE),
  predicateType: oneOf(PREDICATE.release),
  /** The published files, in the artifacts' order. Empty only when all are unpublished. */
  subject: array(object({ name: relativePath, digest: object(bothDigests) }), 0, MAX_ARTIFACTS),
  predicate,
});
export type ReleaseStatement = Infer<typeof shape>;

/** Names of everything that the release's recipe must build: published artifacts, then unpublished ones. */
export function artifactNames(release: ReleaseStatement): string[] {
  const { artifacts, unpublished = [] } = release.predicate;
  return [...artifacts, ...unpublished].map(({ name }) => name);
}

/** The digests that the release claims for an artifact; null when it lists none of that name with a digest. */
export function claimedDigests(release: ReleaseStatement, name: string): { readonly sha256: string; readonly sha512: string } | null {
  return release.subject.find((each) => each.name === name)?.digest ?? null;
}

function inconsistent(at: string, message: string): StatementError {
  return new StatementError('inconsistent', at, message);
}

function checkNames(release: ReleaseStatement): void {
  const { artifacts } = release.predicate;
  const names = artifactNames(release);
  if (names.length < 1 || names.length > MAX_ARTIFACTS) {
    throw inconsistent('predicate.artifacts', `expected 1 to ${MAX_ARTIFACTS} artifacts, unpublished ones included, found ${names.length}`);
  }
  distinct(names, (name) => name, 'predicate.artifacts');
  if (release.subject.length !== artifacts.length) {
    throw inconsistent('subject', `expected one for each of ${artifacts.length} artifacts, found ${release.subject.length}`);
  }
  for (const [index, { name }] of artifacts.entries()) {
    const found = release.subject[index]!.name;
    if (found !== name)
      throw inconsistent(`subject[${index}].name`, `expected ${JSON.stringify(name)} as in artifacts, found ${JSON.stringify(found)}`);
  }
}

function checkMembers(release: ReleaseStatement): void {
  const containers = new Map<string, string>();
  for (const [index, each] of release.predicate.artifacts.entries()) {
    if (each.member === undefined) continue;
    const { container } = each.member;
    const at = `predicate.artifacts[${index}].member.container`;
    const file = release.subject[index]!.digest;
    if (container.sha256 === file.sha256 || container.sha512 === file.sha512) {
      throw inconsistent(at, 'expected a digest other than the file’s: a container is not its member');
    }
    // One sha256 with two sha512 (or the reverse) cannot both be true.
    for (const [key, value] of [
      [container.sha256, container.sha512],
      [container.sha512, container.sha256],
    ] as const) {
      if ((containers.get(key) ?? value) !== value)
        throw inconsistent(at, 'expected the same pair of digests wherever the container is named');
      containers.set(key, value);
    }
  }
}

function checkClaim({ claim: claimed, artifacts }: ReleasePredicate): void {
  if (claimed.kind !== 'registrar') return;
  distinct(claimed.retrieved, ({ uri }) => uri, 'predicate.claim.retrieved');
  const missing = artifacts.find(({ coordinate }) => !claimed.retrieved.some(({ uri }) => uri === coordinate));
  if (missing !== undefined) {
    throw inconsistent('predicate.claim.retrieved', `expected where and when ${missing.coordinate} was downloaded, found nothing about it`);
  }
}

function checkRecipeReference(release: ReleaseStatement): void {
  const { inline, size, sha256: digest } = release.predicate.recipe;
  if ((inline !== undefined) !== size <= MAX_INLINE_RECIPE) {
    throw inconsistent(
      'predicate.recipe',
      `expected the recipe inline exactly when it has at most ${MAX_INLINE_RECIPE} bytes, found ${size} bytes ${inline === undefined ? 'not inline' : 'inline'}`,
    );
  }
  if (inline === undefined) return;
  const bytes = utf8Encode(canonicalTextOfParsed(inline));
  if (bytes.length !== size)
    throw inconsistent('predicate.recipe.size', `expected ${bytes.length}, the inline recipe’s size, found ${size}`);
  const found = toHex(sha256(bytes));
  if (found !== digest) throw inconsistent('predicate.recipe.sha256', `expected ${found}, the inline recipe’s digest, found ${digest}`);
}

/** Shape of a release without its recipe's agreement, which needs the recipe (see release-recipe.ts). */
export const releaseShape = where(shape, (release) => {
  const { part } = release.predicate;
  if (part.index > part.of) throw inconsistent('predicate.part', `expected an index from 1 to ${part.of}, found ${part.index}`);
  distinct(release.predicate.toolchain, ({ name }) => name, 'predicate.toolchain');
  checkNames(release);
  checkMembers(release);
  checkClaim(release.predicate);
  checkRecipeReference(release);
});
