/** The running witness: its database, its two listeners, its health. */
import {
  cosignerHealth,
  createMetrics,
  loadCosigner,
  metricsServer,
  openCosignerStore,
  serve,
  StorageGuard,
  type RunningService,
  type ServiceContext,
} from '@verbatim/service-kit';
import { verifyEd25519 } from '@verbatim/tlog/node';
import packageJson from '../package.json' with { type: 'json' };
import { createWitnessApp } from './app.ts';
import type { WitnessConfig } from './config.ts';
import { witnessDatabase } from './init.ts';
import { createWitnessMetrics } from './metrics.ts';
import { Witness } from './witness.ts';

const systemSeconds = (): bigint => BigInt(Math.floor(Date.now() / 1000));

/** It reads logs, which takes modules that a plain witness does without. */
const loadIndexWitness = () => import('./index-witness/start.ts');

/** Start it; dispose of the result to stop. `now` is the clock in POSIX seconds. */
export async function startWitness(
  config: WitnessConfig,
  { signal, logger, fatal }: ServiceContext,
  now: () => bigint = systemSeconds,
): Promise<RunningService> {
  await using stack = new AsyncDisposableStack();
  const cosigner = loadCosigner(config);
  const store = stack.use(openCosignerStore(config, witnessDatabase(config), cosigner));
  store.track(config.logs.keys());
  const metrics = createMetrics({ service: 'witness', version: packageJson.version });
  const own = createWitnessMetrics(metrics.registry, store);
  const witness = new Witness({
    store,
    cosigner,
    logs: config.logs,
    verify: verifyEd25519,
    now,
    onSplitView(origin, { size }) {
      own.countSplitView(origin);
      logger.error(
        { origin, size: String(size) },
        'split view: the log signed two roots for one size; both checkpoints are kept in table split_view',
      );
    },
  });
  const guard = new StorageGuard(fatal);
  const { index } = config;
  const needs = { cosigner, guard, logger, registry: metrics.registry, fatal, now };
  const indexWitness =
    index === undefined ? null : stack.use(await (await loadIndexWitness()).startIndexWitness({ ...config, index }, needs));
  const app = createWitnessApp({
    ...{ store, guard, vkeys: cosigner.vkeys, logger },
    addCheckpoint: (body) => guard.run(() => witness.addCheckpoint(body)),
    checks: cosignerHealth(guard, { now, lastTimestamp: () => witness.lastTimestamp() }),
    middleware: metrics.requests,
    onAnswer(answer) {
      own.countAnswer(answer);
      if (answer.status === 200 || answer.status === 409) return;
      logger.info({ origin: answer.origin, code: answer.code, detail: answer.detail }, 'refused');
    },
  });
  if (indexWitness !== null) app.route('/index', indexWitness.app);
  const { url: metricsUrl } = stack.use(await metricsServer(metrics, { ...config.metrics_listen, signal }));
  const { url } = stack.use(await serve(app, { ...config.listen, signal }));
  logger.info({ vkeys: cosigner.vkeys, indexVkeys: indexWitness?.vkeys ?? [], logs: [...config.logs.keys()] }, 'witness');
  const running = stack.move();
  return { url, metricsUrl, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
