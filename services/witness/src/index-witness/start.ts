/** The running index-witness: its database, an audit for each log, its part of the listener. */
import { LogKeys, openSource, type ControlTrail, type SuccessorLog } from '@verbatim/client';
import { openCosignerStore, type Cosigner, type Health, type Logger, type StorageGuard } from '@verbatim/service-kit';
import { SqliteAuditStore } from '@verbatim/service-kit/audit-store';
import { parseVkey, sha256, toHex, utf8Encode, type TrustedLogs, type VerifierKey } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { Gauge, type Registry } from 'prom-client';
import type { Hono } from 'hono';
import { join } from 'node:path';
import { createWitnessApp } from '../app.ts';
import type { IndexWitnessConfig, WitnessConfig } from '../config.ts';
import { indexCosigner, indexWitnessDatabase, loadIndexCosigner } from '../init.ts';
import { createWitnessMetrics } from '../metrics.ts';
import type { WitnessStore } from '../store.ts';
import { Witness } from '../witness.ts';
import { IndexWitness } from './index-witness.ts';
import { LogAudit } from './log-audit.ts';

export interface IndexWitnessNeeds {
  /** The plain one, whose keys may not be used. */
  readonly cosigner: Cosigner;
  readonly guard: StorageGuard;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Ends the process. */
  readonly fatal: (error: unknown) => never;
  /** POSIX seconds. */
  readonly now: () => bigint;
}

/** As configured, or as another log's root key named it. */
interface AuditedLog {
  readonly origin: string;
  readonly url: string;
  /** Never empty. */
  readonly keys: readonly VerifierKey[];
  readonly root: VerifierKey | undefined;
}

export interface RunningIndexWitness extends AsyncDisposable {
  readonly app: Hono;
  readonly vkeys: readonly string[];
}

export async function startIndexWitness(
  config: WitnessConfig & { index: IndexWitnessConfig },
  needs: IndexWitnessNeeds,
): Promise<RunningIndexWitness> {
  const { guard, registry, now } = needs;
  const logger = needs.logger.child({ role: 'index-witness' });
  await using stack = new AsyncDisposableStack();
  const settings = indexCosigner(config)!;
  const cosigner = loadIndexCosigner(settings, needs.cosigner);
  const store = stack.use(openCosignerStore(settings, indexWitnessDatabase(config), cosigner));
  const logs: TrustedLogs = new Map(config.index.logs.map(({ origin }) => [origin, config.logs.get(origin)!]));
  store.track(logs.keys());
  const roots = new Map(config.index.logs.flatMap(({ origin, root_vkey: root }) => (root === undefined ? [] : [[origin, root] as const])));
  const keys = new LogKeys({ logs, roots, verify: verifyEd25519 });
  const metrics = createWitnessMetrics(registry, store, 'index_witness');
  const audits = new Map<string, LogAudit>();
  /** What is started while it runs: a successor's audit. */
  const started = stack.use(new AsyncDisposableStack());
  let starting: Promise<void> = Promise.resolve();
  const start = async (log: AuditedLog): Promise<void> => {
    const onTrail = (trail: ControlTrail): void => {
      keys.know(log.origin, trail);
      if (trail.successor !== null) goOn(log.origin, trail.successor);
    };
    audits.set(log.origin, started.use(await auditOf(log, onTrail, config, store, { ...needs, logger })));
  };
  /** A log has named its successor: the index of that one is audited, too, unless it is configured. That the plain witness knows it is no reason not to. */
  const goOn = (from: string, { vkey, rootVkey, url }: SuccessorLog): void => {
    const [logKey, root] = [parseVkey(vkey), parseVkey(rootVkey)];
    const { name: origin } = logKey;
    if (logs.has(origin) || audits.has(origin) || [config.name, cosigner.name].includes(origin)) return;
    starting = starting.then(async () => {
      if (audits.has(origin)) return;
      logger.warn({ from, origin, url }, 'the log has ended and goes on as another one: that one is audited, too');
      guard.run(() => store.track([origin]));
      keys.add(logKey, root);
      await start({ origin, url, keys: [logKey], root });
    });
    starting.catch(needs.fatal);
  };
  for (const { origin, url, root_vkey: root } of config.index.logs) await start({ origin, url, keys: logs.get(origin)!, root });
  await untilSettled(() => starting);
  exportAudits(registry, audits);

  const onSplitView = (origin: string): void => metrics.countSplitView(origin);
  const witness = new Witness({ store, cosigner, logs: keys.trusted, verify: verifyEd25519, now, onSplitView });
  const indexWitness = new IndexWitness({
    ...{ keys, audits, verify: verifyEd25519, waitMs: config.index.wait_ms, maxEntries: config.index.max_entries },
    cosign: (body) => guard.run(() => witness.addCheckpoint(body)),
    head: (origin) => guard.run(() => store.head(origin)),
  });
  const app = createWitnessApp({
    ...{ store, guard, vkeys: cosigner.vkeys, logger, title: 'index-witness' },
    // Its own: a log with a wrong index is no reason to take the witness of all others away.
    checks: [{ name: 'index', check: () => alarmHealth(audits) }],
    addCheckpoint: (body) => indexWitness.addCheckpoint(body),
    onAnswer(answer) {
      metrics.countAnswer(answer);
      if (answer.status === 200 || answer.status === 409) return;
      logger.info({ origin: answer.origin, code: answer.code, detail: answer.detail }, 'refused');
    },
  });
  const running = stack.move();
  return { app, vkeys: cosigner.vkeys, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Until a promise is done that others may have joined meanwhile. */
async function untilSettled(last: () => Promise<void>): Promise<void> {
  for (let seen: Promise<void> | null = null; seen !== last();) await (seen = last());
}

async function auditOf(
  { origin, url, keys, root }: AuditedLog,
  onTrail: (trail: ControlTrail) => void,
  { data_dir }: WitnessConfig,
  store: WitnessStore,
  { guard, logger, fatal }: Pick<IndexWitnessNeeds, 'guard' | 'logger' | 'fatal'>,
): Promise<LogAudit> {
  const [logKey, ...otherKeys] = keys;
  const path = join(data_dir, `index-${toHex(sha256(utf8Encode(origin))).slice(0, 32)}.sqlite`);
  return new LogAudit({
    ...{ logKey: logKey!, otherKeys, root, onTrail },
    source: await openSource(url),
    openStore: () => SqliteAuditStore.open(path),
    evidenceFolder: join(data_dir, 'evidence'),
    alarm: store.alarm(origin),
    onAlarm(alarm) {
      guard.run(() => store.setAlarm(origin, alarm));
      logger.fatal({ origin, ...alarm }, 'the index of this log is wrong: nothing of it is cosigned any more');
    },
    onFailure(error) {
      try {
        guard.run(() => {
          throw error;
        });
      } catch (refused) {
        if (refused === error) fatal(error);
        logger.error({ err: error }, 'the audit could not be recorded');
      }
    },
    logger: logger.child({ origin }),
  });
}

function exportAudits(registry: Registry, audits: ReadonlyMap<string, LogAudit>): void {
  const perLog = (name: string, help: string, value: (audit: LogAudit) => number): void =>
    registry.registerMetric(
      new Gauge({
        ...{ name, help, labelNames: ['origin'], registers: [] },
        collect() {
          for (const [origin, audit] of audits) this.set({ origin }, value(audit));
        },
      }),
    );
  perLog('index_witness_audited_size', 'Entries whose index was rebuilt.', ({ size }) => Number(size));
  perLog('index_witness_alarm', '1 when the index of the log was wrong once. Must stay zero.', ({ alarm }) => Number(alarm !== null));
}

function alarmHealth(audits: ReadonlyMap<string, LogAudit>): Health {
  const alarmed = [...audits].find(([, { alarm }]) => alarm !== null);
  return alarmed === undefined ? { ok: true } : { ok: false, detail: `the index of ${alarmed[0]} is wrong: ${alarmed[1].alarm!.detail}` };
}
