import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BundleError, MAX_BUNDLE_BYTES, decodeBundle } from '@verbatim/consensus';
import type { Evidence } from '@verbatim/consensus';
import { readWhole } from '../files.ts';
import { stateFolder } from '../folders.ts';
import { auditedTrees } from './audited.ts';
import { clientTrouble } from './client-trouble.ts';
import { signedCheckpoint } from './signed-checkpoint.ts';
import type { GatherRequest, Gathered } from './stages.ts';

/**
 * Evidence from a file, and nothing else: no socket is opened. A checkpoint that contradicts one that this machine has seen is proof of two
 * histories all the same. Throws CliError, BundleError or VerdictError.
 */
export async function gatherFromBundle(path: string, request: GatherRequest): Promise<Gathered> {
  const evidence = readBundle(path);
  await compareWithMemory(evidence, request);
  return { evidence, audited: await auditedTrees(evidence, request), offline: true, bundle: path };
}

function readBundle(path: string): Evidence {
  const bytes = readWhole(path, MAX_BUNDLE_BYTES);
  try {
    return decodeBundle(bytes);
  } catch (error) {
    if (error instanceof BundleError) error.message = `${path}: ${error.message}`;
    throw error;
  }
}

async function compareWithMemory(evidence: Evidence, { policy, env, progress }: GatherRequest): Promise<void> {
  const state = stateFolder(env);
  // Most machines that check offline remember nothing: then not even the code is loaded.
  if (state === null || !existsSync(join(state, 'checkpoints'))) return;
  const signed = signedCheckpoint(evidence, policy);
  if (signed === null) return;
  const { checkpoint, log } = signed;
  const { CheckpointMemory, ClientError } = await import('@verbatim/client/offline');
  const memory = new CheckpointMemory(state, { onWarning: (message) => progress(`warning: ${message}`) });
  try {
    await memory.compareOffline({ note: evidence.checkpoint, checkpoint }, log.key);
  } catch (error) {
    throw error instanceof ClientError ? clientTrouble(error) : error;
  }
}
