import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { availableMemory, isRunning, readStat, treeUsage } from './process-tree.ts';

test('a process and its children are counted together, others are not', async () => {
  const child = spawn('/bin/sh', ['-c', 'sleep 30 & sleep 30 & echo; wait'], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  try {
    await once(child.stdout!, 'data');
    const usage = treeUsage(child.pid!);
    expect(usage.processes).toBe(3);
    expect(usage.memoryBytes).toBeGreaterThan(50_000);
    expect(usage.memoryBytes).toBeLessThan(50_000_000);
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
  }
});

test('CPU time of children that have ended counts', async () => {
  const child = spawn('/bin/sh', ['-c', 'sh -c "i=0; while [ \\$i -lt 200000 ]; do i=\\$((i+1)); done"; echo; sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  try {
    await once(child.stdout!, 'data');
    expect(treeUsage(child.pid!).cpuSeconds).toBeGreaterThan(0.02);
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
  }
});

test('a process whose name looks like the end of its own name is read correctly', async () => {
  const child = spawn('/bin/sh', ['-c', 'printf ") R 1 2 3" >/proc/self/comm; echo; read _'], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout!, 'data');
  expect(readStat(child.pid!)?.parent).toBe(process.pid);
  child.stdin!.end();
});

test('a number that another process got meanwhile is not taken for the old one', () => {
  const { startTime } = readStat(process.pid)!;
  expect(isRunning(process.pid, startTime)).toBe(true);
  expect(isRunning(process.pid, `${startTime}1`)).toBe(false);
  expect(isRunning(4_194_999, startTime)).toBe(false);
  expect(treeUsage(4_194_999)).toEqual({ cpuSeconds: 0, memoryBytes: 0, processes: 0 });
});

test('the machine’s available memory is known', () => {
  expect(availableMemory()).toBeGreaterThan(1024 ** 2);
});
