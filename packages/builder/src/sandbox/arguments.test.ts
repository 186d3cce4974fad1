import { expect, test } from 'vitest';
import { SECCOMP_FD, rlimitArguments, sandboxCommand, stagedCommand, type Inside } from './arguments.ts';
import { limitsOf } from './limits.ts';

const inside: Inside = {
  argv: ['/bin/sh', '-c', 'exit'],
  env: { A: 'x y', B: '' },
  cwd: '/build',
  hostname: 'build',
  user: 65_534,
  mounts: [
    { kind: 'read-only', source: '/root/private/go', path: '/build/go' },
    { kind: 'writable', source: '/root/private/out', path: '/build/out' },
    { kind: 'memory', path: '/tmp', bytes: 1000 },
    { kind: 'link', target: 'usr/bin', path: '/bin' },
  ],
};

/** Position of an option with these values. */
function at(args: readonly string[], ...option: string[]): number {
  return args.findIndex((_, index) => option.every((word, offset) => args[index + offset] === word));
}

test('a build gets namespaces of its own, no capability, no environment, and may make no namespaces', () => {
  const args = sandboxCommand(inside, '/usr/bin/bwrap');
  for (const flag of ['--unshare-all', '--unshare-user', '--disable-userns', '--clearenv', '--new-session', '--die-with-parent'])
    expect(args).toContain(flag);
  expect(args).not.toContain('--share-net');
  expect(at(args, '--cap-drop', 'ALL')).toBeGreaterThan(-1);
  expect(at(args, '--uid', '65534')).toBeGreaterThan(-1);
  expect(at(args, '--seccomp', String(SECCOMP_FD))).toBeGreaterThan(-1);
});

test('only the network may be the host’s, and only where that is asked for', () => {
  const [own, hosts] = [inside, { ...inside, network: true }].map((each) => sandboxCommand(each, '/usr/bin/bwrap'));
  expect(hosts!.filter((word) => !own!.includes(word))).toEqual(['--share-net']);
  expect(at(hosts!, '--unshare-all', '--share-net')).toBeGreaterThan(-1);
});

test('only what is mounted is there, and the root is closed after that', () => {
  const args = sandboxCommand(inside, '/usr/bin/bwrap');
  expect(at(args, '--ro-bind', '/root/private/go', '/build/go')).toBeGreaterThan(-1);
  expect(args.filter((word) => word === '--bind')).toHaveLength(1);
  expect(at(args, '--remount-ro', '/')).toBeGreaterThan(at(args, '--symlink', 'usr/bin', '/bin'));
  expect(at(args, '--size', '1000', '--tmpfs', '/tmp')).toBeGreaterThan(-1);
});

test('a root that is being set up stands under everything and stays open', () => {
  const args = sandboxCommand(
    { ...inside, mounts: [...inside.mounts, { kind: 'writable', source: '/cache/root', path: '/' }] },
    '/usr/bin/bwrap',
  );
  const base = at(args, '--bind', '/cache/root', '/');
  expect(base).toBeGreaterThan(-1);
  for (const later of [at(args, '--proc', '/proc'), at(args, '--dev', '/dev'), at(args, '--ro-bind', '/root/private/go', '/build/go')])
    expect(later).toBeGreaterThan(base);
  expect(at(args, '--remount-ro', '/')).toBe(-1);
  expect(args.filter((word) => word === '/cache/root')).toHaveLength(1);
});

test('variables and arguments go through as they are', () => {
  const args = sandboxCommand(inside, '/usr/bin/bwrap');
  expect(at(args, '--setenv', 'A', 'x y', '--setenv', 'B', '')).toBeGreaterThan(-1);
  expect(args.slice(-4)).toEqual(['--', '/bin/sh', '-c', 'exit']);
});

test('root’s stage holds the folders to mount and hands over to another user, who starts the same sandbox from there', () => {
  const command = stagedCommand(inside, [{ kind: 'read-only', source: '/usr', path: '/usr' }], '/usr/bin/bwrap', '/usr/bin/setpriv');
  const handover = command.indexOf('/usr/bin/setpriv');
  const [stage, own] = [command.slice(0, handover), command.slice(handover)];
  expect(at(stage, '--ro-bind', '/root/private/go', '/stage/0')).toBeGreaterThan(-1);
  expect(at(stage, '--bind', '/root/private/out', '/stage/1')).toBeGreaterThan(-1);
  expect(own).toContain('--reuid=65534');
  expect(at(own, '--ro-bind', '/stage/0', '/build/go')).toBeGreaterThan(-1);
  const same = sandboxCommand(inside, '/usr/bin/bwrap').filter((word) => word.startsWith('--'));
  expect(own.slice(own.indexOf('/usr/bin/bwrap')).filter((word) => word.startsWith('--'))).toEqual(
    same.filter((word) => word !== '--block-fd'),
  );
});

test('processes and memory are limited by rlimits only where nobody counts them for all', () => {
  const limits = limitsOf({ memoryBytes: 5000, processes: 9, cpuSeconds: 3 });
  expect(rlimitArguments(limits, false)).toEqual(expect.arrayContaining(['--cpu=4', '--core=0']));
  expect(rlimitArguments(limits, false).join(' ')).not.toMatch(/--data|--nproc/);
  expect(rlimitArguments(limits, true)).toEqual(expect.arrayContaining(['--data=5000', '--nproc=9']));
});
