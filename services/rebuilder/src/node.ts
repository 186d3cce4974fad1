import { hostPlatform } from '@verbatim/builder';
import { LogMisbehaviour } from '@verbatim/client';
import { createMetrics, health, serve, type Logger, type RunningService } from '@verbatim/service-kit';
import { keyidOf } from '@verbatim/statements';
import type { TlogPolicy } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { Hono } from 'hono';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfMib, type RebuilderConfig } from './config.ts';
import { controlApp, serveControl } from './control.ts';
import { Follower } from './follower.ts';
import { healthChecks } from './health-checks.ts';
import { Ingest } from './ingest.ts';
import { openKey, openState, readLogPolicy, stateFolder } from './init.ts';
import { LogConnection, type LogAddress } from './log-connection.ts';
import { createRebuilderMetrics } from './metrics.ts';
import { Runner, STOPPING } from './runner.ts';
import { statusOf } from './status.ts';
import { JobQueue } from './store/queue.ts';
import { Outbox } from './store/outbox.ts';
import { Submitter } from './submitter.ts';
import { unloggedApp } from './unlogged.ts';
import { settleWorker, WORKER_ENTRY } from './worker-setting.ts';
import { freeBytes } from './work-folders.ts';
import { WorkerProcess } from './worker-process.ts';
import type { ReceiveRequest } from './worker-protocol.ts';

export interface NodeContext {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** We cannot go on: ends the process. */
  readonly fatal: (error: unknown) => never;
  /** The worker's program; another one in tests only. */
  readonly workerEntry?: string;
}

const controlSocket = (config: RebuilderConfig): string => join(config.data_dir, 'control.sock');

/** How long the outbox may take at the end. Together with stopping a worker it stays below the service's grace period. */
const FLUSH_MS = 5_000;

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/**
 * The node: follows the log, hands out jobs to workers, signs and submits. It holds the key and runs no build. Returns when it listens;
 * disposing of it ends jobs (they go back to the queue), gives the outbox a last chance and closes everything.
 */
export async function startNode(config: RebuilderConfig, context: NodeContext): Promise<RunningService> {
  const { logger, fatal } = context;
  await using stack = new AsyncDisposableStack();
  const signer = openKey(config);
  const keyid = keyidOf(signer.name, signer.publicKey);
  const policy = await readLogPolicy(config);
  const origin = policy.logs[0]!.key.name;

  const db = stack.use(openState(config, signer, origin));
  const queue = new JobQueue(db);
  const outbox = new Outbox(db, queue);
  const interrupted = queue.recover(Date.now());
  if (interrupted > 0) logger.warn({ jobs: interrupted }, 'jobs of the last run were interrupted: back in the queue');

  const logState = join(stateFolder(config), 'log');
  const connection = stack.use(
    await LogConnection.open({
      log: addressOf(config, policy),
      policy,
      signer,
      stateDir: logState,
      position: () => queue.position(),
      onWarning: (message) => logger.error({ detail: message }, 'checkpoints cannot be remembered'),
      onProved: (error) => follower.stopFor(error),
    }),
  );
  const entry = context.workerEntry ?? WORKER_ENTRY;
  const worker = stack.use(await settleWorker(config, entry, logger));
  const metrics = createMetrics({ service: 'rebuilder', version });
  const rebuilderMetrics = createRebuilderMetrics(metrics.registry, {
    queue,
    outbox,
    checkpointAt: () => follower.checkpoint?.verifiedAt ?? null,
  });

  const submitter = new Submitter({ outbox, log: connection, metrics: rebuilderMetrics, logger });
  const runner = new Runner({
    queue,
    outbox,
    signer,
    keyid,
    origin: () => connection.log.origin,
    host: hostPlatform(),
    folders: worker.folders,
    cacheDir: config.cache_dir,
    limits: limitsOf(config),
    buildAgain: config.differences.build_again,
    backOff: { baseMs: config.retry.base_seconds * 1000, capMs: config.retry.cap_seconds * 1000, maxTries: config.retry.max_tries },
    concurrency: config.concurrency,
    getBlob: (sha256, _size, signal) => connection.getBlob(sha256, signal),
    startWorker: () => new WorkerProcess({ entry, environment: worker.environment, owner: worker.owner, group: worker.group, logger }),
    freeBytes: () => freeBytes([config.data_dir, config.cache_dir]),
    minFreeBytes: bytesOfMib(config.limits.min_free_disk_mib),
    metrics: rebuilderMetrics,
    logger,
    onRecorded: () => submitter.wake(),
  });
  const ingest = new Ingest({
    db,
    queue,
    outbox,
    subscriptions: config.subscriptions,
    keyid,
    signer,
    logger,
  });
  const reader = await connection.openReader();
  stack.defer(() => reader.source.close());
  const follower = new Follower({
    reader,
    openSuccessor: (log) => connection.openReader(log),
    ingest,
    queue,
    pollMs: config.log.poll_seconds * 1000,
    evidenceFolder: join(logState, 'evidence'),
    alarmFile: join(logState, 'stopped.json'),
    logger,
    onIngested({ jobs, enrolled, moved }) {
      if (jobs > 0) runner.wake();
      if (!enrolled && !moved) return;
      outbox.hurry(Date.now());
      submitter.wake();
    },
    onCaughtUp: () => runner.allowLeasing(),
  });

  const status = (attempts: number) =>
    statusOf({ config, keyid, vkey: vkeyOf(signer), connection, host: hostPlatform(), worker, runner, queue, outbox, follower }, attempts);
  const control = controlApp(
    {
      status,
      drain() {
        logger.info('draining: no further job is started');
        runner.drain();
      },
      requeue(release, artifact, attempt) {
        const answer = queue.requeue(release, artifact, attempt, Date.now());
        logger.info({ release: String(release), artifact, ...answer }, 'requeue');
        runner.wake();
        submitter.wake();
        return answer;
      },
    },
    logger,
  );
  stack.use(await serveControl(control, controlSocket(config)));

  const app = new Hono();
  app.get('/metrics', async (c) => c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }));
  app.route('/', health(healthChecks({ db, signer, follower, pollMs: config.log.poll_seconds * 1000 })));
  const server = stack.use(await serve(app, config.listen));
  const open = config.public_listen === undefined ? null : stack.use(await serve(unloggedApp(outbox, logger), config.public_listen));

  const stop = new AbortController();
  const forward = (): void => stop.abort(STOPPING);
  context.signal.addEventListener('abort', forward, { once: true });
  if (context.signal.aborted) forward();
  const following = follower.loop(stop.signal).catch((error: unknown) => {
    if (!(error instanceof LogMisbehaviour)) throw error;
    // Two histories, or a proof that does not hold: whatever this log says from now on is worth nothing. The operator decides.
    logger.fatal({ err: error, evidence: error.evidencePath }, 'the log misbehaves: nothing more is done for it');
    stop.abort(STOPPING);
  });
  const loops = Promise.all([following, runner.loop(stop.signal), submitter.loop(stop.signal)]).catch(fatal);
  stack.defer(async () => {
    stop.abort(STOPPING);
    await loops;
    if (follower.misbehaved) return;
    await submitter.flush(AbortSignal.timeout(FLUSH_MS));
    const { pending } = outbox.counts();
    if (pending > 0) logger.warn({ pending }, 'the log has not acknowledged everything: the outbox keeps it for the next start');
  });
  logger.info({ keyid, origin, host: hostPlatform(), worker: worker.owner === null ? 'same-user' : 'separate-user' }, 'node started');

  const running = stack.move();
  return { url: open?.url ?? server.url, metricsUrl: `${server.url}/metrics`, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function addressOf({ log }: RebuilderConfig, policy: TlogPolicy): LogAddress {
  const rootVkey = log.root_vkey === undefined ? {} : { rootVkey: log.root_vkey.text };
  return { vkey: policy.logs[0]!.key.text, ...rootVkey, url: log.url };
}

function limitsOf({ limits, concurrency }: RebuilderConfig): ReceiveRequest['limits'] {
  return {
    fetchMs: limits.fetch_seconds * 1000,
    buildMs: limits.build_seconds * 1000,
    cpuSeconds: limits.cpu_seconds,
    memoryBytes: bytesOfMib(limits.memory_mib),
    processes: limits.processes,
    diskBytes: bytesOfMib(limits.disk_mib),
    inputBytes: bytesOfMib(limits.input_mib),
    cacheBytes: bytesOfMib(limits.cache_mib),
    logBytes: limits.log_kib * 1024,
    slots: concurrency,
  };
}
