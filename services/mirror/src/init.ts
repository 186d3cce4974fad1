/** `init`: a new mirror, once. */
import { initCosigner, type CosignerDatabase } from '@verbatim/service-kit';
import { join } from 'node:path';
import type { MirrorConfig } from './config.ts';
import { MirrorStore } from './store.ts';

export function mirrorDatabase({ data_dir }: Pick<MirrorConfig, 'data_dir'>): CosignerDatabase<MirrorStore> {
  return { path: join(data_dir, 'mirror.sqlite'), open: MirrorStore.open };
}

/** Make the keys and an empty database. Resolves to the mirror's vkeys, Ed25519 first. Throws as `initCosigner` does. */
export async function initMirror(config: MirrorConfig): Promise<readonly string[]> {
  return (await initCosigner(config, mirrorDatabase(config))).vkeys;
}
