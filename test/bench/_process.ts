import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** CPU seconds (user and system) that a process has used so far, all its threads. Linux. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process in MiB: now and at its peak. */
export function memoryMiB(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (field: string): number => Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) / 1024);
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

/** The value below which the share `q` (0…1) of the numbers lies. */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function table(rows: readonly Record<string, string | number>[]): void {
  const names = Object.keys(rows[0]!);
  process.stdout.write(`| ${names.join(' | ')} |\n|${names.map(() => '---').join('|')}|\n`);
  for (const row of rows) process.stdout.write(`| ${names.map((name) => row[name]).join(' | ')} |\n`);
}
