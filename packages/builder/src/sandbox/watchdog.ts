/** Looks at a running sandbox a few times a second and says which limit it broke. */
import type { Group } from './cgroup.ts';
import { DiskMeter, leastFree } from './disk-usage.ts';
import { heldBytes } from './held-files.ts';
import type { LimitName, Limits } from './limits.ts';
import { availableMemory, treeProcesses, treeUsage } from './process-tree.ts';

export interface Usage {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** The most that was seen; with cgroups the kernel's own maximum, caches included. */
  readonly peakMemoryBytes: number | null;
}

export interface Watched {
  readonly limits: Limits;
  /** Process 1 of the sandbox, by its number outside. */
  readonly pid: number;
  /** Null where the kernel does not count for us. */
  readonly group: Group | null;
  /** Writable folders on disk. */
  readonly folders: readonly string[];
}

/** Below this much free memory of the whole machine a sandbox that nobody counts is stopped: memory can hide where /proc does not show it. */
const MEMORY_RESERVE = 128 * 1024 ** 2;
/** With less space left on the host's disk nobody could go on, and a build can hide files where nobody sees them (held-files.ts). */
export const DISK_RESERVE = 64 * 1024 ** 2;

export class Watchdog {
  readonly #watched: Watched;
  readonly #disk: DiskMeter;
  readonly #started = performance.now();
  #cpuSeconds = 0;
  #peakMemory = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#disk = new DiskMeter(watched.folders, watched.limits.diskBytes, () => heldBytes(treeProcesses(watched.pid)));
  }

  /** The limit that is broken now, or null. */
  look(): LimitName | null {
    const { limits, folders, group } = this.#watched;
    this.#measure();
    // A compiler that lost a process cannot go on; what is left of a hog would only sleep.
    if (group !== null && group.usage().memoryKills > 0) return 'memory';
    if (this.#cpuSeconds > limits.cpuSeconds) return 'cpu-time';
    if (this.#wallSeconds() > limits.wallSeconds) return 'wall-time';
    if (group === null && (this.#peakMemory > limits.memoryBytes || availableMemory() < MEMORY_RESERVE)) return 'memory';
    if (folders.length > 0 && this.#disk.used(performance.now()) > limits.diskBytes) return 'disk';
    return null;
  }

  /** Whether the host is running out of disk: its trouble, not the build's, as far as anybody can tell. */
  isHostFull(): boolean {
    const { folders } = this.#watched;
    return folders.length > 0 && leastFree(folders) < DISK_RESERVE;
  }

  /** After the end: a limit that explains a failure and that nobody had to enforce, because the kernel did. */
  explain(): LimitName | null {
    const { limits, folders, group } = this.#watched;
    if (group !== null) {
      this.#measure();
      const usage = group.usage();
      if (usage.memoryKills > 0) return 'memory';
      if (usage.forksRefused > 0) return 'processes';
    }
    if (this.#cpuSeconds > limits.cpuSeconds) return 'cpu-time';
    if (folders.length > 0 && this.#disk.used(Number.POSITIVE_INFINITY) > limits.diskBytes) return 'disk';
    return null;
  }

  usage(): Usage {
    const { group } = this.#watched;
    const counted = group?.usage();
    return {
      cpuSeconds: counted?.cpuSeconds ?? this.#cpuSeconds,
      wallSeconds: this.#wallSeconds(),
      peakMemoryBytes: counted === undefined ? this.#peakMemory : counted.peakMemoryBytes,
    };
  }

  #measure(): void {
    const { group, pid } = this.#watched;
    if (group !== null) {
      this.#cpuSeconds = group.usage().cpuSeconds;
      return;
    }
    const { cpuSeconds, memoryBytes } = treeUsage(pid);
    this.#cpuSeconds = Math.max(this.#cpuSeconds, cpuSeconds);
    this.#peakMemory = Math.max(this.#peakMemory, memoryBytes);
  }

  #wallSeconds(): number {
    return (performance.now() - this.#started) / 1000;
  }
}
