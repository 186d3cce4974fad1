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
  type Health,
  type RunningService,
  type ServiceContext,
} from '@verbatim/service-kit';
import { LogKeys } from '@verbatim/client';
import { PartialTileCollector } from '@verbatim/service-kit/tree';
import { parseVkey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import packageJson from '../package.json' with { type: 'json' };
import { createMirrorApp } from './app.ts';
import type { MirrorConfig } from './config.ts';
import { FollowedLogs } from './followed-logs.ts';
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
  const keys = new LogKeys({ logs: config.logs, roots: config.roots, verify: verifyEd25519 });
  let followed: FollowedLogs | null = null;
  const mirror = await Mirror.open({
    ...{ store, cosigner, keys, verify: verifyEd25519, now, durable: files, fatal },
    folder: join(config.data_dir, 'logs'),
    onSplitView(origin, { size }) {
      own.countSplitView(origin);
      logger.error(
        { origin, size: String(size) },
        'split view: the log signed two histories; both checkpoints are kept in table split_view',
      );
    },
    onSuccessor(origin, successor) {
      logger.warn({ origin, ...successor }, 'the log has ended and goes on as another one: that one is mirrored, too');
      // Before that, whoever starts looks at all of them.
      if (followed === null) return;
      collect(parseVkey(successor.vkey).name);
      followed.goOn(origin, successor);
    },
  });
  const guard = new StorageGuard(fatal);
  /** What is started while it runs: a successor's. */
  const later = stack.use(new AsyncDisposableStack());
  const collect = (origin: string): void => {
    const copy = mirror.copyOf(origin)!;
    const published = {
      get size() {
        return store.mirrored(origin).size;
      },
    };
    later.use(PartialTileCollector.start({ folder: copy.folder, published }, logger));
  };
  for (const origin of store.origins()) collect(origin);
  /** Why a log is not followed any more. */
  const caught = new Map<string, string>();
  const uploadMs = config.upload_seconds * 1000;
  const app = createMirrorApp({
    ...{ mirror, store, guard, vkeys: cosigner.vkeys, uploadMs, maxUploads: config.max_uploads, logger },
    checks: [
      ...cosignerHealth(guard, { now, lastTimestamp: () => mirror.lastTimestamp() }),
      { name: 'logs', check: () => alarmHealth(caught) },
    ],
    middleware: metrics.requests,
    onCheckpoint: (answer) => own.countCheckpoint(answer),
    onUpload: (result) => own.countUpload(result),
  });
  const { url: metricsUrl } = stack.use(await metricsServer(metrics, { ...config.metrics_listen, signal }));
  const { url } = stack.use(await serve(app, { ...config.listen, signal, requestTimeoutMs: uploadMs + ANSWER_MS }));
  followed = stack.use(
    new FollowedLogs(config, {
      ...{ mirror, store, keys, pollMs: config.poll_ms, logger, fatal },
      settle: (work) => guard.settle(work),
      onCheckpoint: (answer) => own.countCheckpoint(answer),
      onTrouble: (origin) => own.countTrouble(origin),
      onCaught: (origin, detail) => void caught.set(origin, detail),
      onCommitted: () => guard.recovered(),
    }),
  );
  logger.info({ vkeys: cosigner.vkeys, logs: [...config.logs.keys()] }, 'mirror');
  const running = stack.move();
  return { url, metricsUrl, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function alarmHealth(caught: ReadonlyMap<string, string>): Health {
  const [first] = caught;
  return first === undefined ? { ok: true } : { ok: false, detail: `${first[0]} is not followed any more: ${first[1]}` };
}
