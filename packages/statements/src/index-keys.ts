/** What an entry is about: the lookup keys under which the log's index has it. docs/spec/index-map.md §6. */
import { keyidOfVkey, statementKey } from './keyid.ts';
import type { ObservationPredicate } from './observation.ts';
import type { ReleaseStatement } from './release.ts';
import type { RosterStatement } from './roster.ts';
import type { Statement } from './statement.ts';
import { PREDICATE } from './vocabulary.ts';

/** One way to look an entry up. `lookupKey` of `@verbatim/index-map` makes the map's prefix of it. */
export interface Lookup {
  readonly type: 'artifact' | 'observed' | 'release' | 'rebuilder' | 'control';
  readonly value: string;
}

/** What an index must know beside the statement. */
export interface IndexedLog {
  /** Of the log whose index it is, whatever the statement says: a successor has its predecessor's entries. */
  readonly origin: string;
  /** The release at an earlier entry; null when there is none. */
  readonly releaseAt: (index: number) => ReleaseStatement | null;
}

/**
 * All lookup keys of an entry, each once: a function of the log's entries alone, so that everybody who has them rebuilds the same
 * index. None for an index-root entry, and for enrolments of others than rebuilders.
 */
export function lookupsOf(statement: Statement, { origin, releaseAt }: IndexedLog): Lookup[] {
  switch (statement.predicateType) {
    case PREDICATE.release: {
      const digests = statement.subject.flatMap(({ name }) => digestsOf(statement, name));
      return [...artifacts(digests), { type: 'release', value: statement.predicate.purl }];
    }
    case PREDICATE.observation:
      return ofObservation(statement.predicate, releaseAt(statement.predicate.release.index));
    case PREDICATE.roster:
      return ofRoster(statement, origin);
    case PREDICATE.control:
      return statement.predicate.action === 'index-root' ? [] : [{ type: 'control', value: origin }];
  }
}

/** An observation of a release that is not there, which an honest log has not, is found by what it says itself. */
function ofObservation({ artifact, observed, rebuilder }: ObservationPredicate, release: ReleaseStatement | null): Lookup[] {
  const lookups: Lookup[] = release === null ? [] : artifacts(digestsOf(release, artifact));
  if (observed !== null) lookups.push({ type: 'observed', value: observed.sha256 });
  if (release !== null) lookups.push({ type: 'release', value: release.predicate.purl });
  return [...lookups, { type: 'rebuilder', value: rebuilder }];
}

/** Whom to believe changes with every revocation; enrolments govern admission only (DESIGN §3.4). */
function ofRoster({ predicate }: RosterStatement, origin: string): Lookup[] {
  const lookups: Lookup[] = [];
  if (predicate.role === 'rebuilder') lookups.push({ type: 'rebuilder', value: keyidOfVkey(statementKey(predicate.vkey)) });
  if (predicate.action === 'revoke') lookups.push({ type: 'control', value: origin });
  return lookups;
}

/** SHA-256 of the artifact and of the container that it is published in, as far as the release says. */
function digestsOf({ subject, predicate }: ReleaseStatement, name: string): string[] {
  const own = subject.find((each) => each.name === name)?.digest.sha256;
  const container = predicate.artifacts.find((each) => each.name === name)?.member?.container.sha256;
  return [own, container].filter((digest) => digest !== undefined);
}

function artifacts(digests: readonly string[]): Lookup[] {
  return [...new Set(digests)].map((value) => ({ type: 'artifact', value }));
}
