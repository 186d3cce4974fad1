import { approvalOf, purlCovers, type ReleaseStatement } from '@verbatim/statements';
import { type Candidate, keyidsOf } from './candidate.ts';
import type { Decision, ReleaseRow } from './plan.ts';
import { type Refusal, refuse } from './refusal.ts';
import { standing } from './signers.ts';
import { releasePartKey, submissionKey } from './uniqueness.ts';
import type { AdmissionView, RosterKey } from './view.ts';

/** Rules for a release statement (DESIGN §3.2): who may claim it, that its recipe is at hand, and that this part is claimed once. */
export function admitRelease(candidate: Candidate, statement: ReleaseStatement, view: AdmissionView): Decision {
  const { predicate } = statement;
  const keyids = keyidsOf(candidate);
  const { claims, index } = view.control.admission;
  const { kind } = predicate.claim;
  if (!claims.includes(kind)) {
    return no(
      refuse(
        'claim-not-admitted',
        `Expected a release claimed by ${claims.map((each) => `a ${each}`).join(' or ') || 'nobody, as no more are registered'}; found a ${kind}'s. Entry ${index} says what this log admits.`,
        index ?? undefined,
      ),
    );
  }
  const claim = kind === 'publisher' ? publisherClaim(keyids, predicate.purl, view) : registrarClaim(keyids, predicate.purl, view);
  if ('refusal' in claim) return { kind: 'refuse', refusal: claim.refusal };

  const stray = predicate.artifacts.find((artifact) => ecosystemOf(artifact.coordinate) !== ecosystemOf(predicate.purl));
  if (stray !== undefined) {
    return no(
      refuse(
        'ecosystem-mismatch',
        `Expected every coordinate in the release's ecosystem ${ecosystemOf(predicate.purl)}; artifact ${stray.name} names ${stray.coordinate}. Register it under its own ecosystem.`,
      ),
    );
  }

  const missing = recipeMissing(candidate, statement, view);
  if (missing !== null) return no(missing);

  const { index: part, of } = predicate.part;
  const partKey = releasePartKey(claim.claimant, part, predicate.purl);
  const holder = view.holder(partKey);
  if (holder !== null) {
    return no(
      refuse(
        'release-part-exists',
        `Expected a part that ${claim.claimant} has not registered; part ${part} of ${predicate.purl} is entry ${holder}. Refer to that entry, or register a new version.`,
        holder,
      ),
    );
  }
  const parts = view.partsOf(claim.claimant, predicate.purl);
  if (parts !== null && parts !== of) {
    return no(
      refuse(
        'release-parts-disagree',
        `Expected "of" ${parts}, as in the parts of ${predicate.purl} that are logged; found ${of}. All parts of a release must agree on their number.`,
      ),
    );
  }
  const row: ReleaseRow = {
    purl: predicate.purl,
    claimant: claim.claimant,
    claim: predicate.claim.kind,
    part,
    of,
    recipe: predicate.recipe.sha256,
    artifacts: artifactsOf(statement),
    digests: digestsOf(statement),
  };
  return {
    kind: 'admit',
    plan: { uniqueness: [submissionKey(candidate.payloadDigest, keyids), partKey], effect: { kind: 'release', row } },
  };
}

/** Artifact names with the sha256 claimed for them, in the statement's order; unpublished ones last, with null. */
export function artifactsOf(statement: ReleaseStatement): { name: string; sha256: string | null }[] {
  const published = statement.subject.map((subject) => ({ name: subject.name, sha256: subject.digest.sha256 as string | null }));
  const unpublished = (statement.predicate.unpublished ?? []).map((artifact) => ({ name: artifact.name, sha256: null }));
  return [...published, ...unpublished];
}

function digestsOf(statement: ReleaseStatement): string[] {
  const digests = new Set<string>();
  for (const subject of statement.subject) digests.add(subject.digest.sha256);
  for (const artifact of statement.predicate.artifacts) {
    if (artifact.member !== undefined) digests.add(artifact.member.container.sha256);
  }
  return [...digests];
}

type Claim = { readonly claimant: string } | { readonly refusal: Refusal };

/** m of n: every signer is a publisher in good standing, and enough of one group's cover the purl (`approvalOf`). */
function publisherClaim(keyids: readonly string[], purl: string, view: AdmissionView): Claim {
  const signers: RosterKey[] = [];
  for (const keyid of keyids) {
    const found = standing(keyid, 'publisher', view);
    if ('refusal' in found) return found;
    signers.push(found.key);
  }
  const { approved, group, have, need } = approvalOf(purl, keyids, signers);
  if (have === 0) return { refusal: outOfScope(signers, purl) };
  if (!approved) {
    return {
      refusal: refuse(
        'threshold-not-met',
        `Expected ${need} approvals of group ${group}; found ${have}. Have ${need - have} more of its publishers sign the same statement.`,
      ),
    };
  }
  const { approvals, index } = view.control.admission;
  if (have < approvals) {
    return {
      refusal: refuse(
        'threshold-not-met',
        `Expected ${approvals} approvals of every publisher's release, as entry ${index} demands; found ${have}. Have ${approvals - have} more publishers of one group sign the same statement.`,
        index ?? undefined,
      ),
    };
  }
  if (group !== null) return { claimant: `group:${group}` };
  const alone = signers.find((signer) => signer.group === null && approvalOf(purl, [signer.keyid], [signer]).approved);
  return alone === undefined ? { refusal: outOfScope(signers, purl) } : { claimant: `key:${alone.keyid}` };
}

/** That a registrar signs alone was checked when the statement was decoded. */
function registrarClaim(keyids: readonly string[], purl: string, view: AdmissionView): Claim {
  const found = standing(keyids[0]!, 'registrar', view);
  if ('refusal' in found) return found;
  return found.key.scope.some((prefix) => purlCovers(prefix, purl))
    ? { claimant: `key:${found.key.keyid}` }
    : { refusal: outOfScope([found.key], purl) };
}

function recipeMissing({ recipeChecked }: Candidate, { predicate }: ReleaseStatement, view: AdmissionView): Refusal | null {
  // An inline recipe was checked against its digest when the statement was decoded.
  if (predicate.recipe.inline !== undefined) return null;
  const size = view.blobSize(predicate.recipe.sha256);
  if (size !== null && size !== predicate.recipe.size) {
    return refuse(
      'recipe-not-stored',
      `Expected a recipe of ${predicate.recipe.size} bytes; the blob ${predicate.recipe.sha256} has ${size}. Correct the size in the statement.`,
    );
  }
  // A blob that came while the entry waited was not compared with the release.
  if (size === null || !recipeChecked) {
    return refuse(
      'recipe-not-stored',
      `Expected the recipe inline or among this log's blobs; found no blob ${predicate.recipe.sha256} when the release came. PUT /blobs/${predicate.recipe.sha256} first, then send the release again.`,
    );
  }
  return null;
}

/** `pkg:npm/` of `pkg:npm/esbuild@0.25.0`; purls were checked to be canonical when the statement was decoded. */
export function ecosystemOf(purl: string): string {
  return purl.slice(0, purl.indexOf('/') + 1);
}

function outOfScope(signers: readonly RosterKey[], purl: string): Refusal {
  const may = signers.map((signer) => `${signer.name}: ${signer.scope.join(', ')}`).join('; ');
  return refuse(
    'out-of-scope',
    `Expected a purl that the signer may claim (${may}); found ${purl}. Ask the log's operator to enrol a key for it.`,
  );
}

function no(refusal: Refusal): Decision {
  return { kind: 'refuse', refusal };
}
