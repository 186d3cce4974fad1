/** Containers of which only members are reproduced (DESIGN §3.12 b). */
import { type Claim, claimsTo, isContainerClaim } from './claims.ts';
import type { Context } from './context.ts';
import { judge, type JudgedClaim } from './judge.ts';

/** A file in a container, as the caller read it. */
export interface ContainerMember {
  /** Canonical path: relative, no `..`, `/` between segments. */
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface MemberState {
  readonly path: string;
  /**
   * `differing`: rebuilders got other bytes, or the container holds other bytes at this path than were claimed.
   * `insufficient`: claimed, and not enough answers yet.
   */
  readonly state: 'reproduced' | 'insufficient' | 'not-claimed' | 'differing';
  /** Of the member in hand; null when the caller could not read the container. */
  readonly sha256: string | null;
  readonly claim: JudgedClaim | null;
  readonly detail: string;
}

/**
 * Every member of the container in hand and every claimed one, by path.
 * @param claims all claims, of policy claimants or not
 * @param contents what the caller read; null when it could not
 */
export function judgeMembers(
  container: string,
  claims: readonly Claim[],
  contents: readonly ContainerMember[] | null,
  context: Context,
): MemberState[] {
  const byPath = Map.groupBy(
    claims.filter((claim) => isContainerClaim(claim, container)),
    (claim) => claim.artifact.member!.path,
  );
  const held = new Map((contents ?? []).map(({ path, sha256 }) => [path, sha256]));
  const paths = [...new Set([...byPath.keys(), ...held.keys()])].sort();
  return paths.map((path) => judgeMember(path, held.get(path) ?? null, byPath.get(path) ?? [], claims, contents !== null, context));
}

function judgeMember(
  path: string,
  sha256: string | null,
  claims: readonly Claim[],
  all: readonly Claim[],
  read: boolean,
  context: Context,
): MemberState {
  const ours = claims.filter(({ claimants }) => claimants.length > 0);
  if (ours.length === 0) return { path, state: 'not-claimed', sha256, claim: null, detail: 'no release claims it' };
  const judgement = judge(read ? claimsTo(sha256 ?? '', all, claims) : claims, context);
  if (judgement === null) {
    const found = sha256 === null ? 'no such member' : `sha256:${sha256}`;
    return { path, state: 'differing', sha256, claim: null, detail: `expected sha256:${ours[0]!.sha256}, found ${found} in the container` };
  }
  const { verdict, chosen } = judgement;
  const detail = `${chosen.matches} match, ${chosen.dissents} got other bytes`;
  return { path, state: verdict === 'not-reproduced' ? 'differing' : verdict, sha256, claim: chosen, detail };
}
