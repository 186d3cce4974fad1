/** One file out of a container that was reproduced as a whole (DESIGN §3.12 a). */
import { memberLeaf } from '@verbatim/statements';
import { fromHex, hashLeaf, verifyInclusion } from '@verbatim/tlog';
import type { Claim } from './claims.ts';
import type { MemberProof } from './member-proof.ts';
import { artifactKey, type ObservationIndex } from './observations.ts';
import type { Policy } from './policy-types.ts';

/** A file in hand, and where it is said to be from. */
export interface ExtractedFile {
  /** Lower-case hex. */
  readonly sha256: string;
  /** In the container. */
  readonly path: string;
  /** That the container has such an entry; null when no list of members could be had. */
  readonly proof: MemberProof | null;
}

/** What is known of a file that was in the container. */
export interface ExtractedState {
  /** SHA-256 of the container, lower-case hex. */
  readonly container: string;
  readonly path: string;
  /** Permission bits that the container gives it. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  /** The member root that the matching operators signed, lower-case hex. */
  readonly root: string;
}

/**
 * The root (lower-case hex) that the proof leads to, among those that rebuilders of the policy signed of the claimed bytes. Null where there is
 * none; then the list of members was another container's, or somebody's invention.
 */
export function provedRoot(
  claims: readonly Claim[],
  { path, proof }: ExtractedFile,
  observations: ObservationIndex,
  policy: Policy,
): string | null {
  if (proof === null || proof.entry.path !== path) return null;
  const leaf = hashLeaf(memberLeaf(proof.entry));
  const signed = claims.flatMap(({ release, artifact, sha256 }) =>
    (observations.get(artifactKey(release.index, artifact.name)) ?? []).flatMap(({ statement: { predicate } }) => {
      const ours = policy.rebuilders.some(({ keyid }) => keyid === predicate.rebuilder);
      return ours && predicate.observed?.sha256 === sha256 ? (predicate.observed.members ?? []) : [];
    }),
  );
  return signed.find(({ root, size }) => verifyInclusion(proof.index, BigInt(size), leaf, proof.proof, fromHex(root)))?.root ?? null;
}
