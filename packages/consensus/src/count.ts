/** Counting from digests, per (file digest, release entry, recipe digest): DESIGN §3.4, to the letter. */
import type { Claim } from './claims.ts';
import { countDistinct, type MatchingOperator } from './distinct.ts';
import type { Context } from './context.ts';
import { artifactKey, type LoggedObservation } from './observations.ts';
import type { Operator, Policy, Rebuilder } from './policy-types.ts';
import { isRevokedAt, type Revocations } from './revocations.ts';

export type OperatorStanding = 'matches' | 'dissents' | 'not-answered';

export interface OperatorState {
  readonly operator: string;
  readonly standing: OperatorStanding;
  /** Everything its keys logged about this artifact of this release, ascending by index. */
  readonly observations: readonly CountedObservation[];
}

export interface CountedObservation {
  readonly index: bigint;
  readonly rebuilder: string;
  /** Host platform by the policy. */
  readonly arch: string;
  readonly attempt: number;
  readonly result: string;
  readonly reason: string | null;
  /** The digest that the rebuild gave, lower-case hex. */
  readonly observed: string | null;
  readonly finished: string;
  /** Of a container: root of the tree over its entries, and SHA-256 of the blob that lists them, lower-case hex. */
  readonly memberRoot: string | null;
  readonly memberList: string | null;
  readonly counts: 'match' | 'dissent' | null;
  /** Why it counts for nothing, in words; null when it counts. */
  readonly because: string | null;
}

export interface Count {
  readonly verdict: 'reproduced' | 'not-reproduced' | 'insufficient';
  readonly matches: number;
  readonly dissents: number;
  /** In the order of the policy; operators without a key are left out. */
  readonly operators: readonly OperatorState[];
  /** Rules of the policy that do not hold, in words. */
  readonly unsatisfied: readonly string[];
}

export function count(claim: Claim, context: Context): Count {
  const { observations, policy } = context;
  const about = observations.get(artifactKey(claim.release.index, claim.artifact.name)) ?? [];
  const operators = policy.operators
    .filter((operator) => policy.rebuilders.some((rebuilder) => rebuilder.operator === operator.name))
    .map((operator) => judgeOperator(operator, claim, about, context));
  return tally(operators, policy);
}

/** What operators' standings come to by the policy's rules. */
export function tally(operators: readonly OperatorState[], policy: Policy): Count {
  const matches = operators.filter(({ standing }) => standing === 'matches').length;
  const dissents = operators.filter(({ standing }) => standing === 'dissents').length;
  const unsatisfied = unsatisfiedRules(operators, matches, dissents, policy);
  const verdict = dissents > policy.dissent ? 'not-reproduced' : unsatisfied.length > 0 ? 'insufficient' : 'reproduced';
  return { verdict, matches, dissents, operators, unsatisfied };
}

/** One operator, one vote, whatever the number of keys and attempts; no later attempt erases a dissent. */
function judgeOperator(operator: Operator, claim: Claim, about: readonly LoggedObservation[], context: Context): OperatorState {
  const own = context.policy.rebuilders.filter((rebuilder) => rebuilder.operator === operator.name);
  const chains = own.map((rebuilder) => ({
    rebuilder,
    chain: about.filter(({ statement }) => statement.predicate.rebuilder === rebuilder.keyid),
  }));
  const gap = chains.map(({ rebuilder, chain }) => findGap(rebuilder, chain)).find((found) => found !== null) ?? null;
  const counted = chains.flatMap(({ rebuilder, chain }) => chain.map((observation) => weigh(observation, rebuilder, claim, context, gap)));
  counted.sort((a, b) => (a.index < b.index ? -1 : 1));
  const standing = counted.some(({ counts }) => counts === 'dissent')
    ? 'dissents'
    : counted.some(({ counts }) => counts === 'match')
      ? 'matches'
      : 'not-answered';
  return { operator: operator.name, standing, observations: counted };
}

/** Whether one observation says something about the digest. The observed digest counts, not the word that the rebuilder chose for it. */
function weigh(
  observation: LoggedObservation,
  rebuilder: Rebuilder,
  claim: Claim,
  { revocations, memberRoot }: Context,
  gap: string | null,
): CountedObservation {
  const { index, statement } = observation;
  const { attempt, result, reason, finished } = statement.predicate;
  const observed = statement.predicate.observed?.sha256 ?? null;
  const members = statement.predicate.observed?.members ?? null;
  const list = statement.predicate.evidence.find(({ kind }) => kind === 'members')?.sha256 ?? null;
  const sameMembers = memberRoot === undefined || members === null || members.root === memberRoot;
  const side = observed === claim.sha256 && sameMembers ? 'match' : 'dissent';
  const unsaid = memberRoot !== undefined && members === null ? 'it signed no member root' : null;
  const because =
    whyVoid(observation, rebuilder, claim) ??
    (side === 'match' ? (whyNoMatch(observation, rebuilder, claim, revocations) ?? gap ?? unsaid) : null);
  return {
    ...{ index, rebuilder: rebuilder.name, arch: rebuilder.arch, attempt, result, reason, observed, finished },
    memberRoot: members?.root ?? null,
    memberList: list,
    counts: because === null ? side : null,
    because,
  };
}

/** Reasons that take any observation out of the count. */
function whyVoid({ statement: { predicate } }: LoggedObservation, rebuilder: Rebuilder, claim: Claim): string | null {
  if (predicate.observed === null) return `${predicate.result}: nothing was observed`;
  const recipe = claim.release.statement.predicate.recipe.sha256;
  if (predicate.recipe.sha256 !== recipe) return `built by recipe ${predicate.recipe.sha256}, not by the release's ${recipe}`;
  if (predicate.platform.host !== rebuilder.arch) return `void: built on ${predicate.platform.host}, the policy says ${rebuilder.arch}`;
  return null;
}

/** Reasons that take a match out of the count and would leave a dissent in it. */
function whyNoMatch({ index, statement }: LoggedObservation, rebuilder: Rebuilder, claim: Claim, revocations: Revocations): string | null {
  const { claimed } = statement.predicate;
  if (claimed !== null && claimed.sha256 !== claim.sha256) return `it compared with ${claimed.sha256}, which the release does not claim`;
  if (isRevokedAt(revocations, rebuilder.key.publicKey, index)) {
    return `the key of ${rebuilder.name} is revoked from entry ${revocations.since(rebuilder.key.publicKey)} on`;
  }
  return null;
}

/** Attempt n is admitted after n−1 only: a gap means that something was held back, and it may be a dissent. No match of the operator counts then. */
function findGap(rebuilder: Rebuilder, chain: readonly LoggedObservation[]): string | null {
  const attempts = new Set(chain.map(({ statement }) => statement.predicate.attempt));
  // At most one step more than there are attempts, however large the numbers in them.
  for (let n = 1; n <= attempts.size; n++) if (!attempts.has(n)) return `attempt ${n} of ${rebuilder.name} is logged but was not shown`;
  return null;
}

function unsatisfiedRules(operators: readonly OperatorState[], matches: number, dissents: number, policy: Policy): string[] {
  const rules: string[] = [];
  if (matches < policy.require) rules.push(`require ${policy.require}: ${matches} of them match`);
  for (const { property, atLeast } of policy.distinct) {
    const found = countDistinct(
      property,
      operators.flatMap((state) => matching(state, policy)),
    );
    if (found < atLeast) rules.push(`distinct ${property} ${atLeast}: the matching operators differ in ${found}`);
  }
  if (matches + dissents < policy.answers) rules.push(`answers ${policy.answers}: ${matches + dissents} answered`);
  if (dissents > policy.dissent) rules.push(`dissent ${policy.dissent}: ${dissents} got other bytes`);
  return rules;
}

function matching(state: OperatorState, policy: Policy): MatchingOperator[] {
  const operator = policy.operators.find(({ name }) => name === state.operator);
  if (state.standing !== 'matches' || operator === undefined) return [];
  return [{ operator, arches: state.observations.filter(({ counts }) => counts === 'match').map(({ arch }) => arch) }];
}
