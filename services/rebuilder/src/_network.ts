/** Test-only: the real log as a process, a key that may register releases, and rebuilder nodes as processes. */
import { LogClient, LogReader, openSource } from '@verbatim/client';
import { loadSigner } from '@verbatim/service-kit';
import {
  decodeEntry,
  keyidOf,
  PREDICATE,
  signStatement,
  type ObservationStatement,
  type ReleaseStatement,
  type Statement,
} from '@verbatim/statements';
import { aLoopbackAddress, anEnrolment, testSigner } from '@verbatim/testkit';
import { parseVkey, type Signer } from '@verbatim/tlog';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FakePlan } from './_fake-worker.ts';
import type { Die } from './_node-process.ts';
import type { NodeStatus } from './control.ts';
import { initialise } from './init.ts';

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const LOG_MAIN = pathOf('../../log/src/main.ts');
export const ORIGIN = 'log.example/rebuilder-test';
export const REGISTRAR = testSigner('registrar-npm');

/** A started process; its stderr is kept for the message of a failed test. */
class Service {
  readonly child: ChildProcess;
  stderr = '';
  readonly ended: Promise<number | NodeJS.Signals>;

  constructor(main: string, parameters: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(process.execPath, [main, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    this.child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = once(this.child, 'close').then(([code, signal]) => (signal as NodeJS.Signals | null) ?? (code as number));
  }

  /** The url of the ready line. */
  async ready(): Promise<string> {
    for await (const line of createInterface({ input: this.child.stdout! })) {
      const { url } = JSON.parse(line) as { url: string };
      this.child.stdout!.resume();
      return url;
    }
    throw new Error(`ended with ${await this.ended} before it was ready:\n${this.stderr}`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.ended;
  }
}

/** A folder that a worker of another user can pass through. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rebuilder-'));
  chmodSync(folder, 0o755);
  return folder;
}

export class Network implements AsyncDisposable {
  readonly folder = temporaryFolder();
  #log: Service | null = null;
  /** The log keeps it over its restarts. */
  readonly #address = aLoopbackAddress();
  readonly #nodes: TestNode[] = [];

  static async start(): Promise<Network> {
    const network = new Network();
    network.#writeLogToml();
    const init = spawnSync(process.execPath, [LOG_MAIN, 'init', '--config', join(network.folder, 'log.toml')], { encoding: 'utf8' });
    if (init.status !== 0) throw new Error(`log init: ${init.stderr}`);
    await network.startLog();
    await network.submit(anEnrolment(REGISTRAR, { role: 'registrar' }), loadSigner(join(network.folder, 'admin.key')));
    return network;
  }

  get url(): string {
    return this.#address.url;
  }

  get vkey(): string {
    return readFileSync(join(this.folder, 'log.key.pub'), 'utf8').replace('\n', '');
  }

  /** Starts the log, again on the same port. */
  async startLog(): Promise<void> {
    this.#writeLogToml();
    this.#log = new Service(LOG_MAIN, ['serve', '--config', join(this.folder, 'log.toml')]);
    await this.#log.ready();
  }

  async stopLog(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#log?.stop(signal);
  }

  /** Submits a signed statement and returns its index. */
  async submit(statement: Statement, signer: Signer = REGISTRAR): Promise<bigint> {
    const client = new LogClient({ url: this.url, logKey: parseVkey(this.vkey) });
    try {
      const result = await client.waitUntilPublished(signStatement(statement, [signer]), 120_000);
      if (result.kind !== 'published')
        throw new Error(`not published: ${JSON.stringify(result, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`);
      return result.index;
    } finally {
      await client.close();
    }
  }

  async register(release: ReleaseStatement): Promise<bigint> {
    return this.submit(release);
  }

  /** Every observation in the log, by the key if one is given, in order. */
  async observations(by?: Signer): Promise<ObservationStatement['predicate'][]> {
    const reader = new LogReader({ source: await openSource(this.url), logKey: parseVkey(this.vkey) });
    try {
      const { tree } = await reader.latest();
      const found: ObservationStatement['predicate'][] = [];
      for await (const { entry } of tree.entries(0n)) {
        const { statement } = decodeEntry(entry);
        if (statement.predicateType === PREDICATE.observation) found.push(statement.predicate);
      }
      return by === undefined ? found : found.filter(({ rebuilder }) => rebuilder === keyidOf(by.name, by.publicKey));
    } finally {
      await reader.source.close();
    }
  }

  /** A new node, with a key that is enrolled unless told otherwise. */
  async node(
    name: string,
    {
      enrolled = true,
      toml = '',
      minFreeDiskMib = 0,
      ...options
    }: NodeOptions & { enrolled?: boolean; toml?: string; minFreeDiskMib?: number } = {},
  ): Promise<TestNode> {
    const folder = join(this.folder, name);
    const node = new TestNode(name, folder, this, `[limits]\nmin_free_disk_mib = ${minFreeDiskMib}\n${toml}`, options);
    await node.init();
    if (enrolled) await this.enrol(node.signer);
    this.#nodes.push(node);
    return node;
  }

  async enrol(signer: Signer): Promise<void> {
    await this.submit(anEnrolment(signer), loadSigner(join(this.folder, 'admin.key')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node.stop('SIGKILL');
    await this.#log?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #writeLogToml(): void {
    const { host, port } = this.#address;
    const file = (name: string): string => JSON.stringify(join(this.folder, name));
    writeFileSync(
      join(this.folder, 'log.toml'),
      `origin = "${ORIGIN}"
data_dir = ${file('log')}
key_file = ${file('log.key')}
root_key_file = ${file('root.key')}
admin_key_file = ${file('admin.key')}
quorum = "none"
[limits]
min_free_bytes = 0
[listen]
host = "${host}"
port = ${port}
[metrics_listen]
port = 0
`,
    );
  }
}

export interface NodeOptions {
  /** What the fake worker does. */
  readonly plan?: FakePlan;
  readonly cacheDir?: string;
  /** `worker.uid`; the node's own user when left out. */
  readonly uid?: 'auto' | 'same' | number;
  /** For the fetch stage's clients. */
  readonly environment?: Readonly<Record<string, string>>;
}

export class TestNode {
  readonly name: string;
  readonly folder: string;
  readonly config: string;
  readonly #network: Pick<Network, 'url' | 'vkey'>;
  readonly #toml: string;
  readonly #options: NodeOptions;
  plan: FakePlan;
  service: Service | null = null;
  url = '';

  constructor(name: string, folder: string, network: Pick<Network, 'url' | 'vkey'>, toml: string, options: NodeOptions) {
    this.name = name;
    this.folder = folder;
    this.config = `${folder}.toml`;
    this.#network = network;
    this.#toml = toml;
    this.#options = options;
    this.plan = options.plan ?? {};
  }

  get signer(): Signer {
    return loadSigner(`${this.folder}.key`);
  }

  get socket(): string {
    return join(this.folder, 'control.sock');
  }

  async init(): Promise<void> {
    const policy = `${this.folder}.policy`;
    writeFileSync(policy, `log ${this.#network.vkey} ${this.#network.url}\nquorum none\n`);
    this.writeToml();
    await initialise({
      name: this.name,
      key_file: `${this.folder}.key`,
      data_dir: this.folder,
      log: { url: '', policy_file: policy, poll_seconds: 1 },
    });
  }

  writeToml(): void {
    const text = (value: string): string => JSON.stringify(value);
    // TOML's basic strings are JSON's.
    writeFileSync(
      this.config,
      `name = ${text(this.name)}
operator = "test"
key_file = ${text(`${this.folder}.key`)}
data_dir = ${text(this.folder)}
cache_dir = ${text(this.#options.cacheDir ?? `${this.folder}-cache`)}
log_level = "debug"
[worker]
uid = ${JSON.stringify(this.#options.uid ?? 'same')}
environment = { ${Object.entries({ ...this.#options.environment, FAKE_WORKER: JSON.stringify(this.plan) })
        .map(([name, value]) => `${name} = ${text(value)}`)
        .join(', ')} }
[log]
url = ${text(this.#network.url)}
policy_file = ${text(`${this.folder}.policy`)}
poll_seconds = 0.1
${this.#toml}
`,
    );
  }

  /** Starts `serve` with the fake worker, or with another program. */
  async start({ die, worker = pathOf('_fake-worker.ts') }: { die?: Die; worker?: string } = {}): Promise<void> {
    this.spawn({ ...(die !== undefined && { die }), worker });
    this.url = await this.service!.ready();
  }

  /** As `start`, not waiting for it to be ready: it may die before. */
  spawn({ die, worker = pathOf('_fake-worker.ts') }: { die?: Die; worker?: string } = {}): void {
    this.writeToml();
    const environment = { ...process.env, WORKER: worker, ...(die !== undefined && { DIE: JSON.stringify(die) }) };
    this.service = new Service(pathOf('_node-process.ts'), [this.config], environment);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    return this.service === null ? null : this.service.stop(signal);
  }

  /** Asks the control socket. */
  async control<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: T }>();
    const headers = { 'content-type': 'application/json' };
    // A connection of its own: while a test looks at something for long, the node closes one that is kept.
    const asked = request({ socketPath: this.socket, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode!, body: JSON.parse(text) as T }));
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  async status(): Promise<NodeStatus> {
    return (await this.control<NodeStatus>('GET', '/status')).body;
  }

  /** Waits until `condition` holds of the status. */
  async until(condition: (status: NodeStatus) => boolean, seconds = 240): Promise<NodeStatus> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const status = await this.status().catch(() => null);
      if (status !== null && condition(status)) return status;
      if (Date.now() > end) {
        throw new Error(`not within ${seconds} s; status ${JSON.stringify(status, null, 1)}\n${this.service?.stderr.slice(-6000)}`);
      }
      await sleep(50);
    }
  }
}
