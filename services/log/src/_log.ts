/** Test-only: a real log in a temporary folder, over HTTP on the loopback. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, loadConfig, loadSigner, type RunningService } from '@verbatim/service-kit';
import { type ReleaseStatement, signStatement, type Statement } from '@verbatim/statements';
import { fromHex, parseNote, parseVkey, type Signer, type VerifierKey } from '@verbatim/tlog';
import { anEnrolment, aRelease, testSigner } from '@verbatim/testkit';
import { type LogConfig, logConfig } from './config.ts';
import { initLog, type InitResult } from './init.ts';
import { type ServeContext, serveLog } from './serve.ts';

export const ORIGIN = 'log.example.org/test';
export const REGISTRAR: Signer = testSigner('registrar-npm');

export interface TestLogOptions {
  /** TOML after the defaults; top-level keys first. */
  readonly toml?: string;
  readonly engine?: ServeContext['engine'];
  /** Another private key of the log than the one of `init`. */
  readonly logKeyFile?: string;
  /** An existing folder of an earlier log; a new one otherwise. */
  readonly dir?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Answers are JSON of many shapes, and tests look at single members.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export class TestLog implements AsyncDisposable {
  readonly dir: string;
  readonly config: LogConfig;
  readonly keys: InitResult;
  readonly admin: Signer;
  readonly root: Signer;
  readonly logKey: VerifierKey;
  readonly #service: RunningService;
  readonly #ownsFolder: boolean;
  /** What the log said before it stopped by itself. */
  readonly fatal: unknown[];
  #stopped = false;

  constructor(dir: string, config: LogConfig, keys: InitResult, service: RunningService, fatal: unknown[], ownsFolder: boolean) {
    this.dir = dir;
    this.config = config;
    this.keys = keys;
    this.admin = loadSigner(keys.adminKeyFile);
    this.root = loadSigner(keys.rootKeyFile);
    this.logKey = parseVkey(keys.logVkey);
    this.#service = service;
    this.fatal = fatal;
    this.#ownsFolder = ownsFolder;
  }

  get url(): string {
    return this.#service.url!;
  }

  get metricsUrl(): string {
    return this.#service.metricsUrl!;
  }

  async fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  async json(path: string, init?: RequestInit): Promise<Answer> {
    const response = await this.fetch(path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  }

  post(entry: Uint8Array | string, headers: Record<string, string> = { 'content-type': 'application/json' }): Promise<Answer> {
    return this.json('/entries', { method: 'POST', headers, body: typeof entry === 'string' ? entry : new Uint8Array(entry) });
  }

  /** Signs and submits; throws unless it is published. */
  async log(statement: Statement, ...signers: readonly Signer[]): Promise<{ index: number; leafHash: Uint8Array }> {
    const answer = await this.post(signStatement(statement, signers));
    if (answer.status !== 200) throw new Error(`expected 200; found ${answer.status} ${JSON.stringify(answer.body)}`);
    return { index: answer.body.index, leafHash: fromHex(answer.body.leafHash) };
  }

  batch(entries: readonly Uint8Array[]): Promise<Answer> {
    const decoder = new TextDecoder();
    return this.json('/entries/batch', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ entries: entries.map((entry) => decoder.decode(entry)) }),
    });
  }

  /** Size that the published checkpoint shows. */
  async size(): Promise<number> {
    const response = await this.fetch('/checkpoint');
    return Number(parseNote(new Uint8Array(await response.arrayBuffer())).text.split('\n')[1]);
  }

  /** Registrar and rebuilders enrolled, one release logged. */
  async scene(
    rebuilders: readonly Signer[] = [testSigner('acme-1'), testSigner('beta-1')],
    release: ReleaseStatement = aRelease(),
  ): Promise<TestScene> {
    await this.log(anEnrolment(REGISTRAR, { role: 'registrar' }), this.admin);
    for (const rebuilder of rebuilders) await this.log(anEnrolment(rebuilder), this.admin);
    const { index, leafHash } = await this.log(release, REGISTRAR);
    return { release, index, leafHash, rebuilders };
  }

  /** Stops the service and keeps the folder, for `startLog({ dir })`. */
  async stop(): Promise<string> {
    if (!this.#stopped) await this.#service[Symbol.asyncDispose]();
    this.#stopped = true;
    return this.dir;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#ownsFolder) await rm(this.dir, { recursive: true, force: true });
  }
}

export interface TestScene {
  readonly release: ReleaseStatement;
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly rebuilders: readonly Signer[];
}

/** Writes the configuration file and reads it back as the service does. */
export async function writeConfig(dir: string, toml = '', keyFile = 'keys/log.key'): Promise<LogConfig> {
  const file = join(dir, 'log.toml');
  // Tables end the top level: ours come last unless the test brings them.
  const tables = ['listen', 'metrics_listen'].filter((name) => !toml.includes(`[${name}]`)).map((name) => `[${name}]\nport = 0\n`);
  await writeFile(
    file,
    `origin = "${ORIGIN}"\ndata_dir = "data"\nkey_file = "${keyFile}"\nroot_key_file = "keys/root.key"\nadmin_key_file = "keys/admin.key"\n${toml}\n${tables.join('')}`,
  );
  return loadConfig(logConfig, file);
}

/** A folder for a test. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'verbatim-log-'));
}

export async function startLog({ toml, logKeyFile, engine, dir }: TestLogOptions = {}): Promise<TestLog> {
  const folder = dir ?? (await temporaryFolder());
  await mkdir(folder, { recursive: true });
  const config = await writeConfig(folder, toml, logKeyFile);
  const keys = dir === undefined ? await initLog(config, Date.now()) : await readKeys(config);
  const fatal: unknown[] = [];
  const service = await serveLog(config, {
    logger: createLogger({ name: 'log', level: 'silent' }),
    fatal: (error) => void fatal.push(error),
    ...(engine && { engine }),
  });
  return new TestLog(folder, config, keys, service, fatal, dir === undefined);
}

async function readKeys(config: LogConfig): Promise<InitResult> {
  const vkey = async (file: string) => (await readFile(`${file}.pub`, 'utf8')).slice(0, -1);
  return {
    origin: config.origin,
    logVkey: await vkey(config.key_file),
    rootVkey: await vkey(config.root_key_file!),
    adminVkey: await vkey(config.admin_key_file!),
    rootKeyFile: config.root_key_file!,
    adminKeyFile: config.admin_key_file!,
  };
}

/** Waits until `check` holds; throws what is still wrong after `timeoutMs`. */
export async function eventually<T>(check: () => Promise<T> | T, timeoutMs = 55_000): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
