// Test helper: a Debian source package that needs no compiler, and what a recipe says of it.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { keepFile } from '../cache/files.ts';

const CONTROL = `Source: toy
Section: misc
Priority: optional
Maintainer: A Tester <tester@mail.example>
Standards-Version: 4.6.2

Package: toy
Architecture: any
Description: a package for tests
`;

const CHANGELOG = `toy (1.0) bookworm; urgency=low

  * First.

 -- A Tester <tester@mail.example>  Fri, 01 Jan 2021 12:00:00 +0000
`;

/** It says where and when it was built, and by whom. */
const RULES = `#!/usr/bin/make -f
build build-arch:
clean:
binary binary-arch:
\tmkdir -p debian/toy/DEBIAN debian/toy/usr/share/toy
\tprintf '%s\\n' "$(CURDIR)" "$$SOURCE_DATE_EPOCH" "$$(id -u)" >debian/toy/usr/share/toy/facts
\tcp data debian/toy/usr/share/toy/data
\tdpkg-gencontrol -ptoy -Pdebian/toy
\tdpkg-deb --build debian/toy ..
`;

export const DATA = 'what the source brings\n';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function tarball(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(files))
    tar.entry({ name: `toy-1.0/${name}`, mode: name.endsWith('rules') ? 0o755 : 0o644 }, text);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

/** Puts the package's two files where the cache keeps files. @returns the source as recipes name it */
export async function keepToyPackage(cacheDir: string, folder: string, { broken = false } = {}) {
  const tar = await tarball({
    data: DATA,
    'debian/control': CONTROL,
    'debian/changelog': CHANGELOG,
    'debian/rules': RULES,
    'debian/source/format': '3.0 (native)\n',
  });
  const digest = broken ? '0'.repeat(64) : sha256(tar);
  const dsc = [
    ...['Format: 3.0 (native)', 'Source: toy', 'Binary: toy', 'Architecture: any', 'Version: 1.0'],
    ...['Maintainer: A Tester <tester@mail.example>', 'Checksums-Sha256:', ` ${digest} ${tar.length} toy_1.0.tar.gz`],
    ...['Files:', ` ${createHash('md5').update(tar).digest('hex')} ${tar.length} toy_1.0.tar.gz`, ''],
  ].join('\n');
  const files = [];
  for (const [name, bytes] of [
    ['toy_1.0.dsc', Buffer.from(dsc)],
    ['toy_1.0.tar.gz', tar],
  ] as const) {
    const path = join(folder, name);
    await writeFile(path, bytes);
    await keepFile(cacheDir, sha256(bytes), path);
    files.push({ name, sha256: sha256(bytes) });
  }
  return { kind: 'debian', name: 'toy', version: '1.0', files } as const;
}
