import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { extractTarMember } from './tar-member.ts';

type Entry = readonly [header: Partial<Header> & { name: string }, content?: string | Buffer];

async function archiveOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content = ''] of entries) tar.entry(header, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function extracted(archive: Buffer, maxBytes = 1_000_000) {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'a.tgz'), archive);
  const to = join(folder, 'artifact');
  const outcome = await extractTarMember({ archive: join(folder, 'a.tgz'), path: 'package/bin/x', to, maxBytes });
  return { outcome, content: existsSync(to) ? readFileSync(to, 'utf8') : null };
}

const others: readonly Entry[] = [[{ name: 'package/package.json' }, '{}'], [{ name: 'package/bin', type: 'directory' }]];

test('the member’s bytes are written, whatever stands around it', async () => {
  const archive = gzipSync(await archiveOf([...others, [{ name: 'package/bin/x', mode: 0o755 }, 'hello'], [{ name: 'package/z' }, 'z']]));
  expect(await extracted(archive)).toEqual({ outcome: null, content: 'hello' });
});

test('a member that is not there is said to be missing', async () => {
  expect((await extracted(gzipSync(await archiveOf(others)))).outcome).toMatchObject({ reason: 'member-missing', transient: false });
  const near = gzipSync(
    await archiveOf([
      [{ name: './package/bin/x' }, 'a'],
      [{ name: 'package/bin/x/' }, ''],
    ]),
  );
  expect((await extracted(near)).outcome).toMatchObject({ kind: 'unavailable' });
});

test('an archive with the member twice has two meanings', async () => {
  const archive = gzipSync(
    await archiveOf([
      [{ name: 'package/bin/x' }, 'one'],
      [{ name: 'package/bin/x' }, 'two'],
    ]),
  );
  expect((await extracted(archive)).outcome).toMatchObject({ reason: 'malformed-archive' });
});

test('a link is not a file', async () => {
  for (const type of ['symlink', 'link'] as const) {
    const archive = gzipSync(await archiveOf([[{ name: 'package/bin/x', type, linkname: '/etc/passwd' }]]));
    expect(await extracted(archive)).toMatchObject({ outcome: { reason: 'malformed-archive' }, content: null });
  }
});

test('a bomb is stopped at the limit', async () => {
  const archive = gzipSync(
    await archiveOf([
      [{ name: 'package/zeros' }, Buffer.alloc(3_000_000)],
      [{ name: 'package/bin/x' }, 'x'],
    ]),
  );
  expect(archive.length).toBeLessThan(10_000);
  expect((await extracted(archive)).outcome).toMatchObject({ reason: 'too-large' });
});

test('what is no archive, or half of one, is malformed', async () => {
  const whole = gzipSync(await archiveOf([[{ name: 'package/bin/x' }, 'x'.repeat(5000)]]), { level: 0 });
  for (const archive of [
    Buffer.from('not gzip'),
    whole.subarray(0, 2000),
    gzipSync('not tar, but long enough to be read as a header'.repeat(20)),
  ]) {
    expect((await extracted(archive)).outcome).toMatchObject({ reason: 'malformed-archive' });
  }
});
