/** What a build may use. Every number is a hard limit with a test (hostile.system.test.ts). */
import { availableParallelism } from 'node:os';
import { BuilderError } from '../errors.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export interface Limits {
  /** CPU seconds of all processes together. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Bytes of memory of all processes together; what they write to /tmp counts where cgroups do the counting. */
  readonly memoryBytes: number;
  /** Processes and threads at a time. */
  readonly processes: number;
  /** Bytes in all writable folders on disk together; also the limit of one file. */
  readonly diskBytes: number;
  /** Size of /tmp, which is in memory. */
  readonly tmpBytes: number;
  /** Cores. */
  readonly cpus: number;
  /** Bytes kept of the log: the first and the last half. A build that prints 64 times as much is stopped. */
  readonly logBytes: number;
  /** Bytes of one output. */
  readonly outputBytes: number;
}

export type LimitName = 'cpu-time' | 'wall-time' | 'memory' | 'processes' | 'disk' | 'log';

/** Log output over `logBytes` times this ends the build. */
export const LOG_FLOOD = 64;

export const DEFAULT_LIMITS: Limits = {
  cpuSeconds: 2 * 3600,
  wallSeconds: 3600,
  memoryBytes: 4 * GIB,
  processes: 1024,
  diskBytes: 8 * GIB,
  tmpBytes: 4 * GIB,
  cpus: availableParallelism(),
  logBytes: 2 * MIB,
  outputBytes: 512 * MIB,
};

/** The defaults with `changes`. @throws BuilderError `bad-option` unless every limit is a positive whole number. */
export function limitsOf(changes: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...changes };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new BuilderError('bad-option', `limit ${name}: expected a positive whole number, found ${String(value)}`);
    }
  }
  return limits;
}
