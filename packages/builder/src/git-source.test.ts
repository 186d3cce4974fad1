import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from './_temporary.ts';
import { fetchGitSource, type GitRequest } from './git-source.ts';

const env = {
  PATH: process.env['PATH']!,
  HOME: '/nowhere',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

/** A repository with two commits; the first is reachable by history only. */
async function repository(format = 'sha1') {
  const root = await temporaryFolder();
  const work = join(root, 'work');
  mkdirSync(work);
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: work, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  git('init', '-q', `--object-format=${format}`, '.');
  writeFileSync(join(work, 'file'), 'one\n');
  writeFileSync(join(work, 'run'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('file', join(work, 'link'));
  // What a checkout would obey, given a chance: filters, hooks, substitution.
  writeFileSync(join(work, '.gitattributes'), 'file filter=evil export-subst export-ignore\n');
  git('add', '-A');
  git('commit', '-qm', 'one');
  const first = git('rev-parse', 'HEAD');
  writeFileSync(join(work, 'file'), 'two\n');
  git('commit', '-qam', 'two');
  const fetch = (commit: string, changes: Partial<GitRequest> = {}) => {
    mkdirSync(join(root, 'scratch'), { recursive: true });
    return fetchGitSource({
      url: pathToFileURL(work).href,
      commit,
      dir: join(root, 'source'),
      scratch: join(root, 'scratch'),
      network: {},
      protocols: ['file'],
      timeout: 200_000,
      ...changes,
    });
  };
  return { root, work, first, last: git('rev-parse', 'HEAD'), fetch, git };
}

test('the files of exactly the commit are written, without the repository', async () => {
  const { root, first, fetch } = await repository();
  expect(await fetch(first)).toBeNull();
  const source = join(root, 'source');
  expect(readdirSync(source).sort()).toEqual(['.gitattributes', 'file', 'link', 'run']);
  expect(readFileSync(join(source, 'file'), 'utf8')).toBe('one\n');
  expect(readlinkSync(join(source, 'link'))).toBe('file');
  expect(statSync(join(source, 'run')).mode & 0o111).not.toBe(0);
  expect(existsSync(join(root, 'scratch', 'git'))).toBe(false);
});

test('a repository with SHA-256 names works too', async () => {
  const { root, last, fetch } = await repository('sha256');
  expect(last).toHaveLength(64);
  expect(await fetch(last)).toBeNull();
  expect(readFileSync(join(root, 'source', 'file'), 'utf8')).toBe('two\n');
});

test('a commit that is not there is unavailable, and so is the name of something else', async () => {
  const { work, fetch, git } = await repository();
  expect(await fetch('0'.repeat(40))).toMatchObject({ kind: 'unavailable', reason: 'commit-unavailable', transient: false });
  git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  const tree = git('rev-parse', 'HEAD^{tree}');
  expect(await fetch(tree)).toMatchObject({ kind: 'unavailable', reason: 'commit-unavailable' });
  expect(existsSync(work)).toBe(true);
});

test('an abbreviated name or another text is no commit', async () => {
  const { first, fetch } = await repository();
  for (const commit of [first.slice(0, 12), 'HEAD', 'main', `${first}^`, '--upload-pack=touch x']) {
    await expect(fetch(commit)).rejects.toMatchObject({ code: 'bad-option' });
  }
});

test('transports that run programs are refused', async () => {
  const { root, first, fetch } = await repository();
  const marker = join(root, 'marker');
  const outcome = await fetch(first, { url: `ext::sh -c "touch% ${marker}"`, protocols: ['https'] });
  expect(outcome).toMatchObject({ kind: 'unavailable' });
  expect(existsSync(marker)).toBe(false);
  expect(await fetch(first, { protocols: ['https'] })).toMatchObject({ kind: 'unavailable' });
});

test('a source with a link that leads out of it is refused: who reads it on the host would follow', async () => {
  const { work, fetch, git } = await repository();
  symlinkSync('../../node.key', join(work, 'go.mod'));
  git('add', '-A');
  git('commit', '-qm', 'three');
  expect(await fetch(git('rev-parse', 'HEAD'))).toMatchObject({
    reason: 'unsafe-source',
    transient: false,
    detail: expect.stringContaining('go.mod'),
  });
});

test('a commit of more than it may hold is refused before its list is read into memory', async () => {
  const { last, fetch, git, work } = await repository();
  expect(await fetch(last, { maxBytes: 1000 })).toMatchObject({
    reason: 'inputs-too-large',
    detail: expect.stringMatching(/at most 1000 bytes .* found \d{4}$/),
  });
  const blob = git('rev-parse', 'HEAD:file');
  const mktree = (lines: string): string => execFileSync('git', ['mktree'], { cwd: work, env, input: lines, encoding: 'utf8' }).trim();
  const hundred = (mode: string, type: string, id: string): string =>
    Array.from({ length: 100 }, (_, number) => `${mode} ${type} ${id}\t${number}\n`).join('');
  let tree = mktree(hundred('100644', 'blob', blob));
  for (let depth = 0; depth < 3; depth++) tree = mktree(hundred('040000', 'tree', tree));
  git('update-ref', 'refs/heads/bomb', git('commit-tree', '-m', 'bomb', tree));
  // A hundred million files: whoever looks at them all is not done within the test's time.
  expect(await fetch(git('rev-parse', 'bomb'), { maxBytes: 1e12 })).toMatchObject({
    reason: 'inputs-too-large',
    detail: expect.stringContaining('found more'),
  });
});

test('a commit that was fetched once is had without its server, and without one that was not', async () => {
  const { root, work, first, last, fetch } = await repository();
  const cacheDir = join(root, 'cache');
  const again = async (commit: string, offline: boolean) => {
    rmSync(join(root, 'source'), { recursive: true, force: true });
    return fetch(commit, { cacheDir, offline });
  };
  expect(await again(first, false)).toBeNull();
  renameSync(work, join(root, 'gone'));
  expect(await again(first, true)).toBeNull();
  expect(readFileSync(join(root, 'source', 'file'), 'utf8')).toBe('one\n');
  expect(await again(last, true)).toMatchObject({ reason: 'commit-unavailable', detail: expect.stringContaining('import its inputs') });
});

test('a kept commit whose objects were changed is fetched from its server, never used', async () => {
  const { root, first, fetch } = await repository();
  const cacheDir = join(root, 'cache');
  expect(await fetch(first, { cacheDir })).toBeNull();
  rmSync(join(root, 'source'), { recursive: true });
  const objects = join(cacheDir, 'commits', `${first}.git`, 'objects');
  const packs = (readdirSync(objects, { recursive: true }) as string[])
    .map((name) => join(objects, name))
    .filter((path) => statSync(path).isFile());
  for (const path of packs) {
    chmodSync(path, 0o600);
    writeFileSync(path, 'poisoned');
  }
  expect(await fetch(first, { cacheDir, offline: true })).not.toBeNull();
  rmSync(join(root, 'source'), { recursive: true, force: true });
  expect(await fetch(first, { cacheDir })).toBeNull();
  expect(readFileSync(join(root, 'source', 'file'), 'utf8')).toBe('one\n');
  // It has been replaced.
  rmSync(join(root, 'source'), { recursive: true });
  expect(await fetch(first, { cacheDir, offline: true })).toBeNull();
});
