import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { debOf, Folder, tarOf } from './_archives.ts';
import { debMembers } from './deb-members.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const CONTROL = 'Package: hello\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\nDescription: test\n';

/** A package that dpkg-deb made of a folder which `script` filled. */
function dpkgDeb(script: string, compressor = 'xz'): Uint8Array {
  using folder = new Folder({ 'root/DEBIAN/control': CONTROL });
  return folder.run(
    `umask 022; chmod 755 root root/DEBIAN; cd root; ${script}; cd ..; dpkg-deb --root-owner-group -Z${compressor} --build root x.deb >/dev/null; cat x.deb`,
  );
}

test.each(['xz', 'gzip', 'zstd', 'none'])('files, folders and links of a package packed by dpkg-deb with %s', async (compressor) => {
  const deb = dpkgDeb(
    'mkdir -p usr/bin; printf hello >usr/bin/hello; chmod 4755 usr/bin/hello; ln -s hello usr/bin/hi; ln usr/bin/hello usr/bin/ho',
    compressor,
  );
  const members = await debMembers(deb);
  const file = { type: 'file', mode: 0o4755, size: 5, sha256: sha256('hello') };
  expect(new Map(members.map(({ path, ...rest }) => [path, rest]))).toEqual(
    new Map<string, object>([
      ['usr', { type: 'folder', mode: 0o755, size: 0, sha256: sha256('') }],
      ['usr/bin', { type: 'folder', mode: 0o755, size: 0, sha256: sha256('') }],
      ['usr/bin/hello', file],
      ['usr/bin/hi', { type: 'link', mode: 0o777, size: 5, sha256: sha256('hello') }],
      ['usr/bin/ho', file],
    ]),
  );
});

test('times and owners do not matter', async () => {
  const files = { 'usr/bin/hello': 'hello' };
  const [one, other] = [debOf(files), debOf(files, { time: 1_600_000_000, tar: '--owner=7 --mtime=@1600000000' })];
  expect(Buffer.compare(one, other)).not.toBe(0);
  expect(await debMembers(one)).toEqual(await debMembers(other));
});

test('what is no package, or has a device, has no members', async () => {
  await expect(debMembers(tarOf({ a: 'x' }))).rejects.toThrow(/expected a Debian package/);
  await expect(debMembers(new Uint8Array())).rejects.toThrow(/expected a Debian package/);
  using folder = new Folder({ x: 'x' });
  await expect(debMembers(folder.run('ar rc x.a x; cat x.a'))).rejects.toThrow(/expected a Debian package with one data archive/);
  await expect(debMembers(dpkgDeb('mkfifo fifo'))).rejects.toThrow(/neither a file, a folder nor a link/);
});
