/**
 * A node that runs as root starts its worker as another user, who may make no control groups. Root can lend that user a group in which it may:
 * then the kernel still counts what the worker's builds use.
 */
import { chownSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentsV1 } from './cgroup-v1.ts';
import { parentV2 } from './cgroup-v2.ts';
import { cgroupMounts, groupName, ownGroups, removeGroup, removeStale } from './cgroup.ts';

export interface DelegatedGroup {
  /** Puts the worker in the group. Its sandboxes are then confined by groups below it. */
  add(pid: number): void;
  /** When the worker has ended. */
  remove(): Promise<void>;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Makes a group that belongs to `owner`. Call it as root, add the worker before it calls `detectSandbox`, and remove the group at the end.
 * @returns null where no groups with limits can be made, or not by this process: the worker then falls back to rlimits
 */
export function delegateGroup(owner: Owner): DelegatedGroup | null {
  if (process.getuid?.() !== 0) return null;
  const mounts = cgroupMounts(readFileSync('/proc/self/mountinfo', 'latin1'));
  const own = ownGroups(readFileSync('/proc/self/cgroup', 'latin1'));
  const first = parentsV1(mounts, own);
  if (first !== null) return lend([...new Set(first.values())], owner, lendV1);
  const second = parentV2(mounts, own);
  return second === null ? null : lend([second], owner, lendV2);
}

/** In each parent a group of the owner's, of which `make` returns the folder that the worker goes to. */
function lend(parents: readonly string[], owner: Owner, make: (folder: string, owner: Owner) => string): DelegatedGroup {
  const name = groupName();
  const folders: string[] = [];
  const homes: string[] = [];
  try {
    for (const parent of parents) {
      removeStale(parent);
      const folder = join(parent, name);
      mkdirSync(folder);
      folders.push(folder);
      homes.push(make(folder, owner));
    }
  } catch (error) {
    for (const folder of folders) rmdirSync(folder);
    throw error;
  }
  return {
    add(pid) {
      for (const home of homes) writeFileSync(join(home, 'cgroup.procs'), String(pid));
    },
    async remove() {
      for (const folder of folders) await removeGroup(folder);
    },
  };
}

function give(paths: readonly string[], { uid, gid }: Owner): void {
  for (const path of paths) chownSync(path, uid, gid);
}

/** The limits of the group itself stay root's: the owner limits what is below. */
function lendV1(folder: string, owner: Owner): string {
  give([folder, join(folder, 'cgroup.procs')], owner);
  return folder;
}

/** The worker goes to a leaf: a group with processes of its own cannot give its children limits. */
function lendV2(folder: string, owner: Owner): string {
  writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory +pids');
  const leaf = join(folder, 'worker');
  mkdirSync(leaf);
  give([folder, join(folder, 'cgroup.procs'), join(folder, 'cgroup.subtree_control'), leaf, join(leaf, 'cgroup.procs')], owner);
  return leaf;
}
