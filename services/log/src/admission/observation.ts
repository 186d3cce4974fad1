import { counted, type ObservationStatement } from '@verbatim/statements';
import type { Decision } from './plan.ts';
import { type Refusal, refuse } from './refusal.ts';
import { standing } from './signers.ts';
import { attemptKey } from './uniqueness.ts';
import type { AdmissionView, ReleaseSummary } from './view.ts';

/**
 * Rules for an observation (DESIGN §3.2): it is this log's, about an artifact of a release entry that is here, by the key that says so, the
 * next attempt of that key. That result and digests agree was checked when the statement was decoded (§3.3).
 */
export function admitObservation(statement: ObservationStatement, view: AdmissionView): Decision {
  const { predicate } = statement;
  // That the named rebuilder signed, and signed alone, was checked when the statement was decoded.
  const signer = standing(predicate.rebuilder, 'rebuilder', view);
  if ('refusal' in signer) return no(signer.refusal);

  if (predicate.log !== view.origin) {
    return no(
      refuse('other-origin', `Expected an observation for log ${view.origin}; this one was signed for ${predicate.log}. Submit it there.`),
    );
  }
  const release = BigInt(predicate.release.index);
  const summary = view.release(release);
  if (summary === null) {
    return no(
      view.hasEntry(release)
        ? refuse(
            'not-a-release',
            `Expected a release at entry ${release}; that entry is of another kind. Name the release entry that was rebuilt.`,
          )
        : refuse(
            'unknown-release',
            `Expected a release entry that this log holds; it has ${view.size} entries and the statement names ${release}. Read the index from the log.`,
          ),
    );
  }
  const mismatch = checkRelease(statement, summary) ?? checkAttempt(statement, release, view);
  if (mismatch !== null) return no(mismatch);

  const { artifact, rebuilder: keyid, attempt, result, reason } = predicate;
  return {
    kind: 'admit',
    plan: {
      uniqueness: [attemptKey(keyid, release, attempt, artifact)],
      effect: { kind: 'observation', row: { release, artifact, keyid, attempt, host: predicate.platform.host, result, reason } },
    },
  };
}

function checkRelease({ predicate }: ObservationStatement, release: ReleaseSummary): Refusal | null {
  if (predicate.release.leafHash !== release.leafHash) {
    return refuse(
      'release-leaf-mismatch',
      `Expected leaf hash ${release.leafHash} for entry ${release.index}; found ${predicate.release.leafHash}. Read the release from this log and check its proof.`,
    );
  }
  const digest = release.artifacts.get(predicate.artifact);
  if (digest === undefined) {
    return refuse(
      'artifact-not-listed',
      `Expected an artifact that release ${release.index} lists (${[...release.artifacts.keys()].join(', ')}); found ${predicate.artifact}.`,
    );
  }
  const claimed = predicate.claimed?.sha256 ?? null;
  if (claimed !== null && claimed !== digest) {
    return refuse(
      'claimed-digest-mismatch',
      `Expected claimed digest ${digest ?? 'null, as nothing was published'} for ${predicate.artifact} of release ${release.index}; found ${claimed}. Copy the digest from the release entry.`,
    );
  }
  if (predicate.result === 'built' && digest !== null) {
    return refuse(
      'claimed-digest-mismatch',
      `Expected match or differ, because release ${release.index} claims ${digest} for ${predicate.artifact}; found built. Compare with the published file.`,
    );
  }
  if (predicate.recipe.sha256 !== release.recipe) {
    return refuse(
      'recipe-mismatch',
      `Expected recipe ${release.recipe}, which release ${release.index} names; found ${predicate.recipe.sha256}. Rebuild by the release's recipe.`,
    );
  }
  return null;
}

function checkAttempt({ predicate }: ObservationStatement, release: bigint, view: AdmissionView): Refusal | null {
  const { attempt, artifact, rebuilder } = predicate;
  const { attempts, index } = view.control.admission;
  if (attempt > attempts) {
    return refuse(
      'too-many-attempts',
      `Expected at most ${counted(attempts, 'attempt')} of a key at one artifact of a release, as entry ${index} says; found attempt ${attempt}. What was logged stands; nothing is left to do.`,
      index ?? undefined,
    );
  }
  const holder = view.holder(attemptKey(rebuilder, release, attempt, artifact));
  if (holder !== null) {
    return refuse(
      'attempt-exists',
      `Expected an attempt that ${rebuilder} has not logged; attempt ${attempt} at ${artifact} of release ${release} is entry ${holder} and says something else. An observation is never replaced; log another attempt.`,
      holder,
    );
  }
  if (attempt > 1 && view.holder(attemptKey(rebuilder, release, attempt - 1, artifact)) === null) {
    return refuse(
      'attempt-gap',
      `Expected attempt ${attempt - 1} at ${artifact} of release ${release} in the log before attempt ${attempt}; it is not there. Submit the attempts in order, leaving none out.`,
    );
  }
  return null;
}

function no(refusal: Refusal): Decision {
  return { kind: 'refuse', refusal };
}
