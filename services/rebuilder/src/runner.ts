import type { Logger } from '@verbatim/service-kit';
import { decodeEntry, PREDICATE, signStatement, type Recipe, type ReleaseStatement } from '@verbatim/statements';
import type { Signer } from '@verbatim/tlog';
import { isExhausted, waitAfter, type BackOff } from './back-off.ts';
import type { RebuilderMetrics } from './metrics.ts';
import { observationOf, targetOf, type Rebuilt } from './observe.ts';
import { run, type RunInput, type Trouble } from './rebuild.ts';
import type { Outbox } from './store/outbox.ts';
import type { JobQueue, Lease } from './store/queue.ts';
import { Wakeup } from './wakeup.ts';
import type { WorkFolders } from './work-folders.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { ReceiveRequest } from './worker-protocol.ts';

export interface RunnerOptions {
  readonly queue: JobQueue;
  readonly outbox: Outbox;
  readonly signer: Signer;
  readonly keyid: string;
  /** Of the log that is followed at the moment: it may go on as another one. */
  readonly origin: () => string;
  readonly host: string;
  readonly folders: WorkFolders;
  readonly cacheDir: string;
  readonly limits: ReceiveRequest['limits'];
  readonly buildAgain: boolean;
  readonly backOff: BackOff;
  readonly concurrency: number;
  readonly getBlob: RunInput['getBlob'];
  readonly startWorker: () => WorkerProcess;
  /** Bytes free where builds write; no job starts below `minFreeBytes`. */
  readonly freeBytes: () => Promise<number>;
  readonly minFreeBytes: number;
  readonly metrics: RebuilderMetrics;
  readonly logger: Logger;
  /** Called when an observation is in the outbox. */
  readonly onRecorded: () => void;
  readonly leaseMs?: number;
}

/** A lease lasts this long and is renewed three times as often. */
const LEASE_MS = 60_000;
/** With nothing to do, look again this often: leases expire, disks are cleared. */
const IDLE_MS = 5_000;
/** After a worker that could not run: no new job for a doubling time. */
const WORKER_BACK_OFF: BackOff = { baseMs: 1_000, capMs: 60_000, maxTries: Number.MAX_SAFE_INTEGER };

/** Why a run was ended from outside. Both say nothing about the release. */
const LEASE_LOST = new DOMException('the lease is no longer held', 'AbortError');
export const STOPPING = new DOMException('the node is stopping', 'AbortError');

/** Leases jobs, runs them side by side, and turns what they came to into stored observations. Holds the key; runs no build. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #leaseMs: number;
  readonly #wakeup = new Wakeup();
  readonly #running = new Set<Promise<void>>();
  #ready = false;
  #draining = false;
  #workerTroubles = 0;
  #pausedUntil = 0;
  #lowDisk = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
  }

  /** Something may be due. */
  wake(): void {
    this.#wakeup.wake();
  }

  /**
   * The node has read the log up to a first checkpoint, so that it knows the observations that it already has there. Before, nothing is
   * leased: a node that lost its data folder would repeat them.
   */
  allowLeasing(): void {
    this.#ready = true;
    this.wake();
  }

  /** No further job; those that run are finished. Until the next start. */
  drain(): void {
    this.#draining = true;
  }

  get state(): { ready: boolean; draining: boolean; running: number; lowDisk: boolean; pausedUntil: number | null } {
    const pausedUntil = this.#pausedUntil > Date.now() ? this.#pausedUntil : null;
    return { ready: this.#ready, draining: this.#draining, running: this.#running.size, lowDisk: this.#lowDisk, pausedUntil };
  }

  /** Until `signal` aborts; then the running jobs are ended and given back before it resolves. */
  async loop(signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    while (!signal.aborted) {
      queue.sweep(Date.now());
      while (!signal.aborted && (await this.#mayLease())) {
        const lease = queue.lease(Date.now(), this.#leaseMs);
        if (lease === null) break;
        const running = this.#handle(lease, signal).finally(() => {
          this.#running.delete(running);
          this.wake();
        });
        this.#running.add(running);
      }
      await this.#wakeup.wait(this.#idleTime(), signal);
    }
    await Promise.all(this.#running);
  }

  #idleTime(): number {
    const now = Date.now();
    const due = this.#options.queue.nextDue();
    const next = Math.max(due ?? Number.MAX_SAFE_INTEGER, this.#pausedUntil);
    // What is overdue waits for a free slot or free disk, not for a timer: no hot loop.
    return next <= now ? IDLE_MS : Math.min(IDLE_MS, next - now);
  }

  async #mayLease(): Promise<boolean> {
    const { concurrency, freeBytes, minFreeBytes, metrics, logger } = this.#options;
    if (!this.#ready || this.#draining || this.#running.size >= concurrency || this.#pausedUntil > Date.now()) return false;
    const free = await freeBytes();
    metrics.diskFree.set(free);
    const low = free < minFreeBytes;
    if (low && !this.#lowDisk) logger.error({ free, minFreeBytes }, 'too little disk free: no job is started until there is more');
    this.#lowDisk = low;
    return !low;
  }

  async #handle(lease: Lease, stop: AbortSignal): Promise<void> {
    const { queue, metrics, logger } = this.#options;
    const log = logger.child({ jobId: lease.jobId, release: String(lease.releaseIndex), artifact: lease.artifact, attempt: lease.attempt });
    metrics.workersBusy.inc();
    try {
      await this.#work(lease, stop, log);
    } catch (error) {
      if (stop.aborted) {
        queue.giveBack(lease, Date.now());
        log.info('stopped: the job is back in the queue');
      } else if (error === LEASE_LOST) {
        log.warn('the lease was lost: this run is dropped');
      } else {
        // Our own fault. The job is tried again later, so that one bad job cannot stop the node.
        log.error({ err: error }, 'the job could not be handled');
        queue.retryLater(lease, Date.now() + waitAfter(lease.tries, this.#options.backOff, null, Math.random()), 'node-error');
      }
    } finally {
      metrics.workersBusy.dec();
    }
  }

  async #work(lease: Lease, stop: AbortSignal, log: Logger): Promise<void> {
    const { queue, backOff, folders } = this.#options;
    const logged = queue.release(lease.releaseIndex)!;
    const { statement: release } = decodeEntry(logged.entry);
    if (release.predicateType !== PREDICATE.release) throw new Error(`entry ${lease.releaseIndex} is not a release`);
    const started = new Date();
    const finish = (rebuilt: Rebuilt, recipe: Recipe | null): void =>
      this.#conclude({ lease, release, leafHash: logged.leafHash, started, recipe, rebuilt, log });

    // The start is counted when the job is leased: one that took its node down every time ends here.
    if (lease.tries > backOff.maxTries) return finish(interrupted(), null);

    using renewal = this.#keepLease(lease, stop);
    const workDir = await folders.create(`${lease.jobId}-${lease.fence}`);
    log.info({ purl: release.predicate.purl, tries: lease.tries }, 'rebuilding');
    const outcome = await run({ ...this.#options, release, artifact: lease.artifact, workDir, signal: renewal.signal }).finally(() =>
      folders.remove(workDir),
    );
    if (outcome.kind === 'trouble') {
      // Whoever stops the node may have stopped its worker too.
      renewal.signal.throwIfAborted();
      return this.#afterTrouble(outcome.trouble, outcome.recipe, lease, finish, log);
    }
    this.#workerTroubles = 0;
    for (const note of outcome.notes) log.info({ note }, 'note');
    finish(outcome.rebuilt, outcome.recipe);
  }

  /** Tries again with growing waits; when there were enough, the trouble itself is the observation. */
  #afterTrouble(
    trouble: Trouble,
    recipe: Recipe | null,
    lease: Lease,
    finish: (rebuilt: Rebuilt, recipe: Recipe | null) => void,
    log: Logger,
  ): void {
    const { queue, backOff, metrics } = this.#options;
    const { reason, message, asResult, received, facts } = trouble;
    if (trouble.where === 'worker') {
      metrics.sandboxFailures.inc();
      this.#pausedUntil = Date.now() + waitAfter(++this.#workerTroubles, WORKER_BACK_OFF, null, Math.random());
    }
    if (isExhausted(lease.tries, backOff)) {
      log.error({ reason, message, tries: lease.tries }, 'giving up');
      return finish({ result: asResult, reason, received, observed: null, facts, log: trouble.log }, recipe);
    }
    const wait = waitAfter(lease.tries, backOff, trouble.retryAfterMs, Math.random());
    log.warn({ reason, message, tries: lease.tries, retryInMs: wait }, 'trouble; will try again');
    queue.retryLater(lease, Date.now() + wait, reason);
  }

  #conclude(done: {
    lease: Lease;
    release: ReleaseStatement;
    leafHash: Uint8Array;
    started: Date;
    recipe: Recipe | null;
    rebuilt: Rebuilt;
    log: Logger;
  }): void {
    const { lease, release, leafHash, started, recipe, rebuilt, log } = done;
    const { outbox, signer, keyid, origin, host, metrics, onRecorded } = this.#options;
    const finished = new Date();
    const { artifact, attempt, releaseIndex } = lease;
    const context = {
      origin: origin(),
      rebuilder: keyid,
      host,
      releaseIndex,
      leafHash,
      release,
      artifact,
      attempt,
      recipe,
      started,
      finished,
    };
    const { statement, evidence } = observationOf(context, rebuilt);
    const { result, reason } = rebuilt;
    const entry = metrics.countErrors(() => signStatement(statement, [signer]));
    if (!outbox.record(lease, { result, reason, entry, evidence }, finished.getTime())) {
      log.warn('the lease was lost: this observation is dropped');
      return;
    }
    const ecosystem = /^pkg:([a-z0-9.+-]+)\//.exec(release.predicate.purl)?.[1] ?? 'other';
    metrics.rebuilds.inc({ ecosystem, platform: targetOf(release, artifact), outcome: result });
    metrics.rebuildDuration.observe((finished.getTime() - started.getTime()) / 1000);
    log.info({ result, reason, observed: rebuilt.observed }, 'observed');
    onRecorded();
  }

  /** Renews while the job runs; `signal` aborts when the lease is lost or the node stops. */
  #keepLease(lease: Lease, stop: AbortSignal): Disposable & { readonly signal: AbortSignal } {
    const lost = new AbortController();
    const timer = setInterval(() => {
      if (!this.#options.queue.renew(lease, Date.now(), this.#leaseMs)) lost.abort(LEASE_LOST);
    }, this.#leaseMs / 3);
    return { signal: AbortSignal.any([stop, lost.signal]), [Symbol.dispose]: () => clearInterval(timer) };
  }
}

function interrupted(): Rebuilt {
  const facts = { toolchain: [], sandbox: null };
  return { result: 'infrastructure', reason: 'interrupted', received: null, observed: null, facts, log: null };
}
