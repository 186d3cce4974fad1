import type { Metrics } from '@verbatim/service-kit';
import { Counter, Gauge, type GaugeConfiguration, Histogram } from 'prom-client';
import type { Engine } from './engine/engine.ts';
import type { DiskGuard } from './service/disk-guard.ts';
import type { Outcome } from './service/submit.ts';
import { checkpointTimestamp } from './publication/age.ts';

/** What an operator watches. Names and units as the other services have them; few labels, none of them a client's to choose. */
export interface LogMetrics {
  /** @param startedMs `performance.now()` when the request began */
  submission(outcome: Outcome, startedMs: number): void;
}

export function logMetrics({ registry }: Metrics, engine: Engine, disk: DiskGuard, now: () => number): LogMetrics {
  const registers = [registry];
  const submissions = new Counter({
    name: 'verbatim_log_submissions_total',
    help: 'Entries submitted, by what became of them.',
    labelNames: ['code'],
    registers,
  });
  const latency = new Histogram({
    name: 'verbatim_log_integration_latency_seconds',
    help: 'Time from a submission to its published proof.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers,
  });
  const register = (configuration: GaugeConfiguration<'witness'>): void =>
    registry.registerMetric(new Gauge({ ...configuration, registers: [] }));
  const gauge = (name: string, help: string, read: () => number): void =>
    register({
      name: `verbatim_log_${name}`,
      help,
      collect() {
        this.set(read());
      },
    });
  gauge('tree_size', 'Entries sequenced.', () => Number(engine.ledger.size));
  gauge('published_size', 'Entries that the published checkpoint covers.', () => Number(engine.published.size));
  gauge('pool_entries', 'Entries waiting to be sequenced.', () => engine.sequencer.queued);
  gauge('unpublished_entries', 'Entries sequenced and not yet published.', () => Number(engine.ledger.size - engine.published.size));
  gauge(
    'checkpoint_age_seconds',
    'Age of the published checkpoint by its oldest cosignature, or by this process without witnesses.',
    () => {
      const publication = engine.published.current;
      return publication === null ? Number.POSITIVE_INFINITY : now() / 1000 - checkpointTimestamp(publication);
    },
  );
  gauge('disk_free_bytes', 'Free bytes where the log writes.', () => disk.free);
  register({
    name: 'verbatim_log_cosignatures',
    help: '1 when the published checkpoint carries a cosignature of this witness.',
    labelNames: ['witness'],
    collect() {
      const names = new Set(engine.published.current?.note.signatures.map(({ name }) => name));
      for (const { name, keyName } of engine.stage.states()) this.set({ witness: name }, names.has(keyName) ? 1 : 0);
    },
  });
  register({
    name: 'verbatim_log_witness_closed',
    help: '1 when this witness was closed by a split-view alarm. Must be zero.',
    labelNames: ['witness'],
    collect() {
      for (const { name, closed } of engine.stage.states()) this.set({ witness: name }, closed ? 1 : 0);
    },
  });
  return {
    submission(outcome, startedMs) {
      submissions.inc({ code: codeOf(outcome) });
      if (outcome.kind === 'published' && !outcome.duplicate) latency.observe((performance.now() - startedMs) / 1000);
    },
  };
}

function codeOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'published':
      return outcome.duplicate ? 'duplicate' : 'published';
    case 'refused':
      return outcome.refusal.code;
    case 'overloaded':
      return outcome.code;
    case 'not-yet-witnessed':
      return outcome.kind;
  }
}
