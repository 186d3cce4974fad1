/** Collects what an evaluation finds, and turns it into a verdict. */
import { counted } from '@verbatim/statements';
import { type Checkpoint, parseVkey } from '@verbatim/tlog';
import type { CheckpointCheck, CheckpointState } from './check-checkpoint.ts';
import type { Claim } from './claims.ts';
import type { CompletenessState } from './completeness.ts';
import { type ControlHistory, logKeyOf } from './control-history.ts';
import type { Evidence } from './evidence.ts';
import type { ExtractedFile, ExtractedState } from './extracted.ts';
import { adviceFor } from './advice.ts';
import type { Finding, Ignored, Step } from './findings.ts';
import type { JudgedClaim, Judgement } from './judge.ts';
import type { MemberState } from './members.ts';
import type { Policy } from './policy-types.ts';
import type { ReadLog } from './read-entries.ts';
import { formatTime } from './values.ts';
import type { ExpectedFile, Verdict } from './verdict.ts';
import { EXIT_CODES, type VerdictKind, worst } from './verdict-kind.ts';

/** Digests in one message. */
const MAX_NAMED = 3;

export class Report {
  readonly #sha256: string;
  readonly #claimed: string;
  readonly #steps: Step[] = [];
  readonly #errors: Finding[] = [];
  readonly #ignored: Ignored[] = [];
  readonly #warnings: string[] = [];
  #checkpoint: CheckpointState | null = null;
  /** What the counting said; `unknown-file` until a claim was found. */
  #counted: VerdictKind = 'unknown-file';
  #claim: JudgedClaim | null = null;
  #others: readonly JudgedClaim[] = [];
  #members: readonly MemberState[] | null = null;
  #extracted: ExtractedState | null = null;
  #expected: readonly ExpectedFile[] = [];
  #completeness: CompletenessState | null = null;
  /** Another log goes on where this one ends. */
  #continued = false;
  #offline = false;

  /** @param claimed what claims are looked for to; another digest than the file's when that was extracted from a container */
  constructor(sha256: string, claimed = sha256) {
    this.#sha256 = sha256;
    this.#claimed = claimed;
  }

  step(clause: string, check: string, ok: boolean, detail: string): void {
    this.#steps.push({ clause, check, ok, detail });
  }

  error(finding: Finding): void {
    this.#errors.push(finding);
  }

  ignore(entries: readonly Ignored[]): void {
    this.#ignored.push(...entries);
  }

  checkpointed({ state, findings, steps }: CheckpointCheck, offline: boolean): void {
    this.#offline = offline;
    this.#checkpoint = state;
    this.#errors.push(...findings);
    this.#steps.push(...steps);
    if (state === null) return;
    for (const { witness, counts } of state.cosignatures) {
      if (!counts)
        this.#warnings.push(`the cosignature of witness ${witness} is more than 5 min ahead of this machine's clock and does not count`);
    }
    if (offline) {
      const moment = state.asOf === null ? 'an unknown time (the policy demands no witness)' : formatTime(Number(state.asOf));
      this.#warnings.push(`as of ${moment}; later dissent unknown`);
    }
  }

  /** What became of the log since the policy was written, and what to do about it. */
  followed(history: ControlHistory, { origin, size }: Checkpoint): void {
    const { key, since } = logKeyOf(history, origin, size)!;
    const era = history.eras.findLast((each) => each.origin === origin)!;
    if (since !== null || era.from > 0n) {
      const way = `${history.eras.map((each) => each.origin).join(' → ')}: ${key.text}`;
      this.step('§3.4', 'the policy’s root key leads to the key that signed', true, since === null ? way : `${way}, since entry ${since}`);
    }
    const { successor } = history;
    if (successor !== null) {
      const message = `the log ends at entry ${successor.index}: ${parseVkey(successor.vkey).name} goes on at ${successor.url}, and later dissent is there`;
      this.error({ code: 'log-continued', index: successor.index, message });
      this.#continued = true;
    } else if (era.frozen !== null) {
      const why = era.frozen.reason === null ? '' : `: ${era.frozen.reason}`;
      this.#warnings.push(
        `the log is frozen since entry ${era.frozen.index}${why}; nothing new is logged there, so ask its operator where it goes on`,
      );
    }
  }

  read({ entries }: Evidence, { observations, releases }: ReadLog, faults: readonly Finding[]): void {
    this.#errors.push(...faults);
    const outside = faults.filter(({ code }) => code === 'inclusion-failed').length;
    this.step(
      '§3.1',
      'every entry is included in the checkpoint',
      outside === 0,
      `${entries.length - outside} of ${entries.length} entries`,
    );
    const bad = faults.length - outside;
    const detail = bad === 0 ? `${releases.length} releases, ${observations.length} observations` : `${bad} faults`;
    this.step('§3.2', 'every entry is one that the log may admit', bad === 0, detail);
  }

  container(members: readonly MemberState[]): void {
    this.#members = members;
    const count = (state: MemberState['state']): number => members.filter((member) => member.state === state).length;
    this.#counted = count('differing') > 0 ? 'not-reproduced' : 'insufficient';
    const detail = `${count('reproduced')} reproduced, ${count('insufficient')} not yet, ${count('not-claimed')} not claimed, ${count('differing')} differing`;
    this.step('§3.12', 'the file is a container of which members are claimed', true, detail);
  }

  /** @param about claims in the scope of the question, to say what was expected instead */
  judged(judgement: Judgement | null, about: readonly Claim[], release: string | undefined): void {
    const wanted = release === undefined ? 'a release' : release;
    if (judgement === null) {
      this.step('§3.4', `${wanted} claims this digest`, false, `sha256:${this.#claimed}`);
      this.#counted = 'unknown-file';
      this.#expected = about.filter(({ claimants }) => claimants.length > 0).map(expectedFile);
      return;
    }
    const { chosen, others, overruledBy, verdict } = judgement;
    this.#counted = verdict;
    this.#claim = chosen;
    this.#others = others;
    const by = chosen.claimants.map(({ name, kind }) => `${kind} ${name}`).join(', ');
    this.step('§3.4', `${wanted} claims this digest`, true, `${chosen.purl} by ${by}, entry ${chosen.index}`);
    const detail = chosen.unsatisfied.length === 0 ? `${chosen.matches} match, ${chosen.dissents} dissent` : chosen.unsatisfied.join('; ');
    this.step('§3.4', 'the quorum of operators and its rules hold', chosen.verdict === 'reproduced', detail);
    if (overruledBy !== null) {
      this.step('§3.4', 'no other claim to this digest is contradicted', false, `${overruledBy.purl}, entry ${overruledBy.index}`);
      this.#warnings.push(
        `overruled: entry ${overruledBy.index} claims the same bytes as ${overruledBy.purl}, and ${counted(overruledBy.dissents, 'operator')} got other bytes`,
      );
    }
    for (const other of others) {
      if (other.verdict === 'not-reproduced' && other.index !== overruledBy?.index) {
        this.#warnings.push(`entry ${other.index} claims the same bytes as ${other.purl} by another recipe, which is not reproduced`);
      }
    }
  }

  /**
   * Narrows what was counted of the container to one file of it.
   * @param root what the proof leads to; null when it leads nowhere
   */
  extracted({ path, sha256, proof }: ExtractedFile, root: string | null): void {
    const check = 'rebuilders signed that the container has this file';
    if (proof === null || root === null) {
      const detail =
        proof === null ? 'no list of its members' : 'the list of members leads to no root that rebuilders of the policy signed';
      this.step('§3.12', check, false, detail);
      if (this.#counted !== 'reproduced') return;
      this.#counted = 'unavailable';
      this.error({ code: 'member-unproved', index: null, message: `${path} in sha256:${this.#claimed}: ${detail}` });
      return;
    }
    const { type, mode, size, sha256: listed } = proof.entry;
    const same = type === 'file' && listed === sha256;
    this.step('§3.12', check, same, `${path}: ${type} sha256:${listed}, member root ${root}`);
    if (same) {
      this.#extracted = { container: this.#claimed, path, mode, size, root };
      return;
    }
    this.#counted = worst([this.#counted, 'unknown-file']);
    const claim = this.#claim;
    if (claim !== null && type === 'file') this.#expected = [{ purl: claim.purl, index: claim.index, artifact: path, sha256: listed }];
  }

  /** @param demanded by the policy */
  complete(state: CompletenessState, demanded: Policy['completeness']): void {
    this.#completeness = state;
    this.step('§3.5', 'nothing logged about it was left out', state.enough, state.detail);
    if (state.enough) return;
    const { aboutOthers } = state;
    if (aboutOthers !== null) {
      const some = aboutOthers.slice(0, MAX_NAMED).map((digest) => `sha256:${digest}`);
      const found = aboutOthers.length > MAX_NAMED ? `${some.join(', ')}, …` : some.join(', ');
      const message = `the evidence was gathered for another file: expected a proof about sha256:${this.#claimed}, found ${found}`;
      this.error({ code: 'another-file', index: null, message });
      return;
    }
    const message = `expected completeness ${demanded}, which the policy demands, found: ${state.detail}`;
    this.error({ code: state.value === 'advisory' ? 'incomplete' : 'unaudited', index: null, message });
  }

  /** @param checkpointLimit the best verdict that the checkpoint allows; null for any */
  finish(checkpointLimit: VerdictKind | null): Verdict {
    const isShort = this.#continued || this.#completeness?.enough === false;
    const limits = [checkpointLimit, isShort ? ('unavailable' as const) : null].filter((each) => each !== null);
    const limit = limits.length === 0 ? null : worst(limits);
    // An old, unwitnessed, continued or incomplete state of the log cannot show that nobody claims the file.
    const verdict = limit === null ? this.#counted : this.#counted === 'unknown-file' ? limit : worst([limit, this.#counted]);
    const result = {
      verdict,
      exitCode: EXIT_CODES[verdict],
      sha256: this.#sha256,
      claim: this.#claim,
      others: this.#others,
      members: this.#members,
      extracted: this.#extracted,
      expected: this.#expected,
      completeness: this.#completeness?.value ?? ('advisory' as const),
      auditedBy: this.#completeness?.auditedBy ?? [],
      checkpoint: this.#checkpoint,
      steps: this.#steps,
      ignored: this.#ignored,
      errors: this.#errors,
      warnings: this.#warnings,
    };
    return { ...result, next: adviceFor(result, this.#offline) };
  }
}

function expectedFile({ release, artifact, sha256 }: Claim): ExpectedFile {
  return { purl: release.statement.predicate.purl, index: release.index, artifact: artifact.name, sha256 };
}
