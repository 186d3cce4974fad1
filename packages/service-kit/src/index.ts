/** What every service shares. See each file. */
export {
  ConfigError,
  MAX_CONFIG_BYTES,
  filePath,
  listenAddress,
  loadConfig,
  optionalListenAddress,
  type ConfigErrorCode,
} from './config.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { ProblemError, notFound, onError, problem, problemBody, type Problem } from './problem.ts';
export { createMetrics, metricsServer, type Metrics } from './metrics.ts';
export { cosignerHealth } from './cosigner-health.ts';
export { health, runChecks, type Health, type HealthCheck, type HealthReport } from './health.ts';
export { serviceMain, type ServiceCommands } from './service-main.ts';
export { runService, type RunOptions, type RunningService, type ServiceContext } from './run-service.ts';
export { serve, type RunningServer, type ServeOptions } from './serve.ts';
export { bodyLimited } from './body.ts';
export { DurableError, createDurable, durable, type Durable, type DurableErrorCode, type DurableIo, type FileToWrite } from './durable.ts';
export { DatabaseError, openDatabase, type DatabaseErrorCode, type OpenDatabaseOptions, type OwnedDatabase } from './database.ts';
export { EMPTY_INDEX, INDEX_SCHEMA, IndexStore, type IndexState } from './index-store.ts';
export { KeyFileError, createKeyFile, createMlDsaKeyFile, loadMlDsaSigner, loadSigner, type KeyFileErrorCode } from './keyfile.ts';
export {
  CosignerError,
  cosignatureTime,
  createCosigner,
  initCosigner,
  loadCosigner,
  openCosignerStore,
  type Cosigner,
  type CosignerConfig,
  type CosignerDatabase,
  type CosignerErrorCode,
} from './cosigner.ts';
export { logEntry, logVkey, trustedLogs } from './trusted-logs.ts';
export { MAX_ADD_CHECKPOINT_BYTES, answerLines, methodNotAllowed, refuseCheckpoint } from './add-checkpoint.ts';
export { CosignerStore, IDENTITY_TABLE } from './cosigner-store.ts';
export { serviceApp, type ServiceAppParts } from './service-app.ts';
export { MAX_SPLIT_VIEWS, SPLIT_VIEW_TABLE, type SplitView } from './split-views.ts';
export { StorageGuard } from './storage-guard.ts';
export { RateLimiter, type Permit, type RateLimit } from './limits.ts';
