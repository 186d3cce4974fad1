import { expect, test } from 'vitest';
import { rlimitArguments, sandboxArguments, stagedArguments, type Inside } from './arguments.ts';
import { limitsOf } from './limits.ts';

const inside: Inside = {
  argv: ['/bin/sh', '-c', 'exit'],
  env: { A: 'x y', B: '' },
  cwd: '/build',
  hostname: 'build',
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
  const args = sandboxArguments(inside);
  for (const flag of ['--unshare-all', '--unshare-user', '--disable-userns', '--clearenv', '--new-session', '--die-with-parent']) expect(args).toContain(flag);
  expect(args).not.toContain('--share-net');
  expect(at(args, '--cap-drop', 'ALL')).toBeGreaterThan(-1);
  expect(at(args, '--uid', '65534')).toBeGreaterThan(-1);
});

test('only what is mounted is there, and the root is closed after that', () => {
  const args = sandboxArguments(inside);
  expect(at(args, '--ro-bind', '/root/private/go', '/build/go')).toBeGreaterThan(-1);
  expect(args.filter((word) => word === '--bind')).toHaveLength(1);
  expect(at(args, '--remount-ro', '/')).toBeGreaterThan(at(args, '--symlink', 'usr/bin', '/bin'));
  expect(at(args, '--size', '1000', '--tmpfs', '/tmp')).toBeGreaterThan(-1);
});

test('variables and arguments go through as they are', () => {
  const args = sandboxArguments(inside);
  expect(at(args, '--setenv', 'A', 'x y', '--setenv', 'B', '')).toBeGreaterThan(-1);
  expect(args.slice(-4)).toEqual(['--', '/bin/sh', '-c', 'exit']);
});

test('root’s stage holds the folders to mount and hands over to another user', () => {
  const { stage, inside: staged } = stagedArguments(inside, [{ kind: 'read-only', source: '/usr', path: '/usr' }], '/usr/bin/bwrap', '/usr/bin/setpriv');
  expect(at(stage, '--ro-bind', '/root/private/go', '/stage/0')).toBeGreaterThan(-1);
  expect(at(stage, '--bind', '/root/private/out', '/stage/1')).toBeGreaterThan(-1);
  expect(staged.mounts[0]).toEqual({ kind: 'read-only', source: '/stage/0', path: '/build/go' });
  expect(staged.mounts[2]).toEqual(inside.mounts[2]);
  expect(stage).toContain('--reuid=65534');
  expect(stage.at(-1)).toBe('/usr/bin/bwrap');
});

test('memory is limited per process only where nobody counts it for all', () => {
  const limits = limitsOf({ memoryBytes: 5000, processes: 9, cpuSeconds: 3 });
  expect(rlimitArguments(limits, false)).toEqual(expect.arrayContaining(['--nproc=9', '--cpu=4', '--core=0']));
  expect(rlimitArguments(limits, false).join(' ')).not.toContain('--data');
  expect(rlimitArguments(limits, true)).toContain('--data=5000');
});
