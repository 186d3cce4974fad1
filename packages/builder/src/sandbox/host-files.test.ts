import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { programMounts, systemFolders } from './host-files.ts';

test('a program comes with its libraries and nothing else', () => {
  const mounts = programMounts('sh');
  expect(mounts[0]).toMatchObject({ kind: 'read-only', path: '/bin/sh' });
  expect(mounts.length).toBeGreaterThan(1);
  for (const mount of mounts)
    expect(mount.kind === 'read-only' && existsSync(mount.source) && /^\/(?:bin|lib|lib64|usr\/lib)/.test(mount.path)).toBe(true);
});

test('a program that is not there is named', () => {
  expect(() => programMounts('no-such-program')).toThrow(/no-such-program/);
});

test('the system’s folders are those that exist', () => {
  expect(systemFolders().map(({ path }) => path)).toContain('/usr');
  expect(systemFolders().map(({ path }) => path)).not.toContain('/etc');
});
