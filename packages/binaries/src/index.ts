export { BinaryError } from './errors.ts';
export type { BinaryErrorCode } from './errors.ts';
export { identify } from './identify.ts';
export type { BinaryFormat, Identity } from './layout.ts';
export { readGoBuildInfo } from './build-info.ts';
export type { GoBuildInfo } from './build-info.ts';
export type { GoModule } from './module-info.ts';
export { readGoBuildId } from './build-id.ts';
export { inferGoRecipes } from './infer.ts';
export type { RecipeCandidate, RecipeDraft } from './infer/draft.ts';
export type { RecipeHints, SourceAnswers } from './infer/hints.ts';
export { sourceQuestions } from './infer/questions.ts';
export { readRustEvidence } from './infer/rust.ts';
export { inferCargoRecipe } from './infer/cargo-draft.ts';
export { readSbom, type SbomFacts } from './infer/sbom.ts';
export { releaseFiles } from './infer/release-files.ts';
export { LINKER_SOURCE } from './infer/patched-linker.ts';
export { whatIfs, type WhatIf } from './what-if.ts';
export { explain } from './explain/explain.ts';
export type {
  Cause,
  CauseCode,
  ClaimDifference,
  ClassifiedString,
  Coverage,
  ExplainContext,
  Explanation,
  ExplanationClass,
  HostFacts,
  OwnRebuild,
  PartDifference,
  StringDifferences,
  Variation,
} from './explain/types.ts';
