/** cgroup version 2: one group with the controllers memory and pids (Documentation/admin-guide/cgroup-v2). */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';
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

const NEEDED = ['memory', 'pids'] as const;
const PERIOD_MICROSECONDS = 100_000;
const SUPERVISOR = 'verbatim-supervisor';

/** Null where no group that may have children with limits is ours to write. */
export function groupsV2(mounts: readonly CgroupMount[], own: ReadonlyMap<string, string>): GroupMaker | null {
  const parent = parentV2(mounts, own);
  if (parent === null) return null;
  removeStale(parent);
  return { kind: 'cgroup-v2', make: (limits) => makeGroup(parent, limits) };
}

/** The folder of a group that gives memory and pids to the groups that we make in it. */
export function parentV2(mounts: readonly CgroupMount[], own: ReadonlyMap<string, string>): string | null {
  const group = own.get('');
  if (group === undefined) return null;
  for (const mount of mounts) {
    const base = mount.version === 2 ? groupFolder(mount, group) : null;
    const parent = base === null ? null : parentOfGroups(base, mount.folder);
    if (parent !== null) return parent;
  }
  return null;
}

/** A group that gives its children memory and pids: ours, the one above it, or ours after this process moved into a leaf of it. */
function parentOfGroups(base: string, top: string): string | null {
  for (const folder of base === top ? [base] : [base, dirname(base)]) {
    if (hasWords(join(folder, 'cgroup.subtree_control')) && canMake(folder)) return folder;
  }
  return hasWords(join(base, 'cgroup.controllers')) && delegate(base) && canMake(base) ? base : null;
}

function hasWords(file: string): boolean {
  try {
    const words = readFileSync(file, 'latin1').split(/\s+/);
    return NEEDED.every((controller) => words.includes(controller));
  } catch {
    return false;
  }
}

function canMake(folder: string): boolean {
  const probe = join(folder, groupName());
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}

/** A group with processes of its own cannot limit children: if this process is the only one, it moves into a leaf. Others are not ours to move. */
function delegate(base: string): boolean {
  try {
    const processes = readFileSync(join(base, 'cgroup.procs'), 'latin1')
      .split('\n')
      .filter((pid) => pid !== '');
    if (processes.some((pid) => pid !== String(process.pid))) return false;
    const leaf = join(base, SUPERVISOR);
    if (!existsSync(leaf)) mkdirSync(leaf);
    writeFileSync(join(leaf, 'cgroup.procs'), String(process.pid));
    writeFileSync(join(base, 'cgroup.subtree_control'), NEEDED.map((controller) => `+${controller}`).join(' '));
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EBUSY', 'EROFS', 'EOPNOTSUPP', 'ENOENT', 'EINVAL'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

function makeGroup(parent: string, limits: Limits): Group {
  const folder = join(parent, groupName());
  mkdirSync(folder);
  try {
    writeFileSync(join(folder, 'memory.max'), String(limits.memoryBytes));
    optional(() => writeFileSync(join(folder, 'memory.swap.max'), '0'));
    writeFileSync(join(folder, 'pids.max'), String(limits.processes));
    optional(() => writeFileSync(join(folder, 'cpu.max'), `${limits.cpus * PERIOD_MICROSECONDS} ${PERIOD_MICROSECONDS}`));
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return {
    add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    usage: () => ({
      cpuSeconds: readKey(join(folder, 'cpu.stat'), 'usage_usec') / 1e6,
      // Since Linux 5.19.
      peakMemoryBytes: existsSync(join(folder, 'memory.peak')) ? readCounter(join(folder, 'memory.peak')) : null,
      memoryKills: readKey(join(folder, 'memory.events'), 'oom_kill'),
      forksRefused: readKey(join(folder, 'pids.events'), 'max'),
    }),
    remove: () => removeGroup(folder),
  };
}

/** Swap accounting and the cpu controller may be absent: then there is nothing to limit, or no right to. */
function optional(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOENT', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) throw error;
  }
}
