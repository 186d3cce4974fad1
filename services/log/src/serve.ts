import { join } from 'node:path';
import {
  createMetrics,
  durable,
  loadSigner,
  type Logger,
  metricsServer,
  openDatabase,
  type RunningService,
  serve,
} from '@verbatim/service-kit';
import { PartialTileCollector } from '@verbatim/service-kit/tree';
import type { LogConfig } from './config.ts';
import { Engine, type EngineOptions } from './engine/engine.ts';
import { LogKeys } from './engine/log-keys.ts';
import { healthChecks } from './health.ts';
import { createApp } from './http/app.ts';
import { limitByAddress, tooManyLookups, tooManySubmissions } from './http/rate-limit.ts';
import { logMetrics } from './metrics.ts';
import { MirrorFeed } from './mirror/feed.ts';
import { cosignersOf } from './pages/cosigners.ts';
import { BlobFolder } from './service/blob-folder.ts';
import { DiskGuard } from './service/disk-guard.ts';
import { SubmitService } from './service/submit.ts';
import { PageStore } from './store/pages.ts';
import { MIGRATIONS } from './store/schema.ts';
import { WriterThread } from './store/writer-thread.ts';

export const VERSION = '0.1.0';

export interface ServeContext {
  readonly logger: Logger;
  /** The process must stop at once; see `runService`. */
  readonly fatal: (error: unknown) => void;
  /** Aborts a start that waits for witnesses. */
  readonly signal?: AbortSignal;
  /** For tests: other ports for the engine's writes. */
  readonly engine?: Partial<Pick<EngineOptions, 'durable' | 'wrapCheckpoints' | 'wrapLedger' | 'now'>>;
}

/** A new log publishes its first checkpoint in milliseconds, unless it waits for witnesses. */
const FIRST_PUBLICATION_MS = 250;

/**
 * Opens the log and serves it. Refuses when the database is missing, when another process has it, and when what is stored contradicts what was
 * published. Disposing finishes what is in flight.
 */
export async function serveLog(config: LogConfig, { logger, fatal, signal, engine: ports }: ServeContext): Promise<RunningService> {
  await using stack = new AsyncDisposableStack();
  const keys = new LogKeys([config.key_file, config.next_key_file].flatMap((file) => (file === undefined ? [] : [loadSigner(file)])));
  const db = stack.use(openDatabase(join(config.data_dir, 'log.db'), { migrations: MIGRATIONS, create: false }));
  const files = stack.use(new WriterThread());
  const engine = stack.use(
    await Engine.open({ config, keys, db, durable: files, logger, now: Date.now, onFatal: fatal, ...(signal && { signal }), ...ports }),
  );
  const disk = stack.use(await DiskGuard.start(config.data_dir, config.limits.min_free_bytes));
  stack.use(PartialTileCollector.start(engine, logger));
  const blobs = new BlobFolder(join(config.data_dir, 'blobs'), engine.blobs, durable, config.limits.blob_quota);
  const submit = new SubmitService(engine, blobs, disk, config.witness_timeout_ms);
  const metrics = createMetrics({ service: 'log', version: VERSION });
  const { submissions_per_second, submissions_burst, index_entries_per_second, index_entries_burst } = config.limits;
  const services = {
    engine,
    submit,
    blobs,
    pages: new PageStore(db),
    storageLow: () => disk.low,
    submissionLimit: limitByAddress(submissions_per_second, submissions_burst, tooManySubmissions(submissions_per_second)),
    indexLimit: limitByAddress(index_entries_per_second, index_entries_burst, tooManyLookups(index_entries_per_second)),
    indexEntries: config.limits.index_entries,
    metrics: logMetrics(metrics, engine, disk, Date.now),
    logger,
    title: config.title ?? config.origin,
    cosigners: () => cosignersOf(config, engine.published.current),
    now: Date.now,
  };
  const health = healthChecks({
    engine,
    disk,
    stuckMs: 10 * config.witness_timeout_ms,
    renewMs: config.renew_ms,
    witnessed: config.policy.quorum !== null,
    now: Date.now,
    monotonic: () => performance.now(),
  });
  const app = createApp({ services, requests: metrics.requests, health, version: VERSION });
  await engine.published.wait(0n, FIRST_PUBLICATION_MS);
  for (const mirror of config.mirrors) stack.use(new MirrorFeed(engine, mirror, { renewMs: config.renew_ms, logger, now: Date.now }));
  // Last in, first out: both listeners close before the engine does.
  const metricsListener = stack.use(await metricsServer(metrics, config.metrics_listen));
  const listener = stack.use(await serve(app, config.listen));
  const running = stack.move();
  return { url: listener.url, metricsUrl: metricsListener.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
