/** Files that have no name any more, and live while a process holds them open or mapped: a walk of the folders does not find them. */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';

/** What a sandbox has in memory, where sizes are limited otherwise. */
const IN_MEMORY = /^\/(?:tmp|dev)\/|^\/(?:memfd:|SYSV)/;
const DELETED = ' (deleted)';

/**
 * Bytes on disk in such files. An open file counts its blocks, one that is only mapped what is mapped of it; each counts once. What is under
 * way in a socket (unix(7), SCM_RIGHTS) is seen by nobody.
 * @param processes of sandboxes, by their numbers here; what vanishes meanwhile counts nothing
 */
export function heldBytes(processes: readonly number[]): number {
  const files = new Map<number, number>();
  for (const pid of processes) {
    for (const { inode, bytes } of deletedMappings(pid)) files.set(inode, Math.max(files.get(inode) ?? 0, bytes));
  }
  for (const pid of processes) for (const { inode, bytes } of deletedDescriptors(pid)) files.set(inode, bytes);
  let total = 0;
  for (const bytes of files.values()) total += bytes;
  return total;
}

interface Held {
  readonly inode: number;
  readonly bytes: number;
}

/** proc(5), /proc/PID/maps: `from-to rights offset device inode path (deleted)`. */
function deletedMappings(pid: number): Held[] {
  const text = orNothing(() => readFileSync(`/proc/${pid}/maps`, 'latin1')) ?? '';
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ (\d+) +(\/.*) \(deleted\)$/gm)].flatMap(([, from, to, inode, path]) =>
    IN_MEMORY.test(path!) ? [] : [{ inode: Number(inode), bytes: Number(BigInt(`0x${to}`) - BigInt(`0x${from}`)) }],
  );
}

/** Of every thread, which may have descriptors of its own. */
function deletedDescriptors(pid: number): Held[] {
  const held: Held[] = [];
  for (const thread of orNothing(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
    const folder = `/proc/${pid}/task/${thread}/fd`;
    for (const name of orNothing(() => readdirSync(folder)) ?? []) {
      const target = orNothing(() => readlinkSync(`${folder}/${name}`));
      if (!target?.endsWith(DELETED) || IN_MEMORY.test(target)) continue;
      const stat = orNothing(() => statSync(`${folder}/${name}`));
      if (stat?.isFile()) held.push({ inode: stat.ino, bytes: stat.blocks * 512 });
    }
  }
  return held;
}

/** Processes end, and files are closed, while we look. */
function orNothing<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
