// Test helper: small Rust programs, built for real by the machine's rustc and cargo, without any network.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Files = Readonly<Record<string, string>>;

export interface Run {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Name of the machine that the build sees. */
  readonly hostname?: string;
  /** Another toolchain of rustup's. */
  readonly toolchain?: string;
}

/** A folder with `files`, removed by `using`. */
export class RustFolder implements Disposable {
  readonly path: string;

  constructor(files: Files, name = 'verbatim-rust-') {
    this.path = mkdtempSync(join(tmpdir(), name));
    this.write(files);
  }

  write(files: Files): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), text);
    }
  }

  /** `rustc src/main.rs` with these flags, in this folder: the program. */
  rustc(flags: readonly string[] = [], options: Run = {}): Uint8Array {
    const source = flags.find((flag) => flag.endsWith('.rs')) ?? 'src/main.rs';
    const others = flags.filter((flag) => flag !== source);
    this.#run('rustc', ['--edition=2021', '--crate-name=hello', '-Copt-level=1', ...others, '-o', 'out.bin', source], options);
    return this.#take('out.bin');
  }

  /** `cargo build --release` of a workspace of its own, from nothing: the program `hello`. */
  cargo(flags: readonly string[] = [], options: Run = {}): Uint8Array {
    rmSync(join(this.path, 'target'), { recursive: true, force: true });
    this.#run('cargo', ['build', '--quiet', '--release', ...flags], options);
    return this.#take('target/release/hello');
  }

  /** A line of shell in this folder. */
  shell(script: string): Uint8Array {
    return new Uint8Array(execFileSync('/bin/sh', ['-ec', script], { cwd: this.path, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } }));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #take(name: string): Uint8Array {
    const bytes = readFileSync(join(this.path, name));
    rmSync(join(this.path, name));
    return new Uint8Array(bytes);
  }

  #run(tool: 'rustc' | 'cargo', args: readonly string[], { env = {}, hostname, toolchain }: Run): void {
    const command = [tool, ...(toolchain === undefined ? [] : [`+${toolchain}`]), ...args];
    const named =
      hostname === undefined
        ? command
        : ['bwrap', '--dev-bind', '/', '/', '--unshare-user', '--unshare-uts', '--hostname', hostname, ...command];
    const { PATH, HOME, RUSTUP_HOME, CARGO_HOME } = process.env;
    const known = Object.entries({ PATH, HOME, RUSTUP_HOME, CARGO_HOME }).filter(([, value]) => value !== undefined);
    execFileSync(named[0]!, named.slice(1), {
      cwd: this.path,
      env: {
        ...Object.fromEntries(known),
        LC_ALL: 'C',
        TZ: 'UTC',
        CARGO_NET_OFFLINE: 'true',
        CARGO_INCREMENTAL: '0',
        ...env,
      } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}

/** A package `hello` with these sources; `build` is its build script. */
export function packageOf(
  main: string,
  { build, manifest = '', ...more }: { build?: string; manifest?: string } & Record<string, string> = {},
): Files {
  return {
    'Cargo.toml': `[package]\nname = "hello"\nversion = "0.1.0"\nedition = "2021"\n[profile.release]\nopt-level = 1\n${manifest}`,
    'src/main.rs': main,
    ...(build === undefined ? {} : { 'build.rs': build }),
    ...more,
  };
}

/** Enough to have a panic with a place, formatting, a map and numbers in it. */
export const PROGRAM = `use std::collections::BTreeMap;

fn count(words: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

fn main() {
    let counts = count(std::env::args());
    let all: Vec<usize> = counts.values().copied().collect();
    println!("{:?} words, the second {}", counts, all[std::env::args().count() + 1]);
}
`;

/** A build script's value, which the program prints. */
export const PRINTS_VALUE = 'fn main() { println!("built as {}", env!("VALUE")); }\n';
export const valueFrom = (expression: string): string => `fn main() { println!("cargo:rustc-env=VALUE={}", ${expression}); }\n`;
