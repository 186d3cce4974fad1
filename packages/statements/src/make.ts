/** Statements around predicates: the type URIs, and the subject that the predicate implies. Checked when they are signed. */
import { originDigest, type ControlPredicate, type ControlStatement } from './control.ts';
import { keyidOfVkey, statementKey } from './keyid.ts';
import { subjectDigestOf, type ObservationPredicate, type ObservationStatement } from './observation.ts';
import { encodeRecipe, recipeDigest, type Recipe } from './recipe.ts';
import type { ReleaseArtifact, ReleasePredicate, ReleaseStatement } from './release.ts';
import type { Enrolment, Revocation, RosterStatement } from './roster.ts';
import { MAX_INLINE_RECIPE, PREDICATE, STATEMENT_TYPE } from './vocabulary.ts';

/** An artifact with what was found at its coordinate. */
export type PublishedArtifact = ReleaseArtifact & { readonly sha256: string; readonly sha512: string };

export function makeRelease(
  predicate: Omit<ReleasePredicate, 'artifacts' | 'recipe' | 'source'> & {
    readonly recipe: Recipe;
    readonly artifacts: readonly PublishedArtifact[];
  },
): ReleaseStatement {
  const { recipe, artifacts, ...rest } = predicate;
  const size = encodeRecipe(recipe).length;
  const reference = { sha256: recipeDigest(recipe), size };
  return {
    _type: STATEMENT_TYPE,
    predicateType: PREDICATE.release,
    subject: artifacts.map(({ name, sha256, sha512 }) => ({ name, digest: { sha256, sha512 } })),
    predicate: {
      ...rest,
      source: recipe.source,
      recipe: size <= MAX_INLINE_RECIPE ? { ...reference, inline: recipe } : reference,
      artifacts: artifacts.map(({ sha256: _sha256, sha512: _sha512, ...artifact }) => artifact),
    },
  };
}

export function makeObservation(predicate: ObservationPredicate): ObservationStatement {
  return {
    _type: STATEMENT_TYPE,
    predicateType: PREDICATE.observation,
    subject: [{ name: predicate.artifact, digest: { sha256: subjectDigestOf(predicate) } }],
    predicate,
  };
}

/** Throws TlogError for a malformed vkey. */
export function makeRoster(predicate: Enrolment | Revocation): RosterStatement {
  const key = statementKey(predicate.vkey);
  return {
    _type: STATEMENT_TYPE,
    predicateType: PREDICATE.roster,
    subject: [{ name: key.name, digest: { sha256: keyidOfVkey(key) } }],
    predicate,
  };
}

export function makeControl(predicate: ControlPredicate): ControlStatement {
  return {
    _type: STATEMENT_TYPE,
    predicateType: PREDICATE.control,
    subject: [{ name: predicate.origin, digest: { sha256: originDigest(predicate.origin) } }],
    predicate,
  };
}
