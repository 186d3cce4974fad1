/** A program of a few lines, with one dependency that has a build script: what cargo hashes of the host gets into every crate above it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CargoRecipe } from '@verbatim/statements';

// With rust-version, cargo writes a lockfile that the cargo of that Rust reads.
const MANIFEST = `[package]
name = "flags"
version = "0.1.0"
edition = "2021"
rust-version = "1.63"

[dependencies]
bitflags = "=1.2.1"

[profile.release]
opt-level = 1
`;
const MAIN = `bitflags::bitflags! {
    struct Flags: usize {
        const ODD = 1;
        const TWO = 2;
    }
}

fn main() {
    println!("{:?}", Flags::from_bits_truncate(std::env::args().count()));
}
`;
const NOBODY = { name: 'nobody', email: 'nobody@example.org', date: '2023-11-14T22:13:20Z' };

/** Makes its repository in `folder`, which is emptied first; the commit is the same each time. */
export function buildScriptCrate(folder: string): Pick<CargoRecipe, 'source' | 'lock' | 'package' | 'outputs'> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'Cargo.toml'), MANIFEST);
  writeFileSync(join(folder, 'src', 'main.rs'), MAIN);
  const env = {
    ...process.env,
    ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_DATE: NOBODY.date, GIT_COMMITTER_DATE: NOBODY.date },
  };
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', `user.name=${NOBODY.name}`, '-c', `user.email=${NOBODY.email}`, ...args], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
  git('init', '--quiet', '--initial-branch=main');
  git('add', 'Cargo.toml', 'src');
  git('commit', '--quiet', '--message=flags');
  const commit = git('rev-parse', 'HEAD').trim();
  execFileSync('cargo', ['generate-lockfile', '--quiet'], { cwd: folder });
  return {
    source: { kind: 'git', url: pathToFileURL(folder).href, commit },
    lock: readFileSync(join(folder, 'Cargo.lock'), 'utf8'),
    package: 'flags',
    outputs: [{ artifact: 'flags', target: 'aarch64-unknown-linux-gnu', crateType: 'bin', name: 'flags' }],
  };
}
