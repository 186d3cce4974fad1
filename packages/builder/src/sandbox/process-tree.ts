/** What the processes of a sandbox use, read from /proc: for machines where no control group may be made. */
import { readFileSync, readdirSync } from 'node:fs';

export interface TreeUsage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly processes: number;
}

interface ProcessStat {
  readonly parent: number;
  readonly state: string;
  readonly ticks: number;
  readonly threads: number;
  readonly startTime: string;
}

/** USER_HZ, which the kernel's interface fixes at 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** /proc/PID/stat (proc(5)); null when there is no such process. The name may hold anything, `) ` included: fields count from the last one. */
export function readStat(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (field: number): number => Number.parseInt(fields[field - 3]!, 10);
  return {
    state: fields[0]!,
    parent: number(4),
    // utime, stime and those of children that were waited for.
    ticks: number(14) + number(15) + number(16) + number(17),
    threads: number(20),
    startTime: fields[22 - 3]!,
  };
}

/** Whether the process that had this start time still runs. A zombie does not. */
export function isRunning(pid: number, startTime: string): boolean {
  const stat = readStat(pid);
  return stat !== null && stat.startTime === startTime && stat.state !== 'Z' && stat.state !== 'X';
}

/** `root` and its descendants that run now, by number. */
export function treeProcesses(root: number): number[] {
  return [...treeStats(root).keys()];
}

function treeStats(root: number): Map<number, ProcessStat> {
  const children = new Map<number, number[]>();
  const all = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number.parseInt(name, 10);
    const stat = readStat(pid);
    if (stat === null) continue;
    all.set(pid, stat);
    const siblings = children.get(stat.parent);
    if (siblings === undefined) children.set(stat.parent, [pid]);
    else siblings.push(pid);
  }
  const tree = new Map<number, ProcessStat>();
  const queue = all.has(root) ? [root] : [];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    tree.set(pid, all.get(pid)!);
    queue.push(...(children.get(pid) ?? []));
  }
  return tree;
}

/**
 * Sums over `root` and its descendants. Memory is anonymous and shared memory (RssAnon + RssShmem): programs' text, which they share with
 * others, is left out. CPU of a child that its parent never waits for is lost when it ends.
 */
export function treeUsage(root: number): TreeUsage {
  let ticks = 0;
  let memoryBytes = 0;
  let processes = 0;
  for (const [pid, stat] of treeStats(root)) {
    ticks += stat.ticks;
    processes += stat.threads;
    memoryBytes += residentBytes(pid);
  }
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryBytes, processes };
}

function residentBytes(pid: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return 0;
  }
  let kibibytes = 0;
  for (const match of text.matchAll(/\nRss(?:Anon|Shmem):\s+(\d+) kB/g)) kibibytes += Number.parseInt(match[1]!, 10);
  return kibibytes * 1024;
}

/** Bytes that the machine could still give to programs (MemAvailable). */
export function availableMemory(): number {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'latin1'));
  return match === null ? Number.POSITIVE_INFINITY : Number.parseInt(match[1]!, 10) * 1024;
}
