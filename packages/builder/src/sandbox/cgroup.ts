/** Control groups: the kernel counts and limits a sandbox's processes as one. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.ts';
import type { Limits } from './limits.ts';

export interface GroupUsage {
  readonly cpuSeconds: number;
  readonly peakMemoryBytes: number | null;
  /** Processes killed because the memory limit was reached. */
  readonly memoryKills: number;
  /** Forks refused because the process limit was reached. */
  readonly forksRefused: number;
}

/** One sandbox's group. */
export interface Group {
  add(pid: number): void;
  usage(): GroupUsage;
  /** Removes the group; its processes must be dead. */
  remove(): Promise<void>;
}

/** Where groups can be made on this machine. */
export interface GroupMaker {
  readonly kind: 'cgroup-v1' | 'cgroup-v2';
  /** @throws a system error when the group cannot be made or limited. Nothing stays behind then. */
  make(limits: Limits): Group;
}

const PREFIX = 'verbatim-';

/** A name that tells the next process whether its maker still lives. */
export function groupName(): string {
  return `${PREFIX}${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** Removes groups below `parent` that a process which is gone left behind (it was killed), unless somebody still runs in them. */
export function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^verbatim-(\d+)-[0-9a-f]{12}$/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    try {
      removeFolders(join(parent, name));
    } catch (error) {
      // Not empty, not ours, or another process was faster.
      if (!['EBUSY', 'ENOTEMPTY', 'EACCES', 'EPERM', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
    }
  }
}

/** A group and the groups in it. Their files cannot be removed, and need not be. */
function removeFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) removeFolders(join(folder, entry.name));
  rmdirSync(folder);
}

/** Removes a group with the groups in it; the kernel needs a moment after the last process died. */
export async function removeGroup(folder: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      removeFolders(folder);
      return;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      if (errnoOf(error) !== 'EBUSY' || attempt >= 200) throw error;
      await sleep(10);
    }
  }
}

export function readCounter(file: string): number {
  return Number.parseInt(readFileSync(file, 'latin1'), 10);
}

/** The value of `key` in a file of `key value` lines; 0 when there is none. */
export function readKey(file: string, key: string): number {
  const line = readFileSync(file, 'latin1')
    .split('\n')
    .find((each) => each.startsWith(`${key} `));
  return line === undefined ? 0 : Number.parseInt(line.slice(key.length + 1), 10);
}

export interface CgroupMount {
  readonly version: 1 | 2;
  readonly folder: string;
  /** Path inside the hierarchy that `folder` shows. */
  readonly root: string;
  readonly controllers: readonly string[];
}

/** The mounted hierarchies, from the text of /proc/self/mountinfo (proc(5)). */
export function cgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line): CgroupMount[] => {
      const [head = '', tail = ''] = line.split(' - ', 2);
      const [, , , root = '/', folder = ''] = head.split(' ');
      const [type, , options = ''] = tail.split(' ');
      if (type === 'cgroup2') return [{ version: 2, folder, root, controllers: [] }];
      if (type === 'cgroup') return [{ version: 1, folder, root, controllers: options.split(',') }];
      return [];
    });
}

/** Path of this process's group in each hierarchy, by controller ('' for version 2), from the text of /proc/self/cgroup. */
export function ownGroups(text: string): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    for (const controller of match?.[1]?.split(',') ?? []) groups.set(controller, match![2]!);
  }
  return groups;
}

/** The folder of `group` below a mount; null when the mount shows another part of the hierarchy. */
export function groupFolder({ folder, root }: CgroupMount, group: string): string | null {
  if (root === '/') return join(folder, group);
  if (group === root) return folder;
  return group.startsWith(`${root}/`) ? join(folder, group.slice(root.length)) : null;
}
