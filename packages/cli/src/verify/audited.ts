import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditedTree, Evidence } from '@verbatim/consensus';
import type { Checkpoint } from '@verbatim/tlog';
import { stateFolder } from '../folders.ts';
import { signedCheckpoint } from './signed-checkpoint.ts';
import type { KnownLog } from './signed-checkpoint.ts';
import type { GatherRequest } from './stages.ts';

/**
 * The checkpoint of the evidence, if this machine has audited the index of its log up to there: lately, or now when that was asked for. The log is
 * the policy's, or one that goes on from it.
 */
export async function auditedTrees(evidence: Evidence, request: GatherRequest): Promise<AuditedTree[]> {
  const state = stateFolder(request.env);
  const hasAudited = state !== null && existsSync(join(state, 'audited'));
  // Most machines have audited nothing: then there is nothing to look up, and not even the code is loaded.
  if (!hasAudited && !request.audit) return [];
  const signed = signedCheckpoint(evidence, request.policy);
  if (signed === null) return [];
  const { checkpoint, log } = signed;
  if (hasAudited) {
    const { wasAudited } = await import('@verbatim/client/offline');
    if (await wasAudited(state, log.key, checkpoint)) return [checkpoint];
  }
  if (!request.audit) return [];
  await auditUpTo(log, { note: evidence.checkpoint, checkpoint }, request);
  return [checkpoint];
}

/** Throws ClientError, LogMisbehaviour among them. */
async function auditUpTo(
  { key, root, url }: KnownLog,
  at: { note: Uint8Array; checkpoint: Checkpoint },
  { env, progress }: GatherRequest,
): Promise<void> {
  const { audit } = await import('../log/audit.ts');
  const { describeFinding, LogMisbehaviour } = await import('@verbatim/client');
  const { report } = await audit(url!, { key, root }, { at }, { env, err: (text) => progress(text.trimEnd()) });
  const [finding] = report.findings;
  if (finding === undefined) return;
  const { evidencePath } = report;
  throw new LogMisbehaviour('bad-index', `${key.name} has a wrong index: ${describeFinding(finding)}`, { evidencePath });
}
