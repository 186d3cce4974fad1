/** Observations by release entry and artifact, and what no log may admit among them (DESIGN §3.2). */
import { artifactNames, type ObservationStatement } from '@verbatim/statements';
import { type ControlHistory, eraAt } from './control-history.ts';
import type { Finding } from './findings.ts';
import type { Logged, ReadLog } from './read-entries.ts';

export type LoggedObservation = Logged<ObservationStatement>;

/** All observations of one release entry's artifact, ascending by index. */
export type ObservationIndex = ReadonlyMap<string, readonly LoggedObservation[]>;

export function artifactKey(release: bigint, artifact: string): string {
  return `${release} ${artifact}`;
}

export function indexObservations(observations: readonly LoggedObservation[]): ObservationIndex {
  return Map.groupBy(observations, ({ statement: { predicate } }) => artifactKey(BigInt(predicate.release.index), predicate.artifact));
}

/** Admission, re-checked: whatever is found here is `log-misbehaviour`. */
export function checkObservations(log: ReadLog, history: ControlHistory): Finding[] {
  return [
    ...log.observations.flatMap((observation) => checkOne(observation, log, eraAt(history, observation.index).origin) ?? []),
    ...checkAttempts(log.observations),
  ];
}

function checkOne({ index, statement: { predicate } }: LoggedObservation, { releases, kinds }: ReadLog, origin: string): Finding | null {
  if (predicate.log !== origin) {
    return {
      code: 'other-origin',
      index,
      message: `entry ${index}: expected an observation for ${origin}, found one for ${predicate.log}`,
    };
  }
  const named = BigInt(predicate.release.index);
  if (named >= index || (kinds.get(named) ?? 'release') !== 'release') {
    return { code: 'release-mismatch', index, message: `entry ${index}: expected a release entry before it, found ${named}` };
  }
  // A release that was not gathered cannot be compared, and the observation then counts for nothing.
  const release = releases.find((candidate) => candidate.index === named);
  if (release === undefined) return null;
  if (release.leafHash !== predicate.release.leafHash) {
    return {
      code: 'release-mismatch',
      index,
      message: `entry ${index}: expected leaf hash ${release.leafHash} for release ${named}, found ${predicate.release.leafHash}`,
    };
  }
  if (!artifactNames(release.statement).includes(predicate.artifact)) {
    return {
      code: 'artifact-not-listed',
      index,
      message: `entry ${index}: release ${named} does not list the artifact ${predicate.artifact}`,
    };
  }
  return null;
}

/** One entry a (key, release, artifact, n), and n after n−1 (DESIGN §3.2). */
function checkAttempts(observations: readonly LoggedObservation[]): Finding[] {
  const findings: Finding[] = [];
  for (const chain of groupChains(observations).values()) {
    const byAttempt = chain.toSorted((a, b) => a.statement.predicate.attempt - b.statement.predicate.attempt);
    for (const [i, { index, statement }] of byAttempt.entries()) {
      const before = byAttempt[i - 1];
      if (before === undefined) continue;
      const { attempt, rebuilder } = statement.predicate;
      if (before.statement.predicate.attempt === attempt) {
        findings.push({
          code: 'attempt-repeated',
          index,
          message: `entries ${before.index} and ${index}: rebuilder ${rebuilder} has attempt ${attempt} twice`,
        });
      } else if (before.index > index) {
        findings.push({
          code: 'attempt-order',
          index,
          message: `entry ${index}: attempt ${attempt} of rebuilder ${rebuilder} was logged before an earlier attempt`,
        });
      }
    }
  }
  return findings;
}

function groupChains(observations: readonly LoggedObservation[]): Map<string, LoggedObservation[]> {
  return Map.groupBy(
    observations,
    ({ statement: { predicate } }) => `${predicate.rebuilder} ${artifactKey(BigInt(predicate.release.index), predicate.artifact)}`,
  );
}
