import { InMemoryLog } from '@verbatim/testkit';
import { bytesEqual, utf8Encode } from '@verbatim/tlog';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { codeOf, collect, logKey, temporaryFolder, writeLog } from './_support.ts';
import { LogReader } from './log-reader.ts';
import { openSource } from './source.ts';

describe('a folder as a source', () => {
  it('holds a whole log', async () => {
    const log = new InMemoryLog();
    for (let i = 0; i < 300; i++) log.add(utf8Encode(`entry ${i}`));
    const source = await openSource(await writeLog(log.tiles()));
    const { tree } = await new LogReader({ source, logKey: logKey(log) }).latest();
    const entries = await collect(tree.entries(0n));
    expect(entries.length).toBe(300);
    expect(entries.every(({ index, entry }) => bytesEqual(entry, log.entry(index)))).toBe(true);
  });

  it('gives null for what is not there', async () => {
    const source = await openSource(pathToFileURL(await temporaryFolder()).href);
    expect(await source.get('checkpoint', { limit: 10 })).toBeNull();
  });

  it('refuses huge files, folders, devices and pipes', async () => {
    const folder = await temporaryFolder();
    const source = await openSource(pathToFileURL(folder).href);
    await writeFile(join(folder, 'huge'), '');
    await truncate(join(folder, 'huge'), 2 ** 40);
    expect(await codeOf(source.get('huge', { limit: 1000 }))).toBe('too-large');
    await mkdir(join(folder, 'folder'));
    expect(await codeOf(source.get('folder', { limit: 1000 }))).toBe('malformed');
    await symlink('/dev/zero', join(folder, 'endless'));
    expect(await codeOf(source.get('endless', { limit: 1000 }))).toBe('malformed');
  });

  it('has spaces and other letters in its name', async () => {
    const folder = join(await temporaryFolder(), 'a log, with ümläuts %20');
    await mkdir(folder);
    await writeFile(join(folder, 'checkpoint'), 'note');
    const location = pathToFileURL(folder).href;
    expect(fileURLToPath(location)).toBe(folder);
    expect((await (await openSource(location)).get('checkpoint', { limit: 10 }))!.length).toBe(4);
  });

  it('does not hang on a pipe', async () => {
    const folder = await temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'checkpoint')]);
    const source = await openSource(pathToFileURL(folder).href);
    expect(await codeOf(source.get('checkpoint', { limit: 10 }))).toBe('malformed');
  });
});
