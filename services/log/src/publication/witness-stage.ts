import type { Logger } from '@verbatim/service-kit';
import type { AskOutcome, Evidence } from '../witness/ask.ts';
import { asked, closed, failed, FIRST_PACE, mayAsk, type Pace, pushedBack, succeeded } from '../witness/pace.ts';
import { type Cosignature, CosignatureCollector, type SignedCheckpoint } from './collector.ts';

/** One configured witness, as the stage sees it. */
export interface StageWitness {
  /** Its name in the policy. */
  readonly name: string;
  /** Its key's name, which its signature lines carry. */
  readonly keyName: string;
  readonly intervalMs: number;
  /** The size it was last known to hold. */
  readonly size: bigint;
  /** Already closed by an alarm of an earlier run. */
  readonly closed: boolean;
  /** One round. Rejects when the witness cannot be reached. */
  ask(target: SignedCheckpoint, oldSize: bigint): Promise<AskOutcome>;
}

export interface WitnessStageOptions {
  readonly witnesses: readonly StageWitness[];
  readonly satisfied: (witnesses: ReadonlySet<string>) => boolean;
  /** How long a round holds back the next, newer one while its quorum is still missing. */
  readonly roundMs: number;
  /** Cosignatures of an unchanged checkpoint are renewed after this time (DESIGN §3.13: 10 min). */
  readonly renewMs: number;
  /** A quorum is there (or grew, or was renewed): publish. Called with non-decreasing sizes. */
  readonly onQuorum: (checkpoint: SignedCheckpoint, cosignatures: readonly Cosignature[]) => void;
  /** Saves the evidence and the alarm; the stage does not ask that witness again. */
  readonly onSplitView: (witness: string, evidence: Evidence) => void;
  /** A refusal that an operator may want to see in full. */
  readonly onEvidence: (witness: string, evidence: Evidence) => void;
  /**
   * Witnesses hold more than this log ever signed: the log lost state and must stop (measured-peers.md §4). Called with the last of them
   * when they are a quorum, or when there is none without them: what a single one says, and cannot be made to prove, stops nobody.
   */
  readonly onAhead: (witness: string, size: bigint) => void;
  readonly logger: Logger;
  /** Milliseconds, monotonic: pauses do not end sooner or later because somebody sets the clock. */
  readonly now: () => number;
}

interface Member {
  readonly witness: StageWitness;
  pace: Pace;
  size: bigint;
  /** Says that it holds more than was ever signed. */
  ahead: boolean;
}

/**
 * The second stage of DESIGN §3.6. Rounds converge on one target, the newest signed checkpoint at their start: witnesses with different round
 * trips that each took their own newest one would never cosign the same size. A witness that becomes free joins the open round; a round
 * that lacks its quorum after `roundMs` gives way to a newer checkpoint, and late answers still complete the older one.
 *
 * Nothing here blocks sequencing, and nothing here publishes without a quorum.
 */
export class WitnessStage {
  readonly #options: WitnessStageOptions;
  readonly #members: Member[];
  readonly #collector: CosignatureCollector;
  #newest: SignedCheckpoint | null = null;
  #target: SignedCheckpoint | null = null;
  #roundStarted = 0;
  #renewed = 0;
  /** Counts targets and renewals. */
  #round = 0;
  /** What `onQuorum` was last called with. */
  #announced: { readonly size: bigint; readonly count: number; readonly round: number } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: WitnessStageOptions) {
    this.#options = options;
    this.#collector = new CosignatureCollector(options.satisfied);
    this.#members = options.witnesses.map((witness) => ({
      witness,
      size: witness.size,
      pace: witness.closed ? closed(FIRST_PACE) : FIRST_PACE,
      ahead: false,
    }));
    this.#renewed = options.now();
  }

  /** The log signed a newer checkpoint (or, on start, has one). */
  signed(checkpoint: SignedCheckpoint): void {
    this.#newest = checkpoint;
    this.#advance();
  }

  /** Sizes to remember over a restart. */
  sizes(): { readonly name: string; readonly size: bigint }[] {
    return this.#members.map((member) => ({ name: member.witness.name, size: member.size }));
  }

  /** For metrics and pages: who is counted, who is not, and since how many failures. */
  states(): {
    readonly name: string;
    readonly keyName: string;
    readonly size: bigint;
    readonly closed: boolean;
    readonly failures: number;
  }[] {
    return this.#members.map(({ witness, size, pace }) => ({
      name: witness.name,
      keyName: witness.keyName,
      size,
      closed: pace.closed,
      failures: pace.failures,
    }));
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #advance(): void {
    if (this.#stopped || this.#newest === null) return;
    const now = this.#options.now();
    this.#chooseTarget(this.#newest, now);
    this.#announce();
    this.#askIdle(now);
    this.#schedule(now);
  }

  #chooseTarget(newest: SignedCheckpoint, now: number): void {
    const target = this.#target;
    const moveOn = target === null || this.#collector.complete(target.size) || now - this.#roundStarted >= this.#options.roundMs;
    if (moveOn && (target === null || newest.size > target.size)) {
      this.#target = newest;
      this.#roundStarted = now;
      this.#round += 1;
      this.#collector.open(newest);
      return;
    }
    const idle = target !== null && target.size === newest.size && this.#collector.complete(target.size);
    if (idle && this.#members.length > 0 && now - this.#renewed >= this.#options.renewMs) {
      this.#renewed = now;
      this.#roundStarted = now;
      this.#round += 1;
      this.#collector.open(target, true);
    }
  }

  /** Publishes the largest quorum; also when a round that was already published gathered more, and nothing newer waits. */
  #announce(): void {
    const best = this.#collector.largestComplete();
    if (best === null) return;
    const { checkpoint, cosignatures } = best;
    const last = this.#announced;
    const newer = last === null || checkpoint.size > last.size;
    const idle = this.#newest!.size === checkpoint.size;
    const richer = last?.size === checkpoint.size && idle && cosignatures.length > (last.round === this.#round ? last.count : 0);
    if (!newer && !richer) return;
    this.#announced = { size: checkpoint.size, count: cosignatures.length, round: this.#round };
    if (newer) this.#renewed = this.#options.now();
    this.#collector.published(checkpoint.size);
    this.#options.onQuorum(checkpoint, cosignatures);
    // A new round may start at once.
    if (this.#newest!.size > checkpoint.size) this.#chooseTarget(this.#newest!, this.#options.now());
  }

  #askIdle(now: number): void {
    const target = this.#target;
    if (target === null) return;
    for (const member of this.#members) {
      if (!mayAsk(member.pace, now) || this.#collector.has(target.size, member.witness.name)) continue;
      // A witness that is past this target waits for the next round; asking would only be refused.
      if (member.size > target.size) continue;
      member.pace = asked(member.pace);
      void this.#ask(member, target);
    }
  }

  async #ask(member: Member, target: SignedCheckpoint): Promise<void> {
    const { witness } = member;
    const { now, logger } = this.#options;
    let outcome: AskOutcome;
    try {
      outcome = await witness.ask(target, member.size);
    } catch (error) {
      outcome = { kind: 'refused', detail: error instanceof Error ? error.message : String(error) };
    }
    if (this.#stopped) return;
    switch (outcome.kind) {
      case 'cosigned':
        member.size = target.size;
        member.pace = succeeded(member.pace, now(), witness.intervalMs);
        this.#collector.add(target.size, { witness: witness.name, lines: outcome.lines, timestamp: outcome.timestamp });
        break;
      case 'ahead':
        if (outcome.size > this.#newest!.size) {
          member.ahead = true;
          member.pace = closed(member.pace);
          if (this.#mustBelieveAhead()) return this.#options.onAhead(witness.name, outcome.size);
          logger.error(
            { witness: witness.name, size: String(outcome.size), signed: String(this.#newest!.size) },
            'witness says that it holds more than this log ever signed; the others do not, so it is not asked again until a restart',
          );
          break;
        }
        // It has a checkpoint of ours whose answer got lost.
        member.size = outcome.size;
        member.pace = succeeded(member.pace, now(), witness.intervalMs);
        break;
      case 'split-view':
        member.pace = closed(member.pace);
        this.#options.onSplitView(witness.name, outcome.evidence);
        break;
      case 'pushed-back':
        member.pace = pushedBack(member.pace, now(), witness.intervalMs, outcome.seconds);
        break;
      case 'refused':
        if (member.pace.failures === 0) {
          logger.warn({ witness: witness.name, size: String(target.size), detail: outcome.detail }, 'witness did not cosign');
          if (outcome.evidence !== undefined) this.#options.onEvidence(witness.name, outcome.evidence);
        }
        member.pace = failed(member.pace, now(), witness.intervalMs);
    }
    this.#advance();
  }

  /** A quorum cannot hold what was never signed, unless this log forgot it; and without a quorum that says otherwise nobody can go on. */
  #mustBelieveAhead(): boolean {
    const names = (ahead: boolean): Set<string> =>
      new Set(this.#members.filter((member) => member.ahead === ahead).map(({ witness }) => witness.name));
    return this.#options.satisfied(names(true)) || !this.#options.satisfied(names(false));
  }

  /** Wakes up when a pause ends, when the round may be given up, or when renewal is due. */
  #schedule(now: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const target = this.#target;
    const newest = this.#newest;
    if (target === null || newest === null) return;
    const wakeups: number[] = [];
    for (const { pace, witness, size } of this.#members) {
      if (!pace.busy && !pace.closed && size <= target.size && !this.#collector.has(target.size, witness.name))
        wakeups.push(pace.notBefore);
    }
    if (newest.size > target.size) wakeups.push(this.#roundStarted + this.#options.roundMs);
    if (this.#members.length > 0) wakeups.push(this.#renewed + this.#options.renewMs);
    if (wakeups.length === 0) return;
    this.#timer = setTimeout(() => this.#advance(), Math.max(Math.min(...wakeups) - now, 10));
  }
}
