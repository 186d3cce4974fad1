import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditedTree } from '@verbatim/consensus';
import { TlogError, openCheckpoint, type Checkpoint } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { stateFolder } from '../folders.ts';
import type { GatherRequest } from './stages.ts';

/** The checkpoint of the evidence, if this machine has audited the log's index up to there: lately, or now when that was asked for. */
export async function auditedTrees(note: Uint8Array, request: GatherRequest): Promise<AuditedTree[]> {
  const { policy, env } = request;
  const state = stateFolder(env);
  const checkpoint = open(note, request);
  if (checkpoint === null) return [];
  // Most machines have audited nothing: then not even the code is loaded.
  if (state !== null && existsSync(join(state, 'audited'))) {
    const { wasAudited } = await import('@verbatim/client/offline');
    if (await wasAudited(state, policy.log.key, checkpoint)) return [checkpoint];
  }
  if (!request.audit) return [];
  await auditUpTo({ note, checkpoint }, request);
  return [checkpoint];
}

function open(note: Uint8Array, { policy }: GatherRequest): Checkpoint | null {
  try {
    return openCheckpoint(note, policy.log.key, verifyEd25519).checkpoint;
  } catch (error) {
    // The evaluation says what is wrong with it.
    if (error instanceof TlogError) return null;
    throw error;
  }
}

/** Throws ClientError, LogMisbehaviour among them. */
async function auditUpTo(at: { note: Uint8Array; checkpoint: Checkpoint }, { policy, env, progress }: GatherRequest): Promise<void> {
  const { audit } = await import('../log/audit.ts');
  const { describeFinding, LogMisbehaviour } = await import('@verbatim/client');
  const { report } = await audit(policy.log.url!, policy.log.key, { at }, { env, err: (text) => progress(text.trimEnd()) });
  const [finding] = report.findings;
  if (finding === undefined) return;
  const { evidencePath } = report;
  throw new LogMisbehaviour('bad-index', `${policy.log.key.name} has a wrong index: ${describeFinding(finding)}`, { evidencePath });
}
