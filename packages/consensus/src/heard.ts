/**
 * What rebuilders publish themselves because no log takes it (DESIGN §3.5). Nobody proves that it is all there is, so it can only make a
 * verdict worse: a dissent counts, a match does not.
 */
import { decodeEntry, type ObservationStatement, PREDICATE, StatementError, verifySignatures } from '@verbatim/statements';
import type { Ed25519Verify } from '@verbatim/tlog';
import { tally } from './count.ts';
import type { JudgedClaim } from './judge.ts';
import type { Policy, Rebuilder } from './policy-types.ts';
import type { Verdict } from './verdict.ts';
import { EXIT_CODES, worst } from './verdict-kind.ts';

/** A signed observation about a claim to the file, which is not in the log as far as the evidence shows. */
export interface HeardObservation {
  /** Of the release entry. */
  readonly release: bigint;
  readonly artifact: string;
  readonly rebuilder: string;
  readonly operator: string;
  /** Host platform by the policy. */
  readonly arch: string;
  readonly attempt: number;
  readonly result: string;
  readonly reason: string | null;
  /** The digest that the rebuild gave, lower-case hex. */
  readonly observed: string | null;
  readonly finished: string;
  readonly counts: 'dissent' | null;
  /** Why it counts for nothing, in words; null when it counts. */
  readonly because: string | null;
}

export interface Hearing {
  readonly judged: Verdict;
  readonly heard: readonly HeardObservation[];
}

/**
 * The verdict with what was heard. An entry that is not a statement of one of the policy's rebuilders about a claim of this verdict, or
 * whose signature does not verify, says nothing: anybody can serve such bytes.
 *
 * @param entries envelopes as rebuilders served them, whoever served which
 */
export function hear(judged: Verdict, entries: readonly Uint8Array[], policy: Policy, verify: Ed25519Verify): Hearing {
  const { claim, checkpoint } = judged;
  if (claim === null || checkpoint === null) return { judged, heard: [] };
  const claims = [claim, ...judged.others];
  const found = new Map(entries.flatMap((entry) => readHeard(entry, checkpoint.origin, policy, verify)));
  const heard = [...found.values()].flatMap((said) => claims.flatMap((about) => weigh(said, about, claim) ?? []));
  const dissenting = new Set(heard.filter(({ counts }) => counts === 'dissent').map(({ operator }) => operator));
  if (dissenting.size === 0) return { judged, heard };
  const operators = claim.operators.map((state) => (dissenting.has(state.operator) ? { ...state, standing: 'dissents' as const } : state));
  const count = tally(operators, policy);
  // One more dissent may also be one more answer: that must not help.
  const verdict = worst([judged.verdict, count.verdict]);
  const warnings = [...judged.warnings, ...equivocations(heard, claim)];
  const next = ['Do not install it.', 'Ask the log\u2019s operator why these observations are not in the log.'];
  return { judged: { ...judged, claim: { ...claim, ...count }, verdict, exitCode: EXIT_CODES[verdict], warnings, next }, heard };
}

interface Said {
  readonly rebuilder: Rebuilder;
  readonly predicate: ObservationStatement['predicate'];
}

/** By payload: the same statement may be served twice. */
function readHeard(entry: Uint8Array, origin: string, policy: Policy, verify: Ed25519Verify): [string, Said][] {
  try {
    const { envelope, statement, payloadDigest } = decodeEntry(entry);
    if (statement.predicateType !== PREDICATE.observation || statement.predicate.log !== origin) return [];
    const rebuilder = policy.rebuilders.find(({ keyid }) => keyid === statement.predicate.rebuilder);
    if (rebuilder === undefined) return [];
    const key = { keyid: rebuilder.keyid, publicKey: rebuilder.key.publicKey };
    return verifySignatures(envelope, [key], verify).length === 1 ? [[payloadDigest, { rebuilder, predicate: statement.predicate }]] : [];
  } catch (error) {
    if (error instanceof StatementError) return [];
    throw error;
  }
}

/** Null when it is about another release or artifact, or when the log has it. */
function weigh({ rebuilder, predicate }: Said, about: JudgedClaim, chosen: JudgedClaim): HeardObservation | null {
  const { release, artifact, attempt, result, reason, finished } = predicate;
  if (BigInt(release.index) !== about.index || release.leafHash !== about.leafHash || artifact !== about.artifact.name) return null;
  const observed = predicate.observed?.sha256 ?? null;
  const logged = about.operators.flatMap(({ observations }) => observations).filter((each) => each.rebuilder === rebuilder.name);
  if (logged.some((each) => each.attempt === attempt && each.observed === observed && each.result === result)) return null;
  const because = whyVoid({ rebuilder, predicate }, about, chosen);
  return {
    ...{ release: about.index, artifact, rebuilder: rebuilder.name, operator: rebuilder.operator, arch: rebuilder.arch },
    ...{ attempt, result, reason, observed, finished },
    counts: because === null ? 'dissent' : null,
    because,
  };
}

function whyVoid({ rebuilder, predicate }: Said, about: JudgedClaim, chosen: JudgedClaim): string | null {
  if (predicate.observed === null) return `${predicate.result}: nothing was observed`;
  if (predicate.recipe.sha256 !== about.recipe) return `built by recipe ${predicate.recipe.sha256}, not by the release's ${about.recipe}`;
  if (predicate.platform.host !== rebuilder.arch) return `void: built on ${predicate.platform.host}, the policy says ${rebuilder.arch}`;
  if (predicate.observed.sha256 === about.sha256) return 'a match counts when it is logged';
  // The same question, asked in another release entry, has the same answer; another recipe is another question.
  const same = about.recipe === chosen.recipe && about.artifact.name === chosen.artifact.name;
  return same ? null : `it is about entry ${about.index}, another claim`;
}

/** Two statements of one key about one attempt: the log admits one of them at most. */
function equivocations(heard: readonly HeardObservation[], claim: JudgedClaim): string[] {
  const logged = claim.operators.flatMap(({ observations }) => observations);
  return heard.flatMap(({ rebuilder, attempt, release }) => {
    const other = logged.find((each) => each.rebuilder === rebuilder && each.attempt === attempt && release === claim.index);
    if (other === undefined) return [];
    return [`${rebuilder} signed two statements about attempt ${attempt}: entry ${other.index} says something else than what it serves`];
  });
}
