/** DSSE envelopes and in-toto statements: what the log's entries say. Pure. */
export { StatementError, type StatementErrorCode } from './errors.ts';
export {
  CLAIM_MISMATCH,
  CONCLUSIVE_RESULTS,
  EVIDENCE_KINDS,
  MAX_ARTIFACTS,
  MAX_ATTEMPT,
  MAX_BLOB_BYTES,
  MAX_ENTRY_BYTES,
  MAX_INLINE_RECIPE,
  MAX_PARTS,
  MAX_RECIPE_BYTES,
  MAX_SIGNATURES,
  PAYLOAD_TYPE,
  PREDICATE,
  RESULTS,
  ROLES,
  SLSA_PROVENANCE,
  STATEMENT_TYPE,
  isConclusive,
  type EvidenceKind,
  type Result,
  type Role,
} from './vocabulary.ts';
export { canonicalTextOfParsed, decodeCanonicalJson, encodeCanonicalJson } from './json.ts';
export { keyidOf, keyidOfVkey, statementKey } from './keyid.ts';
export {
  decodeEnvelope,
  encodeEnvelope,
  preAuthEncoding,
  verifySignatures,
  type Envelope,
  type EnvelopeSignature,
  type KnownKey,
} from './envelope.ts';
export { counted } from './counted.ts';
export { isH1, isPrintable, isRelativePath, isTime, secondsOf } from './text.ts';
export { formatPurl, isCanonicalPurl, parsePurl, type Purl } from './purl.ts';
export { isPublisherScope, isRegistrarScope, purlCovers } from './scope.ts';
export { formatDebianPin, parseDebianPin, platformOfDebian, type DebianPin, type DebianRoot } from './debian-root.ts';
export { dscDigest, type Source } from './source.ts';
export { splitQuoted } from './go-flags.ts';
export { GO_ENV_NAMES } from './go-env.ts';
export { recipeOutputs, recipeTarget, recipeToolchains, recipeVcs } from './recipe-facts.ts';
export { debianCompilers, type DebianRecipe } from './recipe-debian.ts';
export type { GoRecipe, VcsStamp } from './recipe-go.ts';
export { TOOLCHAIN_MODULE, toolchainSource, type GoToolchainRecipe } from './recipe-go-toolchain.ts';
export type { MainModule, PatchedTool } from './go-publisher.ts';
export type { CargoRecipe } from './recipe-cargo.ts';
export { platformOfTriple } from './rust-target.ts';
export { decodeRecipe, encodeRecipe, recipeDigest, type Recipe } from './recipe.ts';
export { artifactNames, claimedDigests, type ReleaseArtifact, type ReleasePredicate, type ReleaseStatement } from './release.ts';
export { checkRecipe, recipeOf } from './release-recipe.ts';
export { subjectDigestOf, type ObservationPredicate, type ObservationStatement } from './observation.ts';
export { checkMemberEntry, compareMemberPaths, decodeMembers, MAX_MEMBERS, memberLeaf, type MemberEntry } from './members.ts';
export type { Enrolment, Revocation, RosterStatement } from './roster.ts';
export { originDigest, type ControlAction, type ControlPredicate, type ControlStatement } from './control.ts';
export { authorityOf } from './control-signers.ts';
export { lookupsOf, type IndexedLog, type Lookup } from './index-keys.ts';
export { decodeEntry, decodeStatement, encodeStatement, type DecodedEntry, type Statement } from './statement.ts';
export { addSignature, signStatement } from './sign.ts';
export { makeControl, makeObservation, makeRelease, makeRoster, type PublishedArtifact } from './make.ts';
export { approvalOf, groupConflict, type Approval, type EnrolledPublisher } from './approval.ts';
export { slsaProvenance, type RebuildFacts } from './provenance.ts';
