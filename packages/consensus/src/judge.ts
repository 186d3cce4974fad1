/** Judging the claims to a digest, and choosing the one that the verdict names. */
import type { ReleaseArtifact, ReleaseStatement } from '@verbatim/statements';
import type { Claim } from './claims.ts';
import type { Context } from './context.ts';
import { count, type Count } from './count.ts';
import type { Claimant } from './policy-types.ts';

/** One claim with its count: what a verdict names (purl, claimant, source; DESIGN §3.4). */
export interface JudgedClaim extends Count {
  readonly purl: string;
  /** Index of the release entry. */
  readonly index: bigint;
  readonly leafHash: string;
  readonly claimants: readonly { readonly name: string; readonly kind: Claimant['kind'] }[];
  readonly source: ReleaseStatement['predicate']['source'];
  /** sha256 of the recipe, lower-case hex. */
  readonly recipe: string;
  readonly toolchain: ReleaseStatement['predicate']['toolchain'];
  readonly artifact: ReleaseArtifact;
  readonly sha256: string;
}

export interface Judgement {
  readonly verdict: Count['verdict'];
  /** The claim that the verdict is about. */
  readonly chosen: JudgedClaim;
  /** Every other claim by the policy's claimants, worst first. */
  readonly others: readonly JudgedClaim[];
  /** Set when another claim overrules a chosen one that is reproduced by itself. */
  readonly overruledBy: JudgedClaim | null;
}

/**
 * Several release entries may claim one digest. Each is counted by itself; the verdict names the best one, and all are shown. It is
 * overruled, and the verdict is `not-reproduced`, when another claim to the same digest is not reproduced and either
 * - has the same recipe and artifact name: the same question was asked twice, and a dissent is not shed by registering again; or
 * - names another source by a policy claimant's word: the claimants disagree about where the bytes come from, and the rebuilders
 *   contradicted one of them. A claimant may correct itself: a later claim of the same key replaces its earlier one.
 *
 * @param claims to one digest, of any claimant; at least one by a policy claimant
 */
export function judge(claims: readonly Claim[], context: Context): Judgement | null {
  const all = claims.map((claim) => ({ claim, judged: judgeClaim(claim, context) }));
  const ours = all.filter(({ claim }) => claim.claimants.length > 0).sort((a, b) => rank(a.judged) - rank(b.judged));
  const [best, ...rest] = ours;
  if (best === undefined) return null;
  const overruling = all.find((other) => other !== best && other.judged.verdict === 'not-reproduced' && overrules(other, best));
  return {
    verdict: overruling === undefined ? best.judged.verdict : 'not-reproduced',
    chosen: best.judged,
    others: rest.map(({ judged }) => judged).reverse(),
    overruledBy: overruling?.judged ?? null,
  };
}

function judgeClaim(claim: Claim, context: Context): JudgedClaim {
  const { release, artifact, sha256, claimants } = claim;
  const { purl, source, recipe, toolchain } = release.statement.predicate;
  return {
    ...count(claim, context),
    purl,
    index: release.index,
    leafHash: release.leafHash,
    claimants: claimants.map(({ name, kind }) => ({ name, kind })),
    source,
    recipe: recipe.sha256,
    toolchain,
    artifact,
    sha256,
  };
}

interface Judged {
  readonly claim: Claim;
  readonly judged: JudgedClaim;
}

/** Without a reproduced claim, a dissent says more than a lack of answers. */
function rank({ verdict }: JudgedClaim): number {
  return ['reproduced', 'not-reproduced', 'insufficient'].indexOf(verdict);
}

function overrules(other: Judged, best: Judged): boolean {
  if (other.judged.recipe === best.judged.recipe && other.judged.artifact.name === best.judged.artifact.name) return true;
  if (other.claim.claimants.length === 0 || sameSource(other.judged, best.judged)) return false;
  return !replaces(best.claim, other.claim);
}

function replaces(later: Claim, earlier: Claim): boolean {
  const { release } = later;
  const samePurl = release.statement.predicate.purl === earlier.release.statement.predicate.purl;
  const sameKey = later.claimants.some(({ keyid }) => earlier.claimants.some((claimant) => claimant.keyid === keyid));
  return samePurl && sameKey && release.index > earlier.release.index;
}

/** Both were decoded from canonical JSON with sorted members, so equal values have equal texts. */
function sameSource(a: JudgedClaim, b: JudgedClaim): boolean {
  return JSON.stringify(a.source) === JSON.stringify(b.source);
}
