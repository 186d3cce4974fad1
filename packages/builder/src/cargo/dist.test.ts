import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { writeArchive, type Member } from './_archive.ts';
import { componentsOf, digestOfFiles, type RustRequest } from './components.ts';
import { archiveOf } from './dist.ts';
import { manifestFiles } from './host-toolchain.ts';
import { takeRust } from './toolchain.ts';

const TRIPLE = 'x86_64-unknown-linux-gnu';
const OTHER = 'aarch64-unknown-linux-gnu';
const triples = { host: TRIPLE, targets: [TRIPLE, OTHER] };
/** A distribution of four components, in small. Paths and contents are made up, the layout is the real one. */
const COMPONENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [`rustc-${TRIPLE}`]: { 'bin/rustc': '#!/bin/sh\n', 'lib/libdriver.so': 'driver', 'share/doc/rust/README.md': 'read me' },
  [`cargo-${TRIPLE}`]: { 'bin/cargo': '#!/bin/sh\necho cargo\n' },
  [`rust-std-${TRIPLE}`]: { [`lib/rustlib/${TRIPLE}/lib/libstd.rlib`]: 'std' },
  [`rust-std-${OTHER}`]: { [`lib/rustlib/${OTHER}/lib/libstd.rlib`]: 'std of another' },
};
const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

interface Mirror {
  readonly folder: string;
  readonly digest: string;
  readonly manifest: string;
  readonly request: (changes?: Partial<RustRequest>) => RustRequest;
}

/** A distribution server as a folder, by file:// address. */
async function mirror(extra: readonly Member[] = []): Promise<Mirror> {
  const folder = await temporaryFolder();
  const lines = ['manifest-version = "2"', 'date = "2026-04-14"'];
  for (const [component, files] of Object.entries(COMPONENTS)) {
    const [, name, triple] = /^(rustc|cargo|rust-std)-(.+)$/.exec(component)!;
    const top = `${name}-1.95.0-${triple}`;
    const inner = name === 'rust-std' ? component : name!;
    const path = `2026-04-14/${top}.tar.gz`;
    await mkdir(join(folder, 'dist/2026-04-14'), { recursive: true });
    await writeArchive(join(folder, 'dist', path), [
      { name: `${top}/components`, content: `${inner}\n` },
      {
        name: `${top}/${inner}/manifest.in`,
        content: Object.keys(files)
          .map((each) => `file:${each}\n`)
          .join(''),
      },
      ...Object.entries(files).map(([file, content]) => ({
        name: `${top}/${inner}/${file}`,
        content,
        mode: file.startsWith('bin/') ? 0o755 : 0o644,
      })),
      ...(name === 'cargo' ? extra : []),
    ]);
    const hash = sha256(await readFile(join(folder, 'dist', path)));
    lines.push(`[pkg.${name}.target.${triple}]`, 'available = true', `url = "https://server.example/dist/${path}"`, `hash = "${hash}"`);
  }
  const manifest = `${lines.join('\n')}\n`;
  await writeFile(join(folder, 'dist/channel-rust-1.95.0.toml'), manifest);
  const files = Object.assign({}, ...Object.values(COMPONENTS)) as Record<string, string>;
  const digest = digestOfFiles(
    Object.keys(files)
      .sort()
      .map((path) => ({ path, sha256: sha256(files[path]!) })),
  );
  const cacheDir = await temporaryFolder();
  const request = (changes: Partial<RustRequest> = {}): RustRequest => ({
    version: '1.95.0',
    commit: 'c'.repeat(40),
    manifest: sha256(manifest),
    host: 'linux/amd64',
    triples,
    digest,
    cacheDir,
    cacheBytes: 1_000_000,
    environment: { RUSTUP_DIST_SERVER: pathToFileURL(folder).href, HOME: '/nowhere' },
    offline: false,
    timeout: 200_000,
    log: () => {},
    ...changes,
  });
  return { folder, digest, manifest, request };
}

test('the components of a distribution server are taken, checked file by file, and kept', async () => {
  const { folder, digest, request } = await mirror();
  const taken = await takeRust(request());
  if (taken.kind === 'unavailable') throw new Error(taken.detail);
  expect([taken.name, taken.version, taken.digest]).toEqual(['rust', '1.95.0', digest]);
  expect(taken.files.map(({ path }) => path)).toContain(`lib/rustlib/${OTHER}/lib/libstd.rlib`);
  expect((await stat(join(taken.dir, 'bin/rustc'))).mode & 0o111).not.toBe(0);
  await taken[Symbol.asyncDispose]();

  // A second time nobody is asked.
  await rm(folder, { recursive: true });
  const again = await takeRust(request({ offline: true }));
  expect(again).toMatchObject({ kind: 'toolchain', digest });
  if (again.kind === 'toolchain') await again[Symbol.asyncDispose]();
});

test('what is wrong in the cache is fetched again', async () => {
  const { request } = await mirror();
  const taken = await takeRust(request());
  if (taken.kind === 'unavailable') throw new Error(taken.detail);
  await taken[Symbol.asyncDispose]();
  await chmod(join(taken.dir, 'bin/rustc'), 0o755);
  await writeFile(join(taken.dir, 'bin/rustc'), 'poisoned');
  const again = await takeRust(request());
  if (again.kind === 'unavailable') throw new Error(again.detail);
  expect(await readFile(join(again.dir, 'bin/rustc'), 'utf8')).toBe('#!/bin/sh\n');
  await again[Symbol.asyncDispose]();
});

test.each<[string, (found: Mirror) => Promise<Partial<RustRequest>>, string]>([
  ['another channel manifest than the recipe pins', async () => ({ manifest: 'f'.repeat(64) }), 'checksum-mismatch'],
  ['other files than the recipe pins', async () => ({ digest: `sha256:${'f'.repeat(64)}` }), 'checksum-mismatch'],
  [
    'an archive that is not the manifest’s',
    async ({ folder }) => {
      await writeFile(join(folder, `dist/2026-04-14/cargo-1.95.0-${TRIPLE}.tar.gz`), 'x');
      return {};
    },
    'checksum-mismatch',
  ],
  [
    'no such component',
    async ({ folder, manifest }) => {
      const without = manifest.replace(`[pkg.cargo.target.${TRIPLE}]\navailable = true`, `[pkg.cargo.target.${TRIPLE}]\navailable = false`);
      await writeFile(join(folder, 'dist/channel-rust-1.95.0.toml'), without);
      return { manifest: null };
    },
    'toolchain-unavailable',
  ],
  ['a version that the server lacks', async () => ({ version: '1.94.0', manifest: null }), 'toolchain-unavailable'],
  ['no server, and none installed', async () => ({ environment: { HOME: '/nowhere' } }), 'toolchain-unavailable'],
  [
    'an unprotected server',
    async () => ({ environment: { HOME: '/nowhere', RUSTUP_DIST_SERVER: 'http://mirror.example' } }),
    'toolchain-unavailable',
  ],
  ['no network', async () => ({ offline: true }), 'toolchain-unavailable'],
])('with %s there is a reason, and nothing is kept', async (_, change, reason) => {
  const found = await mirror();
  const request = found.request(await change(found));
  expect(await takeRust(request)).toMatchObject({ kind: 'unavailable', reason });
  expect(await readdir(join(request.cacheDir, 'toolchains')).catch(() => [])).toEqual([]);
});

test('a component with a link in it is refused', async () => {
  const { request } = await mirror([{ name: `cargo-1.95.0-${TRIPLE}/evil`, type: 'symlink', linkname: '/etc' }]);
  expect(await takeRust(request({ manifest: null }))).toMatchObject({ reason: 'malformed-archive' });
});

test('without a server the message says what to set', async () => {
  const { request } = await mirror();
  expect(await takeRust(request({ environment: { HOME: '/nowhere' } }))).toMatchObject({
    detail: expect.stringContaining('set RUSTUP_DIST_SERVER'),
  });
});

test.each([
  'https://server.example/dist/../../etc/x.tar.gz',
  'https://server.example/other/x.tar.gz',
  'https://server.example/dist/x.tar.xz',
])('an archive at %s is not fetched', (url) => {
  const manifest = `manifest-version = "2"\n[pkg.cargo.target.${TRIPLE}]\navailable = true\nurl = "${url}"\nhash = "${'a'.repeat(64)}"\n`;
  expect(archiveOf(manifest, `cargo-${TRIPLE}`)).toMatchObject({ reason: 'toolchain-unavailable' });
});

test('an installer’s manifest lists files below the root only', () => {
  expect(manifestFiles('file:bin/rustc\ndir:share/doc\nfile:../evil\nfile:/etc/passwd\nfile:a//b\n')).toEqual(['bin/rustc']);
});

test('each target has its standard library, once', () => {
  expect(componentsOf(triples)).toEqual([`rustc-${TRIPLE}`, `cargo-${TRIPLE}`, `rust-std-${TRIPLE}`, `rust-std-${OTHER}`]);
});
