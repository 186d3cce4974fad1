/** The policy file and the verdict, pure. `evaluate` is the way in; its documentation says in which order what is checked. */
export { BundleError, type BundleErrorCode, PolicyError, type PolicyErrorCode } from './errors.ts';
export { parsePolicy } from './policy.ts';
export { describePolicy, tlogPart } from './policy-text.ts';
export type { Claimant, CompletenessDemand, DistinctRule, IndexWitness, Operator, Policy, Rebuilder } from './policy-types.ts';
export { EXIT_CODES, exitCodeOf, isWorse, type VerdictKind, type VerdictMeaning, VERDICTS, worst } from './verdict-kind.ts';
export type { Evidence, EvidenceEntry, LookupProof } from './evidence.ts';
export type { AuditedTree, Completeness } from './completeness.ts';
export { type Asked, describeLookup, neededLookups } from './lookups.ts';
export {
  BUNDLE_MEDIA_TYPE,
  decodeBundle,
  encodeBundle,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  MAX_BUNDLE_LOOKUPS,
  MAX_LOOKUP_PROOF_BYTES,
} from './bundle.ts';
export { evaluate, type Question } from './evaluate.ts';
export { hear, type HeardObservation, type Hearing } from './heard.ts';
export {
  type AdmissionTerm,
  type ControlHistory,
  type Era,
  eraAt,
  holderAt,
  logKeyOf,
  type NamedSuccessor,
  type Office,
} from './control-history.ts';
export { historyOf } from './history-of.ts';
export type { ExpectedFile, Verdict } from './verdict.ts';
export type { CheckpointState } from './check-checkpoint.ts';
export type { Finding, FindingCode, Ignored, Step } from './findings.ts';
export type { JudgedClaim } from './judge.ts';
export type { CountedObservation, OperatorStanding, OperatorState } from './count.ts';
export type { ExtractedFile, ExtractedState } from './extracted.ts';
export type { MemberProof } from './member-proof.ts';
export type { ContainerMember, MemberState } from './members.ts';
export { type Cosignature, readWitnesses, type WitnessState } from './witnesses.ts';
