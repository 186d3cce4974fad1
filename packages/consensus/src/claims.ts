/** Which release entries say that a digest is theirs, and by whose word (DESIGN §3.2, §3.4, §3.12). */
import { claimedDigests, purlCovers, type ReleaseArtifact, type ReleaseStatement } from '@verbatim/statements';
import type { Ignored } from './findings.ts';
import type { Claimant, Policy } from './policy-types.ts';
import type { Logged } from './read-entries.ts';
import { isRevokedAt, type Revocations } from './revocations.ts';

/** One artifact of one release entry. */
export interface Claim {
  readonly release: Logged<ReleaseStatement>;
  readonly artifact: ReleaseArtifact;
  /** The claimed sha256, lower-case hex. */
  readonly sha256: string;
  /** Policy claimants whose word this is; empty when the policy knows none: such a claim is no claim. */
  readonly claimants: readonly Claimant[];
}

/** Every published artifact of every release entry. */
export function readClaims(releases: readonly Logged<ReleaseStatement>[], policy: Policy, revocations: Revocations): Claim[] {
  return releases.flatMap((release) => {
    const claimants = policy.claimants.filter((claimant) => whyNot(release, claimant, revocations) === null);
    return release.statement.predicate.artifacts.flatMap((artifact) => {
      const digests = claimedDigests(release.statement, artifact.name);
      return digests === null ? [] : [{ release, artifact, sha256: digests.sha256, claimants }];
    });
  });
}

/** Claims that say: this digest is that file, or that file is a member of the container with this digest. */
export function isFileClaim(claim: Claim, sha256: string): boolean {
  return claim.sha256 === sha256;
}

export function isContainerClaim(claim: Claim, sha256: string): boolean {
  return claim.artifact.member?.container.sha256 === sha256;
}

/** All claims to a digest. Those that are not among `own` are nobody's word here, and are kept for the dissents about them. */
export function claimsTo(sha256: string, all: readonly Claim[], own: readonly Claim[]): Claim[] {
  return all.filter((claim) => isFileClaim(claim, sha256)).map((claim) => (own.includes(claim) ? claim : { ...claim, claimants: [] }));
}

/** Why release entries that the policy's claimants did not make count for nothing, for the reader of the output. */
export function explainUnclaimed(claims: readonly Claim[], policy: Policy, revocations: Revocations): Ignored[] {
  const silent = new Map(claims.filter(({ claimants }) => claimants.length === 0).map(({ release }) => [release.index, release]));
  return [...silent.values()].map((release) => {
    const signer = policy.claimants.find(({ keyid }) => release.signers.includes(keyid));
    const reason = signer === undefined ? 'no claimant of the policy signed it' : whyNot(release, signer, revocations)!;
    return { index: release.index, reason: `release ${release.statement.predicate.purl}: ${reason}` };
  });
}

function whyNot({ index, signers, statement }: Logged<ReleaseStatement>, claimant: Claimant, revocations: Revocations): string | null {
  const { purl, claim } = statement.predicate;
  if (!signers.includes(claimant.keyid)) return `${claimant.name} did not sign it`;
  if (claim.kind !== claimant.kind) return `expected a ${claimant.kind}'s claim by ${claimant.name}, found a ${claim.kind}'s`;
  if (!purlCovers(claimant.prefix, purl)) return `${claimant.name} may claim ${claimant.prefix} only`;
  return isRevokedAt(revocations, claimant.key.publicKey, index) ? `the key of ${claimant.name} was revoked before` : null;
}
