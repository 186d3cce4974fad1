import type { VcsStamp } from '@verbatim/statements';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { gitShim } from './git-shim.ts';

const REVISION = 'e9174d671b1882758cd32ac5e146200f5bee3e45';
const SECONDS = '1738983686';
const stamp: VcsStamp = { revision: REVISION, time: '2025-02-08T03:01:26Z', modified: false, tag: 'v1.2.3', provenance: 'adopted' };

/** Asks the shim; an exit code where it fails. PATH is empty: only what sh itself can do is there. */
async function asker(changes: Partial<VcsStamp> = {}): Promise<(...args: string[]) => string | number> {
  const folder = await temporaryFolder();
  const shim = join(folder, 'git');
  writeFileSync(shim, gitShim({ ...stamp, ...changes }), { mode: 0o755 });
  writeFileSync(join(folder, 'go.mod'), 'module example.com/m\n\ngo 1.23\\n\tx');
  return (...args) => {
    try {
      return execFileSync(shim, args, { cwd: folder, env: { PATH: '/nowhere' }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch (error) {
      return (error as { status: number }).status;
    }
  };
}

const LOG = ['-c', 'log.showsignature=false', 'log', '--no-decorate', '-n1', '--format=format:%H %ct %D'];
const described = `${REVISION} ${SECONDS} HEAD -> main, tag: v1.2.3\n`;

test('Go up to 1.23 asks for the status and the last commit', async () => {
  const ask = await asker();
  expect(ask('status', '--porcelain')).toBe('');
  expect(ask('-c', 'log.showsignature=false', 'log', '-1', '--format=%H:%ct')).toBe(`${REVISION}:${SECONDS}\n`);
});

test('Go 1.24 asks for the tag and for go.mod at the revision too', async () => {
  const ask = await asker();
  expect(ask(...LOG, REVISION, '--')).toBe(described);
  expect(ask(...LOG, 'refs/tags/v1.2.3', '--')).toBe(described);
  expect(ask('tag', '-l')).toBe('v1.2.3\n');
  expect(ask('cat-file', 'blob', `${REVISION}:go.mod`)).toBe('module example.com/m\n\ngo 1.23\\n\tx\n');
});

test('Go 1.25 and later put --end-of-options before the revision', async () => {
  const ask = await asker();
  expect(ask(...LOG, '--end-of-options', REVISION, '--')).toBe(described);
  expect(ask('cat-file', '--end-of-options', 'blob', `${REVISION}:go.mod`)).toContain('module example.com/m');
  expect(ask('config', 'extensions.objectformat')).toBe(1);
});

test('without a tag the version stays (devel): the questions for it fail', async () => {
  const ask = await asker({ tag: null });
  expect(ask(...LOG, REVISION, '--')).toBe(128);
  expect(ask('tag', '-l')).toBe(1);
  expect(ask('-c', 'log.showsignature=false', 'log', '-1', '--format=%H:%ct')).toBe(`${REVISION}:${SECONDS}\n`);
});

test('for a pseudo-version the tags before the revision are listed, and the revision is found by its first digits too', async () => {
  const ask = await asker({ tag: null, ancestorTags: ['v1.2.2', 'v1.3.0-rc.1'] });
  const untagged = `${REVISION} ${SECONDS} HEAD -> main\n`;
  expect(ask(...LOG, REVISION, '--')).toBe(untagged);
  expect(ask(...LOG, '--end-of-options', REVISION.slice(0, 12), '--')).toBe(untagged);
  expect(ask('tag', '-l')).toBe('v1.2.2\nv1.3.0-rc.1\n');
  expect(ask('for-each-ref', '--format=%(refname)', `--merged=${REVISION}`)).toBe('refs/tags/v1.2.2\nrefs/tags/v1.3.0-rc.1\n');
  expect(ask('for-each-ref', '--format', '%(refname)', 'refs/tags', '--merged', REVISION)).toContain('refs/tags/v1.2.2\n');
  const first = await asker({ tag: null, ancestorTags: [] });
  expect(first('for-each-ref', '--format=%(refname)', `--merged=${REVISION}`)).toBe('');
});

test('a publisher’s modified tree is stamped as modified', async () => {
  expect((await asker({ modified: true }))('status', '--porcelain')).toBe(' M modified\n');
});

test('whatever else is asked fails', async () => {
  const ask = await asker();
  for (const args of [['fetch'], ['cat-file', 'blob', `${REVISION}:v2/go.mod`], ['config', '-l'], [], ['rev-parse', 'HEAD']])
    expect(ask(...args)).toBe(1);
});
