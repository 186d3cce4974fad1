/** A rebuilder node as a library: what `main.ts` is made of, and what its control socket says. */
export { readConfig, type RebuilderConfig } from './config.ts';
export { initialise, NodeError, type NodeErrorCode } from './init.ts';
export { startNode, type NodeContext } from './node.ts';
export type { NodeStatus } from './control.ts';
