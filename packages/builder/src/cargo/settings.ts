/**
 * The user's cargo configuration, and the one that our own cargo commands get. Of the former only what says where and how to download goes into
 * the latter: registries, mirrors, proxies, certificates, and the tokens for them. Everything that changes bits or names programs to run stays
 * behind. What is written lies in the fetch stage's home, which no build sees and which is gone before one starts.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, stringify, type TomlTable } from 'smol-toml';
import { readOptional } from '../digest.ts';
import { BuilderError, messageOf } from '../errors.ts';
import { findProgram, requireProgram, runTool } from '../process.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { installationOf, pathsIn } from '../sandbox/shown.ts';

export interface CargoClient {
  /** Path of the cargo command that downloads, for `usableCargo`; null on a machine without. It compiles nothing. */
  readonly program: string | null;
  /** The whole environment of our cargo commands. */
  readonly env: Readonly<Record<string, string>>;
  /** Proxies and certificates alone, for other programs that download. */
  readonly network: Readonly<Record<string, string>>;
  /** The only folder that our cargo commands may write to. */
  readonly home: string;
  /** CARGO_HOME of our cargo commands, in it. */
  readonly cargoHome: string;
  /** What they read: where cargo and Rust are installed, and what the user's settings name. */
  readonly shown: readonly string[];
  /** Settings of the user's that are not followed, for the log. Values are left out: they may hold passwords. */
  readonly notices: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const INSTALL = 'install Rust with cargo 1.82 or later';
const TIMEOUT = 60_000;
/** `cargo info`, which downloads one crate without what it depends on. */
const MINIMUM_MINOR = 82;

const PROXIES = new Set([
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO'],
]);
const PASSED_SETTING =
  /^CARGO_(?:HTTP_(?!DEBUG)[A-Z_]+|NET_RETRY|NET_GIT_FETCH_WITH_CLI|REGISTRY_(?:DEFAULT|TOKEN)|REGISTRIES_[A-Z0-9_]+_(?:INDEX|TOKEN|PROTOCOL))$/;

/** Keys that are followed in each table; null: all of them. */
const FOLLOWED: Readonly<Record<string, RegExp | null>> = {
  source: /^(?:replace-with|registry|local-registry|directory)$/,
  registries: /^(?:index|protocol|token)$/,
  registry: /^(?:default|token|index)$/,
  http: /^(?!debug$)/,
  net: /^(?:retry|git-fetch-with-cli)$/,
};
const NAMED = new Set(['source', 'registries']);

/**
 * Finds cargo and gives it a home of its own below `home`, with the part of the user's configuration that is followed. Whether there is one,
 * and recent enough, is asked before it is run: what the cache has needs none.
 * @returns `unavailable` when the user's configuration is no TOML
 */
export async function cargoClient(environment: Environment, home: string): Promise<CargoClient | Unavailable> {
  const program = findProgram('cargo');
  const network = pick(environment, (name) => PROXIES.has(name));
  const userHome = environment['HOME'] ?? '/';
  const cargoHome = join(home, 'cargo');
  const env = {
    ...network,
    ...pick(environment, (name) => PASSED_SETTING.test(name)),
    // cargo asks the rustc beside it what it is.
    PATH: [...(program === null ? [] : [dirname(program)]), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: home,
    CARGO_HOME: cargoHome,
    // cargo may be rustup's, which looks there for the real one.
    RUSTUP_HOME: environment['RUSTUP_HOME'] ?? join(userHome, '.rustup'),
    ...pick(environment, (name) => name === 'RUSTUP_TOOLCHAIN'),
    RUSTUP_AUTO_INSTALL: '0',
    CARGO_TERM_COLOR: 'never',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
  const theirs = environment['CARGO_HOME'] ?? join(userHome, '.cargo');
  const settings = await followedSettings(theirs);
  if ('kind' in settings) return settings;
  await mkdir(cargoHome, { recursive: true, mode: 0o700 });
  await writeFile(join(cargoHome, 'config.toml'), settings.text, { mode: 0o600 });
  const credentials = (await readOptional(join(theirs, 'credentials.toml'))) ?? (await readOptional(join(theirs, 'credentials')));
  if (credentials !== null) await writeFile(join(cargoHome, 'credentials.toml'), credentials, { mode: 0o600 });
  const { PATH: _path, HOME: _home, CARGO_HOME: _own, ...named } = env;
  const shown = [...(program === null ? [] : installationOf(program)), ...pathsIn([...Object.values(named), ...stringsIn(settings.text)])];
  return { program, env, network, home, cargoHome, shown, notices: settings.notices };
}

/** Of TOML that `stringify` wrote. */
const stringsIn = (text: string): string[] => [...text.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([quoted]) => JSON.parse(quoted) as string);

function pick(environment: Environment, wanted: (name: string) => boolean): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value !== undefined && value !== '' && wanted(name)) picked[name] = value;
  return picked;
}

/** @returns the path of a cargo that can download. @throws BuilderError `tool-missing`, `tool-too-old` */
export async function usableCargo({ program: found, env }: CargoClient, signal?: AbortSignal): Promise<string> {
  const program = found ?? requireProgram('cargo', INSTALL);
  const { stdout, stderr } = await runTool({ argv: [program, '--version'], cwd: '/', env, timeout: TIMEOUT, signal });
  const minor = Number(/^cargo 1\.(\d+)\./.exec(stdout)?.[1] ?? -1);
  if (minor >= MINIMUM_MINOR) return program;
  throw new BuilderError('tool-too-old', `expected cargo 1.${MINIMUM_MINOR} or later at ${program}, found ${stdout || stderr}; ${INSTALL}`);
}

/** The user's own file only: those in and above the folder of a source are other people's. */
async function followedSettings(theirs: string): Promise<Followed | Unavailable> {
  for (const name of ['config.toml', 'config']) {
    const bytes = await readOptional(join(theirs, name));
    if (bytes === null) continue;
    try {
      return followed(parse(bytes.toString()));
    } catch (cause) {
      // The message of the parser quotes the file, which may hold passwords.
      return unavailable('fetch-failed', `${join(theirs, name)} is no TOML (${messageOf(cause).split('\n', 1)[0]!})`);
    }
  }
  return { text: '', notices: [] };
}

interface Followed {
  readonly text: string;
  readonly notices: readonly string[];
}

/** Pure part: what is kept of a parsed configuration, as text, and the names of what is not. */
export function followed(configuration: TomlTable): Followed {
  const kept: Record<string, TomlTable> = {};
  const left: string[] = [];
  for (const [table, value] of Object.entries(configuration)) {
    const keys = Object.hasOwn(FOLLOWED, table) ? FOLLOWED[table]! : null;
    if (keys === null || !isTable(value)) {
      left.push(table);
      continue;
    }
    kept[table] = NAMED.has(table) ? filterNamed(table, value, keys, left) : filterKeys(table, value, keys, left);
  }
  const notices =
    left.length === 0 ? [] : [`not followed of the user’s cargo configuration, as it says nothing of downloads: ${left.join(', ')}`];
  return { text: stringify(kept), notices };
}

function filterNamed(table: string, value: TomlTable, keys: RegExp, left: string[]): TomlTable {
  const kept: TomlTable = {};
  for (const [name, member] of Object.entries(value)) {
    if (isTable(member)) kept[name] = filterKeys(`${table}.${name}`, member, keys, left);
    else left.push(`${table}.${name}`);
  }
  return kept;
}

function filterKeys(table: string, value: TomlTable, keys: RegExp, left: string[]): TomlTable {
  const kept: TomlTable = {};
  for (const [key, member] of Object.entries(value)) {
    if (keys.test(key)) kept[key] = member;
    else left.push(`${table}.${key}`);
  }
  return kept;
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
