/** Which lookup keys of the log's index a question needs: everything under them, and nothing else, decides it (docs/spec/index-map.md §6). */
import { claimedDigests, type Lookup, type ReleaseStatement } from '@verbatim/statements';

export interface Asked {
  /** The log's. */
  readonly origin: string;
  /** sha256 of the file or container, lower-case hex. */
  readonly sha256: string;
  /** sha256 of a member of that container: it may have been judged elsewhere, and dissents about the same bytes count. */
  readonly member?: string | undefined;
  /** Canonical purl of the release that the file must be of. */
  readonly release?: string | undefined;
}

/** A container of which more members are claimed is judged by what was logged about itself: one answer of a log has 16 lookup keys. */
export const MAX_LISTED_MEMBERS = 12;

/**
 * What changes whom to believe, and all that is about these bytes, in a container also about its claimed members; and of a release that is
 * named and does not list them everything, because then the answer says what it claims instead.
 * @param releases among the entries about these bytes
 */
export function neededLookups({ origin, sha256, member, release }: Asked, releases: readonly ReleaseStatement[]): Lookup[] {
  const members = member === undefined ? claimedMembers(releases, sha256) : [member];
  const digests = [...new Set([sha256, ...members])];
  const lookups: Lookup[] = [{ type: 'control', value: origin }, ...digests.map((value): Lookup => ({ type: 'artifact', value }))];
  const listed = releases.some((statement) => statement.predicate.purl === release && lists(statement, sha256));
  return release === undefined || listed ? lookups : [...lookups, { type: 'release', value: release }];
}

/** Digests of the members that are claimed of this container: each may have been judged in another one, too. */
function claimedMembers(releases: readonly ReleaseStatement[], container: string): readonly string[] {
  const digests = releases.flatMap((release) =>
    release.predicate.artifacts.flatMap(({ name, member }) =>
      member?.container.sha256 === container ? [claimedDigests(release, name)!.sha256] : [],
    ),
  );
  const members = [...new Set(digests)].toSorted();
  return members.length > MAX_LISTED_MEMBERS ? [] : members;
}

/** Whether a release says that this is one of its files, or a container of one. */
function lists({ subject, predicate }: ReleaseStatement, sha256: string): boolean {
  return (
    subject.some(({ digest }) => digest.sha256 === sha256) || predicate.artifacts.some(({ member }) => member?.container.sha256 === sha256)
  );
}

/** A lookup key in words. */
export function describeLookup({ type, value }: Lookup): string {
  return `${type}:${value}`;
}
