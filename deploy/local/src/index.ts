/** What other parts of the repository may use to run services as processes. */
export { makeArm64Root } from './arm64-root.ts';
export { ARM64_NODE, NODES, type Node } from './configuration.ts';
export { startNetwork, type Network } from './network.ts';
export { watchObservations, type Observed } from './observations.ts';
export { mustVerbatim, verbatim } from './verbatim.ts';
export { initialise, REPOSITORY, startService, type Service } from './processes.ts';
