/** `init`: a new witness, once. */
import { initCosigner, type CosignerDatabase } from '@verbatim/service-kit';
import { join } from 'node:path';
import type { WitnessConfig } from './config.ts';
import { WitnessStore } from './store.ts';

export function witnessDatabase({ data_dir }: Pick<WitnessConfig, 'data_dir'>): CosignerDatabase<WitnessStore> {
  return { path: join(data_dir, 'witness.sqlite'), open: WitnessStore.open };
}

/** Make the keys and an empty database. Resolves to the witness's vkeys, Ed25519 first. Throws as `initCosigner` does. */
export async function initWitness(config: WitnessConfig): Promise<readonly string[]> {
  return (await initCosigner(config, witnessDatabase(config))).vkeys;
}
