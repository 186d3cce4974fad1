/** Test-only: keys, clock, valid and forged statements, a log in memory, and logs that misbehave. */
export { aLoopbackAddress, type LoopbackAddress } from './addresses.ts';
export { testSeed, testSigner, testVkey } from './keys.ts';
export { TEST_TIME, fixedClock, type FixedClock } from './clock.ts';
export { aCargoRecipe, aGoRecipe, aGoVcs, aLargeRecipe, anArtifact, contentOf, digestsOf, testH1 } from './recipes.ts';
export { ADMIN, ROOT, aGenesis, aRelease, aRevocation, anEnrolment, anObservation, type Observed } from './statements.ts';
export { forgeEntry, forgePayload, withByteChanged } from './forge.ts';
export { indexLookups, indexPairs, indexRoot, proveLookup } from './in-memory-index.ts';
export {
  InMemoryLog,
  type CheckpointOptions,
  type InMemoryEvidence,
  type InMemoryLogOptions,
  type LoggedEntry,
  type ProvedLookup,
} from './in-memory-log.ts';
export { forkedLog, withEntryRewritten } from './misbehaviour.ts';
export { Scene, type SceneOptions } from './scene.ts';
export { continuedLog } from './continued-log.ts';
