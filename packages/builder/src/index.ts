/** Recipes to outputs: the fetch stage (network, hash pins), the build stage (sandbox, no network), and receiving what was published. */
export { BuilderError, type BuilderErrorCode } from './errors.ts';
export { hostPlatform } from './platform.ts';
export { fetchInputs, DEFAULT_FETCH_LIMITS, type Fetched, type FetchLimits, type FetchOutcome, type FetchRequest } from './fetch.ts';
export type { Origin, Unavailable, UnavailableReason } from './outcome.ts';
export { lookUpModule, type FoundModule } from './go/look-up.ts';
export { planBuild, type BuildPlan, type PlanHost } from './plan.ts';
export { build, type BuildFailure, type BuildInputs, type BuildOutcome, type BuildRequest } from './build.ts';
export { digestOutput } from './output.ts';
export { runDiffoscope, type DiffoscopeOutcome, type DiffoscopeRequest } from './diffoscope.ts';
export { escapeText } from './sandbox/escape.ts';
export { detectSandbox, type DetectOptions } from './sandbox/detect.ts';
export { delegateGroup, type DelegatedGroup } from './sandbox/delegate.ts';
export { DEFAULT_LIMITS, limitsOf, type LimitName, type Limits } from './sandbox/limits.ts';
export type { Usage } from './sandbox/watchdog.ts';
export { runSandboxed, type Sandbox, type SandboxJob, type SandboxResult } from './sandbox/run.ts';
export { receiveArtifact, type Received, type ReceiveLimits, type ReceiveOutcome, type ReceiveRequest } from './receive/receive.ts';
export type { NotReceived, ReceiveReason } from './receive/outcome.ts';
export { memberLeaf, memberRoot, memberTree, type MemberEntry, type MemberProof, type MemberTree } from './member-root.ts';
