import type { CheckpointState, CountedObservation, HeardObservation, JudgedClaim, Verdict } from '@verbatim/consensus';
import { toHex } from '@verbatim/tlog';
import type { PolicyFile } from '../policy-file.ts';
import type { Run } from './report.ts';
import { nextSteps } from './result.ts';
import type { FileResult } from './result.ts';

export const SCHEMA_VERSION = 1;

/**
 * What `--json` prints, for every verdict: schema/verify.schema.json. Indexes and sizes are JSON integers (they stay below 2^53), digests
 * lower-case hex, times `YYYY-MM-DDTHH:MM:SSZ`.
 */
export function toJson({ results, policyFile, troubles }: Run, exitCode: number, explain: boolean): string {
  const report = {
    schemaVersion: SCHEMA_VERSION,
    exitCode,
    policy: policyFile === null ? null : policyJson(policyFile),
    results: results.map((result) => resultJson(result, explain)),
    errors: troubles.map(({ code, message }) => ({ code, message })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function policyJson({ path, policy }: PolicyFile): object {
  const { log, expires, require, answers, dissent, distinct, operators, completeness, indexWitnesses, indexQuorum } = policy;
  return {
    path,
    log: log.key.name,
    expires: timeOf(expires),
    require,
    answers,
    dissent,
    distinct: distinct.map(({ property, atLeast }) => ({ property, atLeast })),
    operators: operators.length,
    completeness,
    indexWitnesses: indexWitnesses.length,
    indexQuorum,
  };
}

function resultJson(result: FileResult, explain: boolean): object {
  const { file, member, sha256, verdict, exitCode, judged, troubles, heard, bundle } = result;
  const claim = judged?.claim ?? null;
  const checkpoint = judged?.checkpoint ?? null;
  return {
    file,
    member,
    sha256,
    verdict,
    exitCode,
    release: claim === null ? null : releaseJson(claim),
    claimant: claim === null ? null : { ...claim.claimants[0]! },
    matches: claim?.matches ?? 0,
    dissents: claim?.dissents ?? 0,
    operators: claim === null ? [] : claim.operators.map(operatorJson),
    unsatisfied: claim?.unsatisfied ?? [],
    completeness: judged?.completeness ?? null,
    auditedBy: judged?.auditedBy ?? [],
    checkpoint: checkpoint === null ? null : checkpointJson(checkpoint),
    bundle,
    others: (judged?.others ?? []).map((other) => ({
      ...releaseJson(other),
      verdict: other.verdict,
      matches: other.matches,
      dissents: other.dissents,
    })),
    members: judged?.members?.map(({ path, state, sha256: digest, detail }) => ({ path, state, sha256: digest, detail })) ?? null,
    extracted: judged?.extracted ?? null,
    expected: (judged?.expected ?? []).map(({ purl, index, artifact, sha256: digest }) => ({
      purl,
      entry: Number(index),
      artifact,
      sha256: digest,
    })),
    heard: heard.map(heardJson),
    warnings: judged?.warnings ?? [],
    errors: [...troubles.map(({ code, message }) => ({ code, message, entry: null })), ...findingsJson(judged)],
    next: nextSteps(result),
    ...(explain ? { steps: judged?.steps ?? [], ignored: ignoredJson(judged) } : {}),
  };
}

function releaseJson({ purl, index, leafHash, source, recipe, toolchain, artifact }: JudgedClaim): object {
  return {
    purl,
    entry: Number(index),
    leafHash,
    artifact: artifact.name,
    target: artifact.target,
    source,
    recipe: { sha256: recipe },
    toolchain,
  };
}

function operatorJson({ operator, standing, observations }: JudgedClaim['operators'][number]): object {
  return { operator, standing, observations: observations.map(observationJson) };
}

function observationJson({
  index,
  rebuilder,
  arch,
  attempt,
  result,
  reason,
  observed,
  finished,
  memberRoot,
  counts,
  because,
}: CountedObservation): object {
  return { entry: Number(index), rebuilder, host: arch, attempt, result, reason, observed, finished, memberRoot, counts, because };
}

function heardJson({ release, artifact, rebuilder, operator, arch, ...said }: HeardObservation): object {
  const { attempt, result, reason, observed, finished, counts, because } = said;
  return {
    release: Number(release),
    artifact,
    rebuilder,
    operator,
    host: arch,
    attempt,
    result,
    reason,
    observed,
    finished,
    counts,
    because,
  };
}

function checkpointJson({ origin, size, root, cosignatures, indexCosignatures, asOf }: CheckpointState): object {
  return {
    origin,
    size: Number(size),
    rootHash: toHex(root),
    asOf: asOf === null ? null : timeOf(Number(asOf)),
    witnesses: cosignatures.map(cosignatureJson),
    indexWitnesses: indexCosignatures.map(cosignatureJson),
  };
}

function cosignatureJson({ witness, timestamp, counts }: CheckpointState['cosignatures'][number]): object {
  return { witness, time: timeOf(Number(timestamp)), counts };
}

function findingsJson(judged: Verdict | null): object[] {
  return (judged?.errors ?? []).map(({ code, message, index }) => ({ code, message, entry: index === null ? null : Number(index) }));
}

function ignoredJson(judged: Verdict | null): object[] {
  return (judged?.ignored ?? []).map(({ index, reason }) => ({ entry: Number(index), reason }));
}

/** The last second that the schema can spell. A cosignature's timestamp is the witness's word, up to 2^63 − 1. */
const LAST_SECOND = Date.parse('9999-12-31T23:59:59Z') / 1000;

function timeOf(seconds: number): string {
  return `${new Date(Math.min(seconds, LAST_SECOND) * 1000).toISOString().slice(0, 19)}Z`;
}
