/** What registries and their clients hand to a rebuilder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipHash1 } from '@verbatim/builder';
import { utf8Encode } from '@verbatim/tlog';
import { archiveOf } from '../../../packages/builder/src/cargo/dist.ts';
import { parseLock } from '../../../packages/builder/src/cargo/lock.ts';
import { parseControl } from '../../../packages/builder/src/debian/bootstrap.ts';
import { sourceFilesOf, sourceOf } from '../../../packages/builder/src/debian/infer.ts';
import { parseReports } from '../../../packages/builder/src/go/download.ts';
import { parseWheelName } from '../../../packages/builder/src/receive/pypi.ts';
import { extractTarMember } from '../../../packages/builder/src/receive/tar-member.ts';
import { extractZipMember } from '../../../packages/builder/src/receive/zip-member.ts';
import { files, tarOf, zipOf } from '../archives.ts';
import { must, refusesWith, type Target } from '../target.ts';

const folder = mkdtempSync(join(tmpdir(), 'verbatim-fuzz-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const LOCK = `version = 4

[[package]]
name = "sd"
version = "1.0.0"
dependencies = ["clap"]

[[package]]
name = "clap"
version = "4.5.0"
source = "registry+https://example.org/index"
checksum = "${'a'.repeat(64)}"
`;
const MANIFEST = `manifest-version = "2"
[pkg.rustc.target.x86_64-unknown-linux-gnu]
available = true
url = "https://example.org/dist/2026-01-01/rustc-1.95.0-x86_64-unknown-linux-gnu.tar.gz"
hash = "${'b'.repeat(64)}"
`;
const MEMBER = 'package/bin/tool';

/** Writes the archive and takes the member out of it, into files that are gone again afterwards. */
async function extract(input: Uint8Array, by: typeof extractTarMember): Promise<boolean> {
  const [archive, to] = [join(folder, 'archive'), join(folder, 'member')];
  rmSync(to, { force: true });
  writeFileSync(archive, input);
  const refused = await by({ archive, path: MEMBER, to, maxBytes: 1 << 20 });
  must(refused === null || refused.reason !== 'host-disk-full', 'a full disk was found in the archive');
  return refused === null;
}

export const BUILDER: readonly Target[] = [
  {
    name: 'builder-cargo-lock',
    shape: 'text',
    seeds: [utf8Encode(LOCK)],
    accepts(input) {
      const crates = parseLock(input);
      if ('kind' in crates) return false;
      must(
        crates.every(({ name, version, sha256 }) => /^[\w-]+$/.test(name) && /^[\w.+-]+$/.test(version) && /^[0-9a-f]{64}$/.test(sha256)),
        'a crate that is none',
      );
      return true;
    },
  },
  {
    name: 'builder-rust-manifest',
    shape: 'text',
    seeds: [utf8Encode(MANIFEST)],
    accepts(input) {
      const archive = archiveOf(Buffer.from(input).toString('utf8'), 'rustc-x86_64-unknown-linux-gnu');
      if ('kind' in archive) return false;
      must(!archive.path.split('/').includes('..') && !archive.path.startsWith('/'), 'an archive elsewhere');
      return true;
    },
  },
  {
    name: 'builder-go-reports',
    shape: 'text',
    seeds: [
      utf8Encode('{\n\t"Path": "example.com/m",\n\t"Version": "v1.2.3"\n}\n{\n\t"Path": "example.com/n",\n\t"Error": "410 Gone"\n}\n'),
    ],
    accepts: (input) => refusesWith(() => void parseReports(Buffer.from(input).toString('utf8')), SyntaxError),
  },
  {
    name: 'builder-debian-texts',
    shape: 'text',
    seeds: [
      utf8Encode(`Package: hello\nSource: hi (1.0-1)\n'http://deb.example/hi_1.0.dsc' hi_1.0.dsc 1234 SHA256:${'c'.repeat(64)}\n`),
      utf8Encode('Package: x\nSource: y\nEssential: yes\nDepends: a (>= 1), b | c\n'),
    ],
    accepts(input) {
      const text = Buffer.from(input).toString('utf8');
      const { name } = sourceOf(text, 'hello', '1.0');
      must(!/\s/.test(name), 'a name with spaces');
      for (const line of text.split('\n')) parseControl(line);
      return sourceFilesOf(text).length > 0 || name !== 'hello';
    },
  },
  {
    name: 'builder-wheel-name',
    shape: 'text',
    seeds: ['shfmt_py-4.2.0-py2.py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl', 'rust_just-1.50.0-py3-none-any.whl'].map(
      utf8Encode,
    ),
    accepts(input) {
      const wheel = parseWheelName(Buffer.from(input).toString('utf8'));
      // They become arguments of pip's: none may look like an option of its own.
      must(
        wheel === null || wheel.options.every((option, i) => i % 2 === 0 || option.startsWith('--') || !option.startsWith('-')),
        'an option in a name',
      );
      return wheel !== null;
    },
  },
  {
    name: 'builder-tar-member',
    shape: 'bytes',
    seeds: [tarOf(files, true)],
    runs: 300,
    accepts: (input) => extract(input, extractTarMember),
  },
  { name: 'builder-zip-member', shape: 'bytes', seeds: [zipOf(files)], runs: 300, accepts: (input) => extract(input, extractZipMember) },
  {
    name: 'builder-zip-h1',
    shape: 'bytes',
    seeds: [zipOf(files)],
    runs: 300,
    async accepts(input) {
      const archive = join(folder, 'module.zip');
      writeFileSync(archive, input);
      return (await zipHash1(archive, { maxBytes: 1 << 20 })) !== null;
    },
  },
];
