import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditedTree, Evidence } from '@verbatim/consensus';
import type { Checkpoint } from '@verbatim/tlog';
import { stateFolder } from '../folders.ts';
import { signedCheckpoint } from './signed-checkpoint.ts';
import type { GatherRequest } from './stages.ts';

/** The checkpoint of the evidence, if this machine has audited the log's index up to there: lately, or now when that was asked for. */
export async function auditedTrees(evidence: Evidence, request: GatherRequest): Promise<AuditedTree[]> {
  const { policy, env } = request;
  const state = stateFolder(env);
  const { checkpoint: note } = evidence;
  const checkpoint = signedCheckpoint(evidence, policy)?.checkpoint;
  // Nor a successor's: what this machine audited is the policy's log.
  if (checkpoint === undefined || checkpoint.origin !== policy.log.key.name) return [];
  // Most machines have audited nothing: then not even the code is loaded.
  if (state !== null && existsSync(join(state, 'audited'))) {
    const { wasAudited } = await import('@verbatim/client/offline');
    if (await wasAudited(state, policy.log.key, checkpoint)) return [checkpoint];
  }
  if (!request.audit) return [];
  await auditUpTo({ note, checkpoint }, request);
  return [checkpoint];
}

/** Throws ClientError, LogMisbehaviour among them. */
async function auditUpTo(at: { note: Uint8Array; checkpoint: Checkpoint }, { policy, env, progress }: GatherRequest): Promise<void> {
  const { audit } = await import('../log/audit.ts');
  const { describeFinding, LogMisbehaviour } = await import('@verbatim/client');
  const { report } = await audit(
    policy.log.url!,
    { key: policy.log.key, root: policy.root },
    { at },
    { env, err: (text) => progress(text.trimEnd()) },
  );
  const [finding] = report.findings;
  if (finding === undefined) return;
  const { evidencePath } = report;
  throw new LogMisbehaviour('bad-index', `${policy.log.key.name} has a wrong index: ${describeFinding(finding)}`, { evidencePath });
}
