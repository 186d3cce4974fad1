/** `init`: a new witness, once. */
import {
  CosignerError,
  initCosigner,
  loadCosigner,
  type Cosigner,
  type CosignerConfig,
  type CosignerDatabase,
} from '@verbatim/service-kit';
import { bytesEqual, parseVkey } from '@verbatim/tlog';
import { join } from 'node:path';
import type { WitnessConfig } from './config.ts';
import { WitnessStore } from './store.ts';

export function witnessDatabase({ data_dir }: Pick<WitnessConfig, 'data_dir'>): CosignerDatabase<WitnessStore> {
  return { path: join(data_dir, 'witness.sqlite'), open: WitnessStore.open };
}

/** The index-witness as a cosigner of its own; null without one. */
export function indexCosigner({ index, logs }: WitnessConfig): CosignerConfig | null {
  return index === undefined ? null : { name: index.name, key_file: index.key_file, ml_dsa_key_file: index.ml_dsa_key_file, logs };
}

export function indexWitnessDatabase({ data_dir }: Pick<WitnessConfig, 'data_dir'>): CosignerDatabase<WitnessStore> {
  return { path: join(data_dir, 'index-witness.sqlite'), open: WitnessStore.open };
}

/** Make the keys and empty databases. Resolves to the vkeys, the witness's first, Ed25519 before ML-DSA-44. Throws as `initCosigner` does. */
export async function initWitness(config: WitnessConfig): Promise<readonly string[]> {
  const { vkeys } = await initCosigner(config, witnessDatabase(config));
  const index = indexCosigner(config);
  return index === null ? vkeys : [...vkeys, ...(await initCosigner(index, indexWitnessDatabase(config))).vkeys];
}

/** The index-witness's keys. Throws `wrong-key` when one of them is a key of the witness under another name, and as `loadCosigner` does. */
export function loadIndexCosigner(config: CosignerConfig, witness: Cosigner): Cosigner {
  const cosigner = loadCosigner(config);
  const used = witness.vkeys.map((vkey) => parseVkey(vkey).publicKey);
  if (cosigner.vkeys.some((vkey) => used.some((key) => bytesEqual(key, parseVkey(vkey).publicKey)))) {
    throw new CosignerError(
      'wrong-key',
      `${config.key_file}: expected a key used for nothing else, found a key of the witness ${witness.name}`,
    );
  }
  return cosigner;
}
