/**
 * SLSA provenance v1 (https://slsa.dev/provenance/v1) of one rebuild, as an in-toto statement. It is a blob named by the observation's
 * evidence, so it is made before the observation; the observation's signature covers it through its digest.
 */
import { fromBase64, toHex } from '@verbatim/tlog';
import { encodeCanonicalJson } from './json.ts';
import type { ObservationPredicate } from './observation.ts';
import { recipeDigest, type Recipe } from './recipe.ts';
import { dscDigest, type Source } from './source.ts';
import { SLSA_PROVENANCE, STATEMENT_TYPE, buildTypeOf, builderIdOf } from './vocabulary.ts';

/** What the rebuilder knows when a build has given a file. */
export interface RebuildFacts extends Pick<
  ObservationPredicate,
  'log' | 'release' | 'artifact' | 'rebuilder' | 'attempt' | 'platform' | 'toolchain' | 'sandbox' | 'started' | 'finished' | 'vcs'
> {
  readonly purl: string;
  readonly observed: { readonly sha256: string };
  readonly recipe: Recipe;
}

interface ResourceDescriptor {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** in-toto DigestSet: `dirHash1` is Go's h1, in hex as every digest there. */
const dirHash1 = (h1: string): string => toHex(fromBase64(h1.slice('h1:'.length)));

/** in-toto DigestSet: git object names are `gitCommit`. */
function sourceDescriptor(source: Source): ResourceDescriptor {
  switch (source.kind) {
    case 'git':
      return { uri: `git+${source.url}@${source.commit}`, digest: { gitCommit: source.commit } };
    case 'crate':
      return { uri: `pkg:cargo/${source.name}@${source.version}`, digest: { sha256: source.sha256 } };
    case 'debian':
      return {
        uri: `pkg:deb/debian/${source.name}@${encodeURIComponent(source.version)}?arch=source`,
        digest: { sha256: dscDigest(source) },
      };
    case 'go-module':
      return { uri: `pkg:golang/${source.module}@${source.version}`, digest: { dirHash1: dirHash1(source.h1) } };
  }
}

function toolchainDescriptor({ name, version, host, digest }: ObservationPredicate['toolchain'][number]): ResourceDescriptor {
  const [algorithm, value] = digest.startsWith('sha256:')
    ? (['sha256', digest.slice(7)] as const)
    : (['dirHash1', dirHash1(digest)] as const);
  return { uri: `pkg:generic/${name}@${version}?host=${encodeURIComponent(host)}`, digest: { [algorithm]: value } };
}

/** Canonical JSON bytes of the statement. */
export function slsaProvenance(facts: RebuildFacts): Uint8Array {
  const { recipe, release, log } = facts;
  return encodeCanonicalJson({
    _type: STATEMENT_TYPE,
    subject: [{ name: facts.artifact, digest: facts.observed }],
    predicateType: SLSA_PROVENANCE,
    predicate: {
      buildDefinition: {
        buildType: buildTypeOf(recipe.kind, recipe.version),
        externalParameters: { artifact: facts.artifact, purl: facts.purl, recipe },
        internalParameters: { platform: facts.platform, sandbox: facts.sandbox, vcs: facts.vcs },
        resolvedDependencies: [
          sourceDescriptor(recipe.source),
          ...facts.toolchain.map(toolchainDescriptor),
          { name: 'recipe', digest: { sha256: recipeDigest(recipe) } },
        ],
      },
      runDetails: {
        builder: { id: builderIdOf(facts.rebuilder) },
        metadata: {
          invocationId: `${log}/${release.index}/${facts.artifact}/${facts.attempt}`,
          startedOn: facts.started,
          finishedOn: facts.finished,
        },
        byproducts: [{ name: 'release-entry', digest: { sha256: release.leafHash } }],
      },
    },
  });
}
