import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Outbox } from './store/outbox.ts';
import type { JobQueue } from './store/queue.ts';

export interface RebuilderMetrics {
  readonly rebuilds: Counter<'ecosystem' | 'platform' | 'outcome'>;
  readonly rebuildDuration: Histogram;
  readonly workersBusy: Gauge;
  readonly sandboxFailures: Counter;
  readonly submissionLag: Gauge;
  /** Runs `sign`; counts when it throws. */
  readonly countErrors: <T>(sign: () => T) => T;
  readonly diskFree: Gauge;
}

/** What is asked at scrape time. Times in milliseconds since the epoch; null: none yet. */
export interface MetricSources {
  readonly queue: JobQueue;
  readonly outbox: Outbox;
  readonly checkpointAt: () => number | null;
}

/** The names that dashboards and alerts use; seconds and bytes, few label values. */
export function createRebuilderMetrics(registry: Registry, { queue, outbox, checkpointAt }: MetricSources): RebuilderMetrics {
  const registers = [registry];
  const name = (rest: string): string => `verbatim_rebuilder_${rest}`;
  const since = (time: number | null): number => (time === null ? 0 : Math.max(0, (Date.now() - time) / 1000));
  const gauge = (rest: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name: name(rest),
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('queue_depth', 'Jobs that wait, those backing off included.', () => queue.counts().queued);
  gauge('queue_oldest_seconds', 'Age of the oldest job that waits.', () => since(queue.counts().oldestQueuedAt));
  gauge('outbox_depth', 'Observations that the log has not acknowledged.', () => outbox.counts().pending);
  gauge('outbox_refused', 'Observations that the log refused for good: someone has to look.', () => outbox.counts().refused);
  gauge('outbox_oldest_seconds', 'Age of the oldest observation that the log has not acknowledged.', () =>
    since(outbox.counts().oldestPendingAt),
  );
  gauge('log_checkpoint_age_seconds', 'Time since a checkpoint was last verified.', () => since(checkpointAt()));
  const signingErrors = new Counter({ name: name('signing_errors_total'), help: 'Observations that could not be signed.', registers });
  return {
    countErrors(sign) {
      try {
        return sign();
      } catch (error) {
        signingErrors.inc();
        throw error;
      }
    },
    rebuilds: new Counter({
      name: name('rebuilds_total'),
      help: 'Concluded rebuilds.',
      labelNames: ['ecosystem', 'platform', 'outcome'],
      registers,
    }),
    rebuildDuration: new Histogram({
      name: name('rebuild_duration_seconds'),
      help: 'From lease to observation.',
      buckets: [1, 5, 15, 60, 180, 600, 1800, 3600, 10_800],
      registers,
    }),
    workersBusy: new Gauge({ name: name('workers_busy'), help: 'Jobs that run now.', registers }),
    sandboxFailures: new Counter({
      name: name('sandbox_failures_total'),
      help: 'Workers that crashed, hung or spoke nonsense.',
      registers,
    }),
    submissionLag: new Gauge({
      name: name('submission_lag_seconds'),
      help: 'From observation to acknowledgement, of the last one.',
      registers,
    }),
    diskFree: new Gauge({ name: name('disk_free_bytes'), help: 'Free where builds write.', registers }),
  };
}
