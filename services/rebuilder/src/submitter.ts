import type { Logger } from '@verbatim/service-kit';
import { waitAfter, type BackOff } from './back-off.ts';
import type { LogPort } from './log-connection.ts';
import type { RebuilderMetrics } from './metrics.ts';
import type { Outbox, PendingObservation } from './store/outbox.ts';
import { Wakeup } from './wakeup.ts';

export interface SubmitterOptions {
  readonly outbox: Outbox;
  readonly log: LogPort;
  readonly metrics: Pick<RebuilderMetrics, 'submissionLag'>;
  readonly logger: Logger;
  readonly backOff?: BackOff;
}

/** A log that cannot be reached, or does not admit us yet: there is no last try, a signed observation is never given up. */
const SUBMIT_BACK_OFF: BackOff = { baseMs: 1_000, capMs: 300_000, maxTries: Number.MAX_SAFE_INTEGER };
/** Observations on their way at a time: an acknowledgement takes a witness round. */
const PARALLEL = 8;
const IDLE_MS = 5_000;

/** Hands in what is in the outbox: evidence first, then the observation, as often as it takes. */
export class Submitter {
  readonly #options: SubmitterOptions;
  readonly #wakeup = new Wakeup();
  readonly #underWay = new Map<number, Promise<void>>();

  constructor(options: SubmitterOptions) {
    this.#options = options;
  }

  /** Something is in the outbox. */
  wake(): void {
    this.#wakeup.wake();
  }

  /** Until `signal` aborts. */
  async loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#startDue(signal);
      await this.#wakeup.wait(this.#idleTime(), signal);
    }
    await Promise.all(this.#underWay.values());
  }

  /** One try for everything that waits, back-off or not, for the node's last seconds. Ends when all have been tried or `signal` aborts. */
  async flush(signal: AbortSignal): Promise<void> {
    this.#options.outbox.hurry(Date.now());
    const cutOff = Date.now();
    while (!signal.aborted) {
      this.#startDue(signal, cutOff);
      if (this.#underWay.size === 0) return;
      await Promise.race(this.#underWay.values());
    }
    await Promise.all(this.#underWay.values());
  }

  #idleTime(): number {
    const due = this.#options.outbox.nextDue();
    const now = Date.now();
    return due === null || due <= now ? IDLE_MS : Math.min(IDLE_MS, due - now);
  }

  #startDue(signal: AbortSignal, now = Date.now()): void {
    while (this.#underWay.size < PARALLEL) {
      const next = this.#options.outbox.next(now, new Set(this.#underWay.keys()));
      if (next === null) return;
      const task = this.#handIn(next, signal).finally(() => {
        this.#underWay.delete(next.id);
        this.wake();
      });
      this.#underWay.set(next.id, task);
    }
  }

  async #handIn(observation: PendingObservation, signal: AbortSignal): Promise<void> {
    const { outbox, metrics, logger } = this.#options;
    const { id, releaseIndex, artifact, attempt } = observation;
    const log = logger.child({ release: String(releaseIndex), artifact, attempt });
    try {
      for (const { sha256, bytes } of outbox.evidence(id)) {
        const answer = await this.#options.log.putBlob(bytes, signal);
        if (answer.kind === 'later') return this.#later(observation, answer, log);
        if (answer.kind === 'refused')
          log.warn({ sha256, code: answer.code, detail: answer.detail }, 'the log does not keep this evidence');
        outbox.dropEvidence(id, sha256);
      }
      const answer = await this.#options.log.submit(observation.entry, signal);
      if (answer.kind === 'later') return this.#later(observation, answer, log);
      if (answer.kind === 'refused') {
        outbox.refuse(id, answer.code);
        log.error({ code: answer.code, detail: answer.detail }, 'the log refused the observation; it is kept, and requeue offers it again');
        return;
      }
      const now = Date.now();
      outbox.acknowledge(id, answer.index, answer.proof, now);
      metrics.submissionLag.set((now - observation.recordedAt) / 1000);
      log.info({ index: String(answer.index) }, 'acknowledged');
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error }, 'the observation could not be handed in');
      this.#later(observation, { code: 'node-error', detail: '', retryAfterMs: null }, log);
    }
  }

  #later(
    { id, tries }: PendingObservation,
    { code, detail, retryAfterMs }: { code: string; detail: string; retryAfterMs: number | null },
    log: Logger,
  ): void {
    const wait = waitAfter(tries + 1, this.#options.backOff ?? SUBMIT_BACK_OFF, retryAfterMs, Math.random());
    this.#options.outbox.retryLater(id, Date.now() + wait, code);
    log.warn({ code, detail, retryInMs: wait }, 'not acknowledged yet; will be offered again');
  }
}
