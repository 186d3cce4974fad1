/** The running mirror: its database, its copies, its two listeners, its health, and the logs that it follows. */
import { join } from 'node:path';
import {
  cosignerHealth,
  createMetrics,
  durable,
  loadCosigner,
  metricsServer,
  openCosignerStore,
  serve,
  StorageGuard,
  type Durable,
  type RunningService,
  type ServiceContext,
} from '@verbatim/service-kit';
import { PartialTileCollector } from '@verbatim/service-kit/tree';
import { verifyEd25519 } from '@verbatim/tlog/node';
import packageJson from '../package.json' with { type: 'json' };
import { createMirrorApp } from './app.ts';
import type { MirrorConfig } from './config.ts';
import { followLog, type FollowLogOptions } from './follow-log.ts';
import { mirrorDatabase } from './init.ts';
import { createMirrorMetrics } from './metrics.ts';
import { Mirror } from './mirror.ts';

const systemSeconds = (): bigint => BigInt(Math.floor(Date.now() / 1000));
/** After an upload's deadline, for its answer. */
const ANSWER_MS = 15_000;

/** For tests: the clock in POSIX seconds, and the port for files. */
export interface MirrorPorts {
  readonly now?: () => bigint;
  readonly durable?: Durable;
}

/** Start it; dispose of the result to stop. */
export async function startMirror(
  config: MirrorConfig,
  { signal, logger, fatal }: ServiceContext,
  { now = systemSeconds, durable: files = durable }: MirrorPorts = {},
): Promise<RunningService> {
  await using stack = new AsyncDisposableStack();
  const cosigner = loadCosigner(config);
  const store = stack.use(openCosignerStore(config, mirrorDatabase(config), cosigner));
  store.track(config.logs.keys());
  const metrics = createMetrics({ service: 'mirror', version: packageJson.version });
  const own = createMirrorMetrics(metrics.registry, store);
  const mirror = await Mirror.open({
    ...{ store, cosigner, logs: config.logs, verify: verifyEd25519, now, durable: files, fatal },
    folder: join(config.data_dir, 'logs'),
    onSplitView(origin, { size }) {
      own.countSplitView(origin);
      logger.error(
        { origin, size: String(size) },
        'split view: the log signed two histories; both checkpoints are kept in table split_view',
      );
    },
  });
  const guard = new StorageGuard(fatal);
  for (const origin of store.origins()) {
    const copy = mirror.copyOf(origin)!;
    const published = {
      get size() {
        return store.mirrored(origin).size;
      },
    };
    stack.use(PartialTileCollector.start({ folder: copy.folder, published }, logger));
  }
  const uploadMs = config.upload_seconds * 1000;
  const app = createMirrorApp({
    ...{ mirror, store, guard, vkeys: cosigner.vkeys, uploadMs, maxUploads: config.max_uploads, logger },
    checks: cosignerHealth(guard, { now, lastTimestamp: () => mirror.lastTimestamp() }),
    middleware: metrics.requests,
    onCheckpoint: (answer) => own.countCheckpoint(answer),
    onUpload: (result) => own.countUpload(result),
  });
  const { url: metricsUrl } = stack.use(await metricsServer(metrics, { ...config.metrics_listen, signal }));
  const { url } = stack.use(await serve(app, { ...config.listen, signal, requestTimeoutMs: uploadMs + ANSWER_MS }));
  stack.use(
    followAll(config, {
      ...{ mirror, store, verify: verifyEd25519, pollMs: config.poll_ms, logger },
      settle: (work) => guard.settle(work),
      onCheckpoint: (answer) => own.countCheckpoint(answer),
      onTrouble: (origin) => own.countTrouble(origin),
      onCommitted: () => guard.recovered(),
    }),
  );
  logger.info({ vkeys: cosigner.vkeys, logs: [...config.logs.keys()] }, 'mirror');
  const running = stack.move();
  return { url, metricsUrl, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Follows every log that has an address, until it is disposed of. */
function followAll({ sources, logs }: MirrorConfig, options: Omit<FollowLogOptions, 'signal'>): AsyncDisposable {
  const stop = new AbortController();
  const following = [...sources].map(([origin, url]) =>
    followLog({ origin, url, keys: logs.get(origin)! }, { ...options, signal: stop.signal }),
  );
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(following);
    },
  };
}
