/** cgroup version 1: a group in each of the hierarchies memory, pids, cpuacct and, where it is mounted, cpu (Documentation/admin-guide/cgroup-v1). */
import { accessSync, constants, existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  groupFolder,
  groupName,
  readCounter,
  readKey,
  removeGroup,
  removeStale,
  type CgroupMount,
  type Group,
  type GroupMaker,
} from './cgroup.ts';
import type { Limits } from './limits.ts';

const NEEDED = ['memory', 'pids', 'cpuacct'] as const;
const PERIOD_MICROSECONDS = 100_000;

/** Null where a needed hierarchy is missing or not ours to write. */
export function groupsV1(mounts: readonly CgroupMount[], own: ReadonlyMap<string, string>): GroupMaker | null {
  const parents = parentsV1(mounts, own);
  if (parents === null) return null;
  for (const parent of new Set(parents.values())) removeStale(parent);
  return { kind: 'cgroup-v1', make: (limits) => makeGroup(parents, limits) };
}

/** Our own group's folder in each hierarchy, by controller. */
export function parentsV1(mounts: readonly CgroupMount[], own: ReadonlyMap<string, string>): ReadonlyMap<string, string> | null {
  const parents = new Map<string, string>();
  for (const controller of [...NEEDED, 'cpu']) {
    const mount = mounts.find(({ version, controllers }) => version === 1 && controllers.includes(controller));
    const group = own.get(controller);
    const parent = mount === undefined || group === undefined ? null : groupFolder(mount, group);
    if (parent !== null && isWritable(parent)) parents.set(controller, parent);
  }
  return NEEDED.every((controller) => parents.has(controller)) ? parents : null;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function makeGroup(parents: ReadonlyMap<string, string>, limits: Limits): Group {
  const name = groupName();
  const folders = new Map([...parents].map(([controller, parent]) => [controller, join(parent, name)]));
  // Controllers that are mounted together share a folder.
  const distinct = [...new Set(folders.values())];
  const made: string[] = [];
  try {
    for (const folder of distinct) {
      mkdirSync(folder);
      made.push(folder);
    }
    limit(folders, limits);
  } catch (error) {
    for (const folder of made) rmdirSync(folder);
    throw error;
  }
  const memory = folders.get('memory')!;
  return {
    add(pid) {
      for (const folder of distinct) writeFileSync(join(folder, 'cgroup.procs'), String(pid));
    },
    usage: () => ({
      cpuSeconds: readCounter(join(folders.get('cpuacct')!, 'cpuacct.usage')) / 1e9,
      peakMemoryBytes: readCounter(join(memory, 'memory.max_usage_in_bytes')),
      memoryKills: readKey(join(memory, 'memory.oom_control'), 'oom_kill'),
      forksRefused: readKey(join(folders.get('pids')!, 'pids.events'), 'max'),
    }),
    async remove() {
      for (const folder of distinct) await removeGroup(folder);
    },
  };
}

function limit(folders: ReadonlyMap<string, string>, limits: Limits): void {
  const memory = folders.get('memory')!;
  writeFileSync(join(memory, 'memory.limit_in_bytes'), String(limits.memoryBytes));
  // Memory and swap together, where the kernel counts swap: else a hog would move to the swap.
  const withSwap = join(memory, 'memory.memsw.limit_in_bytes');
  if (existsSync(withSwap)) writeFileSync(withSwap, String(limits.memoryBytes));
  writeFileSync(join(folders.get('pids')!, 'pids.max'), String(limits.processes));
  const cpu = folders.get('cpu');
  if (cpu === undefined) return;
  writeFileSync(join(cpu, 'cpu.cfs_period_us'), String(PERIOD_MICROSECONDS));
  writeFileSync(join(cpu, 'cpu.cfs_quota_us'), String(limits.cpus * PERIOD_MICROSECONDS));
}
