import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CargoRecipe } from '@verbatim/statements';
import { aCargoRecipe } from '@verbatim/testkit';
import { hostPlatform } from '../platform.ts';
import { hostTripleOf } from './host-triple.ts';
import { installedRust, type InstalledRust } from './installed.ts';

export const HOST = hostPlatform();
export const TRIPLE = hostTripleOf(HOST);

/** A small program with a build script, a procedural macro and a dependency that panics, so that its path is in the binary. */
const FILES = {
  'Cargo.toml': [
    ...['[package]', 'name = "toy"', 'version = "0.1.0"', 'edition = "2021"', ''],
    ...['[lib]', 'name = "addon"', 'crate-type = ["cdylib"]', '', '[[bin]]', 'name = "toy"', 'path = "src/main.rs"', ''],
    ...['[dependencies]', 'memchr = "=2.7.4"', 'paste = "=1.0.15"', '', '[profile.release]', 'opt-level = 1', ''],
  ].join('\n'),
  'build.rs': 'fn main() {\n    println!("cargo:rustc-env=TOY_TARGET={}", std::env::var("TARGET").unwrap());\n}\n',
  'src/lib.rs': [
    '#[no_mangle]',
    'pub unsafe extern "C" fn find(data: *const u8, length: usize) -> usize {',
    '    memchr::memmem::find(std::slice::from_raw_parts(data, length), b"needle").unwrap()',
    '}',
    '',
  ].join('\n'),
  'src/main.rs': [
    'fn main() {',
    '    let text = std::env::args().nth(1).expect("a word");',
    '    paste::paste! { let [<found _here>] = memchr::memmem::find(text.as_bytes(), b"needle"); }',
    '    println!("{} {}", env!("TOY_TARGET"), found_here.unwrap());',
    '}',
    '',
  ].join('\n'),
};

export interface Toy {
  readonly source: Extract<CargoRecipe['source'], { readonly kind: 'git' }>;
  readonly lock: string;
}

/** Its repository in `folder`, at one commit; the lockfile is not in it. */
export function toyRepository(folder: string): Toy {
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const environment = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: folder,
      env: environment,
      encoding: 'utf8',
    });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '--message=toy');
  const commit = git('rev-parse', 'HEAD').trim();
  execFileSync('cargo', ['generate-lockfile', '--quiet'], { cwd: folder });
  // A local address, which no log admits.
  return { source: { kind: 'git', url: pathToFileURL(folder).href, commit }, lock: readFileSync(join(folder, 'Cargo.lock'), 'utf8') };
}

let rust: InstalledRust | null = null;

/** The Rust of this machine, as a recipe pins it. */
export async function installed(): Promise<InstalledRust> {
  const version = /^rustc (\S+)/.exec(execFileSync('rustc', ['--version'], { encoding: 'utf8' }))![1]!;
  const found = rust ?? (await installedRust(version, []));
  if (found.kind === 'unavailable') throw new Error(found.detail);
  return (rust = found);
}

const REMAPPED: CargoRecipe['remaps'] = (['source', 'vendor', 'cargo-home', 'sysroot', 'target'] as const).map((from) => ({
  from,
  to: `/${from}`,
}));

/** Builds the toy as its publisher would want it. */
export async function toyRecipe({ source, lock }: Toy, changes: Parameters<typeof aCargoRecipe>[0] = {}): Promise<CargoRecipe> {
  const { version, commit, digest } = await installed();
  return aCargoRecipe({
    ...{ source, lock, package: 'toy', features: [], profile: { name: 'release' }, rustflags: [], remaps: REMAPPED, env: {}, strip: null },
    toolchain: { kind: 'dist', version, commit, manifest: null, digests: { [HOST]: digest } },
    hostTriple: TRIPLE,
    outputs: [{ artifact: 'toy', target: TRIPLE, crateType: 'bin', name: 'toy' }],
    ...changes,
  });
}
