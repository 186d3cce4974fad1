import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { installationOf, pathsIn, presentPaths } from './shown.ts';

test('of settings only absolute paths and file addresses are paths', () => {
  expect(pathsIn(['https://proxy.example/a,file:///srv/mirror|direct', 'sparse+file:///srv/index%20two/', 'git+file:/srv/x'])).toEqual([
    '/srv/mirror',
    '/srv/index two/',
    '/srv/x',
  ]);
  expect(
    pathsIn(['/etc/a.pem', '/one:/two', 'netrc; git /srv/checkout', 'relative/path', 'host:/share', '//host/share', undefined]),
  ).toEqual(['/etc/a.pem', '/one', '/two', '/srv/checkout', '//host/share']);
  expect(pathsIn(['file:///srv/%zz', '', 'on', '1', 'http://user:pass@host:8080/path'])).toEqual(['/srv/%zz']);
});

test('a program is shown with its libraries, where it is and where it really is, and never with what else lies there', async () => {
  const root = await temporaryFolder();
  for (const folder of ['home/bin', 'home/.ssh', 'real/bin', 'real/lib']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'real/bin/tool'), '#!/bin/sh\n');
  chmodSync(join(root, 'real/bin/tool'), 0o755);
  symlinkSync('../../real/bin/tool', join(root, 'home/bin/tool'));
  const shown = presentPaths(installationOf(join(root, 'home/bin/tool')), ['/usr']);
  expect(shown).toEqual(['home/bin', 'real/bin', 'real/lib'].map((name) => join(root, name)));
});

test('what is not there, what the system has, and the whole disk are left out', async () => {
  const root = await temporaryFolder();
  expect(presentPaths([root, root, `${root}/none`, '/', '/usr/bin', '/usrlocal-of-nobody'], ['/usr'])).toEqual([root]);
});
