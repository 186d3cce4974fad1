/** Whether whoever cosigns checkpoints, a witness or a mirror, is fit to. */
import { clockHealth, type HealthCheck } from './health.ts';
import type { StorageGuard } from './storage-guard.ts';

export interface CosignerClock {
  /** POSIX seconds. */
  readonly now: () => bigint;
  /** The newest time that it has put its name to; 0n if none. Reads the database. */
  readonly lastTimestamp: () => bigint;
}

/** `storage`: the last record was written. `clock`: it is not behind the last cosignature. */
export function cosignerHealth(guard: StorageGuard, { now, lastTimestamp }: CosignerClock): HealthCheck[] {
  return [
    { name: 'storage', check: () => guard.health() },
    { name: 'clock', check: () => clockHealth(now(), guard.run(lastTimestamp)) },
  ];
}
