/** The witness, for programs that embed it. See each file. */
export { witnessConfig, type WitnessConfig } from './config.ts';
export { initWitness } from './init.ts';
export { startWitness } from './service.ts';
