import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { groupsV2 } from './cgroup-v2.ts';
import { cgroupMounts, groupFolder, ownGroups } from './cgroup.ts';
import { limitsOf } from './limits.ts';

const MOUNTINFO = `25 20 0:22 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
26 25 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
27 25 0:24 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
28 25 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`;

test('hierarchies of both versions are found in mountinfo', () => {
  expect(cgroupMounts(MOUNTINFO)).toEqual([
    { version: 1, folder: '/sys/fs/cgroup/cpu,cpuacct', root: '/', controllers: ['rw', 'cpu', 'cpuacct'] },
    { version: 1, folder: '/sys/fs/cgroup/memory', root: '/docker/abc', controllers: ['rw', 'memory'] },
    { version: 2, folder: '/sys/fs/cgroup/unified', root: '/', controllers: [] },
  ]);
});

test('our own group is known by controller, also where two share a hierarchy', () => {
  expect([...ownGroups('9:cpu,cpuacct:/a\n4:memory:/docker/abc/x\n1:name=systemd:/\n0::/init.scope\n')]).toEqual([
    ['cpu', '/a'],
    ['cpuacct', '/a'],
    ['memory', '/docker/abc/x'],
    ['name=systemd', '/'],
    ['', '/init.scope'],
  ]);
});

test('a group is looked up in the part of the hierarchy that is mounted, and nowhere else', () => {
  const [, memory] = cgroupMounts(MOUNTINFO);
  expect(groupFolder(memory!, '/docker/abc/x')).toBe('/sys/fs/cgroup/memory/x');
  expect(groupFolder(memory!, '/docker/abc')).toBe('/sys/fs/cgroup/memory');
  expect(groupFolder(memory!, '/docker/abcd')).toBeNull();
});

/** The files of a version 2 hierarchy, as plain files: this kernel may have given its controllers to version 1. */
async function unified(files: Readonly<Record<string, string>>): Promise<string> {
  const top = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(top, path, '..'), { recursive: true });
    writeFileSync(join(top, path), text);
  }
  return top;
}

function makerIn(top: string, group: string) {
  return groupsV2([{ version: 2, folder: top, root: '/', controllers: [] }], new Map([['', group]]));
}

test('with version 2, a group gets its limits and tells what it used', async () => {
  const top = await unified({ 'service/cgroup.subtree_control': 'cpu memory pids\n', 'service/cgroup.controllers': 'cpu memory pids\n' });
  const group = makerIn(top, '/service')!.make(limitsOf({ memoryBytes: 1000, processes: 5, cpus: 2 }));
  const folder = join(
    top,
    'service',
    readdirSync(join(top, 'service')).find((name) => name.startsWith('verbatim-'))!,
  );
  const read = (name: string) => readFileSync(join(folder, name), 'latin1');
  expect([read('memory.max'), read('memory.swap.max'), read('pids.max'), read('cpu.max')]).toEqual(['1000', '0', '5', '200000 100000']);
  group.add(42);
  expect(read('cgroup.procs')).toBe('42');
  writeFileSync(join(folder, 'cpu.stat'), 'usage_usec 2500000\nuser_usec 1\n');
  writeFileSync(join(folder, 'memory.events'), 'low 0\noom 2\noom_kill 1\n');
  writeFileSync(join(folder, 'pids.events'), 'max 3\n');
  writeFileSync(join(folder, 'memory.peak'), '900\n');
  expect(group.usage()).toEqual({ cpuSeconds: 2.5, peakMemoryBytes: 900, memoryKills: 1, forksRefused: 3 });
});

test('with version 2, a leaf uses the group above it, if that gives its children limits', async () => {
  const top = await unified({
    'user/cgroup.subtree_control': 'memory pids\n',
    'user/session/cgroup.subtree_control': '\n',
    'user/session/cgroup.controllers': 'memory pids\n',
    'user/session/cgroup.procs': '1\n2\n',
  });
  makerIn(top, '/user/session')!.make(limitsOf());
  expect(readdirSync(join(top, 'user')).filter((name) => name.startsWith('verbatim-'))).toHaveLength(1);
});

test('with version 2, this process moves into a leaf where it is alone', async () => {
  const top = await unified({ 'cgroup.subtree_control': '', 'cgroup.controllers': 'memory pids\n', 'cgroup.procs': `${process.pid}\n` });
  makerIn(top, '/')!.make(limitsOf());
  expect(readFileSync(join(top, 'verbatim-supervisor', 'cgroup.procs'), 'latin1')).toBe(String(process.pid));
  expect(readFileSync(join(top, 'cgroup.subtree_control'), 'latin1')).toBe('+memory +pids');
});

test('with version 2, processes of others are not moved, and without controllers there are no groups', async () => {
  const busy = await unified({
    'cgroup.subtree_control': '',
    'cgroup.controllers': 'memory pids\n',
    'cgroup.procs': `${process.pid}\n1\n`,
  });
  expect(makerIn(busy, '/')).toBeNull();
  const bare = await unified({ 'cgroup.subtree_control': '', 'cgroup.controllers': 'hugetlb\n', 'cgroup.procs': `${process.pid}\n` });
  expect(makerIn(bare, '/')).toBeNull();
  expect(makerIn(join(bare, 'nothing'), '/x')).toBeNull();
  rmSync(bare, { recursive: true });
});

test('groups of processes that are gone are removed, those of living ones stay', async () => {
  const top = await unified({ 'cgroup.subtree_control': 'memory pids\n' });
  const [dead, living] = [`verbatim-4194999-0123456789ab`, `verbatim-${process.pid}-0123456789ab`];
  mkdirSync(join(top, dead, 'inner'), { recursive: true });
  mkdirSync(join(top, living));
  expect(makerIn(top, '/')).not.toBeNull();
  expect(readdirSync(top).sort()).toEqual(['cgroup.subtree_control', living]);
});
