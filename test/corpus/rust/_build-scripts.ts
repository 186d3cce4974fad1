// What build scripts and macros bake in: cargo builds, with rebuilds of our own where those tell.
import { hostname } from 'node:os';
import { PRINTS_VALUE, packageOf, RustFolder, valueFrom, type Files, type Run } from './_rust.ts';
import type { Case, Pair } from './_cases.ts';

const STRIPPED = 'strip = true\n';

/** Two builds by cargo of one package, and as many more of our own as `own` says. */
function builds(files: Files, { run = {}, otherRun = {}, own = 0 }: { run?: Run; otherRun?: Run; own?: number } = {}): Pair {
  using folder = new RustFolder(files);
  const published = folder.cargo([], run);
  const from = Date.now() / 1000;
  const rebuilt = folder.cargo([], otherRun);
  const host = { hostname: otherRun.hostname ?? hostname(), from, to: Date.now() / 1000 };
  const rebuilds = Array.from({ length: own }, () => ({ bytes: folder.cargo([], otherRun), varied: [] }));
  return { published, rebuilt, context: { host, rebuilds, inputs: Object.values(files) } };
}

const scripted = (expression: string): Files => packageOf(PRINTS_VALUE, { build: valueFrom(expression), manifest: STRIPPED });

const SECONDS = 'std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()';
const UUID = 'std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap().trim()';
const HOSTNAME = 'std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim()';
const MAP = `let map: std::collections::HashMap<u64, u64> = (0..64).map(|i| (i * 0x9e3779b97f4a7c15u64 % 0xffff_fff1, i)).collect();
    let items: Vec<String> = map.iter().map(|(key, value)| format!("({key}, {value})")).collect();`;

/** A table in the order of a HashMap, by a build script. */
const ORDER_BY_SCRIPT = packageOf(
  'include!(concat!(env!("OUT_DIR"), "/table.rs"));\nfn main() { for (a, b) in TABLE.iter() { println!("{a} {b}"); } }\n',
  {
    manifest: STRIPPED,
    build: `fn main() {
    ${MAP}
    let text = format!("pub static TABLE: [(u64, u64); {}] = [{}];", items.len(), items.join(", "));
    std::fs::write(std::env::var("OUT_DIR").unwrap() + "/table.rs", text).unwrap();
}
`,
  },
);

/** The same by a macro. */
const ORDER_BY_MACRO: Files = {
  ...packageOf('static TABLE: [(u64, u64); 64] = table::table!();\nfn main() { for (a, b) in TABLE.iter() { println!("{a} {b}"); } }\n', {
    manifest: `${STRIPPED}[dependencies]\ntable = { path = "table" }\n`,
  }),
  'table/Cargo.toml': '[package]\nname = "table"\nversion = "0.1.0"\nedition = "2021"\n[lib]\nproc-macro = true\n',
  'table/src/lib.rs': `#[proc_macro]
pub fn table(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    ${MAP}
    format!("[{}]", items.join(", ")).parse().unwrap()
}
`,
};

/** A dependency in a folder as cargo's registry has it, with a panic that tells its place; the package is beside it, in `app`. */
function dependency(version: string): Files {
  const folder = `registry/src/index-0000000000000000/dice-${version}`;
  const app = packageOf('fn main() { println!("{}", dice::roll(std::env::args().count())); }\n', {
    manifest: `${STRIPPED}[dependencies]\ndice = { path = "../${folder}" }\n`,
  });
  return {
    ...Object.fromEntries(Object.entries(app).map(([name, text]) => [`app/${name}`, text])),
    [`${folder}/Cargo.toml`]: `[package]\nname = "dice"\nversion = "${version}"\nedition = "2021"\n`,
    [`${folder}/src/lib.rs`]: `pub fn roll(n: usize) -> usize { [1, 6, 3][n + ${version.at(-1)}] }\n`,
  };
}

function dependencyVersions(): Pair {
  const [published, rebuilt] = ['1.0.1', '1.0.2'].map((version) => {
    using folder = new RustFolder(dependency(version));
    const env = { RUSTFLAGS: `--remap-path-prefix=${folder.path}=/home/builder/.cargo` };
    return folder.cargo(['--manifest-path=app/Cargo.toml', '--target-dir=target'], { env });
  });
  return { published: published!, rebuilt: rebuilt! };
}

/** Two seconds, so that the clock has moved. */
function timestamps(): Pair {
  using folder = new RustFolder(scripted(SECONDS));
  const published = folder.cargo();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
  const from = Date.now() / 1000;
  const rebuilt = folder.cargo();
  return { published, rebuilt, context: { host: { from, to: Date.now() / 1000 }, publishedAt: from } };
}

export const BUILD_SCRIPTS: readonly Case[] = [
  { name: 'the time, by a build script', build: timestamps, cause: 'timestamp', class: 'explained', absent: ['different-source'] },
  {
    name: 'the name of the machine, by a build script',
    build: () => builds(scripted(HOSTNAME), { run: { hostname: 'builder-17' }, otherRun: { hostname: 'rebuilder3' } }),
    cause: 'hostname',
    class: 'explained',
  },
  {
    name: 'the name of the machine, of another length',
    build: () => builds(scripted(HOSTNAME), { run: { hostname: 'builder-17.example' }, otherRun: { hostname: 'rebuilder3' } }),
    cause: 'hostname',
    class: 'unexplained',
  },
  { name: 'a UUID, by a build script', build: () => builds(scripted(UUID)), cause: 'random-value', class: 'unexplained' },
  {
    name: 'a UUID, and another one in our own rebuild',
    build: () => builds(scripted(UUID), { own: 1 }),
    cause: 'random-value',
    class: 'nondeterministic',
  },
  {
    name: 'the order of a HashMap, in a build script',
    build: () => builds(ORDER_BY_SCRIPT, { own: 1 }),
    cause: 'order',
    class: 'nondeterministic',
  },
  {
    name: 'the order of a HashMap, in a macro',
    build: () => builds(ORDER_BY_MACRO, { own: 1 }),
    cause: 'order',
    class: 'nondeterministic',
  },
  {
    name: 'a dependency that was not pinned',
    build: dependencyVersions,
    cause: 'dependency-version',
    subject: /^dice$/,
    class: 'unexplained',
  },
];
