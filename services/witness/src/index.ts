/** The witness, for programs that embed it. See each file. */
export { witnessConfig, type TrustedLogs, type WitnessConfig } from './config.ts';
export { initWitness, WitnessError, type WitnessErrorCode } from './init.ts';
export { startWitness } from './service.ts';
