/** The verdict (DESIGN §3.4, §3.12, §3.13), computed from raw evidence. Pure: the moment and the signature check are parameters. */
import type { Ed25519Verify } from '@verbatim/tlog';
import { checkCheckpoint } from './check-checkpoint.ts';
import { checkControl } from './check-control.ts';
import { type Claim, claimsTo, explainUnclaimed, isContainerClaim, isFileClaim, readClaims } from './claims.ts';
import { type AuditedTree, judgeCompleteness, readIndexRoot } from './completeness.ts';
import type { Context } from './context.ts';
import type { Evidence } from './evidence.ts';
import { type ExtractedFile, provedRoot } from './extracted.ts';
import { judge } from './judge.ts';
import { neededLookups } from './lookups.ts';
import { type ContainerMember, judgeMembers } from './members.ts';
import { checkObservations, indexObservations } from './observations.ts';
import type { Policy } from './policy-types.ts';
import { readControl } from './read-control.ts';
import { readEntries } from './read-entries.ts';
import { Report } from './report.ts';
import { readRevocations } from './revocations.ts';
import { controlOf, decodeShown } from './shown-entries.ts';
import { formatTime } from './values.ts';
import type { Verdict } from './verdict.ts';

export interface Question {
  readonly policy: Policy;
  readonly evidence: Evidence;
  /** The file in hand, sha256 in lower-case hex. */
  readonly file: { readonly sha256: string };
  /** Bind the verdict to this release: a canonical purl with a version. */
  readonly release?: string;
  /** Judge this member of the file, which is a container; the caller read it. */
  readonly member?: ContainerMember;
  /** Judge this file, which was extracted from `file`, a container that is not at hand. */
  readonly extracted?: ExtractedFile;
  /** What is in the file, when it is a container. */
  readonly contents?: readonly ContainerMember[];
  readonly now: Date;
  /** The evidence is a bundle, read without the network: `bundle-max-age` holds and later dissent is unknown. */
  readonly offline: boolean;
  /** Trees whose index this machine rebuilt from all their entries: one of them counts as an audit of exactly that checkpoint. */
  readonly audited?: readonly AuditedTree[];
  readonly verify: Ed25519Verify;
}

/**
 * Judges one file. Every step is a clause of DESIGN §3; when several verdicts apply, the worst is given. Never throws for anything that
 * the evidence says: a log or a bundle can only ever make the verdict worse.
 */
export function evaluate(question: Question): Verdict {
  const { policy, evidence, verify, offline } = question;
  const { file, member, extracted } = question;
  const report = new Report((extracted ?? member ?? file).sha256, (member ?? file).sha256);
  const now = question.now.getTime() / 1000;
  // Also refuses a moment that is not a number.
  const valid = now < policy.expires;
  report.step('§3.4', 'the policy is valid now', valid, `expires ${formatTime(policy.expires)}`);
  if (!valid) {
    report.error({ code: 'policy-expired', index: null, message: `the policy expired at ${formatTime(policy.expires)}` });
    return report.finish('policy-error');
  }

  const shown = decodeShown(evidence);
  const history = readControl(controlOf(shown), policy, verify);
  const check = checkCheckpoint(evidence.checkpoint, { policy, history, offline }, BigInt(Math.floor(now)), verify);
  report.checkpointed(check, offline);
  if (check.checkpoint === null || check.limit === 'log-misbehaviour') return report.finish(check.limit ?? 'unavailable');

  const log = readEntries(shown, check.checkpoint, { policy, history }, verify);
  const index = readIndexRoot(log, check.checkpoint, { policy, history });
  const faults = [
    ...log.findings,
    ...history.findings,
    ...checkControl(log, history, shown, check.checkpoint),
    ...checkObservations(log, history),
    ...index.findings,
  ];
  report.read(evidence, log, faults);
  if (faults.length > 0) return report.finish('log-misbehaviour');
  report.followed(history, check.checkpoint);

  const revocations = readRevocations(log.roster);
  const context: Context = { policy, observations: indexObservations(log.observations), revocations };
  const claims = readClaims(log.releases, policy, revocations);
  report.ignore(explainUnclaimed(claims, policy, revocations));
  judgeFile(question, claims, context, report);

  const { auditors, checkpoint } = check;
  const asked = { origin: checkpoint.origin, sha256: file.sha256, member: member?.sha256, release: question.release };
  const needed = neededLookups(
    asked,
    log.releases.map(({ statement }) => statement),
  );
  const { audited = [] } = question;
  report.complete(
    judgeCompleteness({ evidence, log, checkpoint, root: index.root, policy, needed, auditors, audited }),
    policy.completeness,
  );
  return report.finish(check.limit);
}

function judgeFile(
  { file, member, extracted, contents, release }: Question,
  all: readonly Claim[],
  context: Context,
  report: Report,
): void {
  const bound = all.filter((claim) => release === undefined || claim.release.statement.predicate.purl === release);
  // A dissent about the same recipe overrules whatever release it was logged under, so those claims are always looked at.
  const inScope = (claim: Claim): Claim => (bound.includes(claim) ? claim : { ...claim, claimants: [] });
  const claims = all.map(inScope);
  if (member !== undefined) {
    const about = claims.filter((claim) => isContainerClaim(claim, file.sha256) && claim.artifact.member!.path === member.path);
    report.judged(judge(claimsTo(member.sha256, claims, about), context), about, release);
    return;
  }
  const own = claims.filter((claim) => isFileClaim(claim, file.sha256));
  if (extracted !== undefined) {
    const root = provedRoot(own, extracted, context.observations, context.policy);
    report.judged(judge(own, root === null ? context : { ...context, memberRoot: root }), bound, release);
    report.extracted(extracted, root);
    return;
  }
  const judgement = judge(own, context);
  const container = claims.some((claim) => isContainerClaim(claim, file.sha256) && claim.claimants.length > 0);
  if (container) report.container(judgeMembers(file.sha256, claims, contents ?? null, context));
  if (judgement !== null || !container) report.judged(judgement, bound, release);
}
