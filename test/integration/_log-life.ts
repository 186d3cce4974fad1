/** Real services as an operator runs them over the years: configuration files that change, keys that come and go, one address for each log. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialise, REPOSITORY, startService, type Service } from '@verbatim/local';
import { createKeyFile, loadSigner } from '@verbatim/service-kit/keyfile';
import { type ObservationPredicate, type ReleaseStatement, signStatement, type Statement } from '@verbatim/statements';
import { aLoopbackAddress, anArtifact, anEnrolment, anObservation, aRelease, testSigner } from '@verbatim/testkit';
import { fromHex, KEY_TYPE_COSIGNATURE, type Signer, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';

export const REGISTRAR = testSigner('registrar.example');
export const REBUILDERS = ['acme', 'beta', 'gamma'].map((name) => testSigner(name));

export interface Logged {
  readonly index: number;
  readonly leafHash: string;
}

/** One log: its folder, its keys, its process. */
export class OperatedLog implements AsyncDisposable {
  readonly origin: string;
  readonly folder: string;
  readonly url: string;
  readonly #address = aLoopbackAddress();
  #service: Service | null = null;

  constructor(origin: string, folder: string) {
    this.origin = origin;
    this.folder = folder;
    this.url = `${this.#address.url}/`;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  signer(name: string): Signer {
    return loadSigner(this.file(`${name}.key`));
  }

  vkey(name: string): string {
    return vkeyOf(this.signer(name));
  }

  /** Makes a key file. */
  async key(name: string, of = this.origin): Promise<string> {
    return (await createKeyFile(this.file(`${name}.key`), of)).vkey;
  }

  /** @param keys lines such as `key_file = "log.key"` @param witness its vkey and url */
  configure(keys: readonly string[], witness: { readonly vkey: string; readonly url: string }): void {
    const { host, port } = this.#address;
    const text = [
      `origin = "${this.origin}"`,
      'data_dir = "data"',
      'root_key_file = "root.key"',
      'admin_key_file = "admin.key"',
      'renew_ms = 1000',
      // However slow the machine is: nobody here is to be told that the witness has not answered yet.
      'witness_timeout_ms = 60000',
      ...keys,
      `[[witnesses]]\nvkey = "${witness.vkey}"\nurl = "${witness.url}"`,
      `[listen]\nhost = "${host}"\nport = ${port}\n[metrics_listen]\nport = 0\n`,
    ];
    writeFileSync(this.file('log.toml'), text.join('\n'));
  }

  init(): Promise<void> {
    return initialise('log', this.file('log.toml'));
  }

  succeed(from: OperatedLog): void {
    const main = join(REPOSITORY, 'services/log/src/main.ts');
    execFileSync(process.execPath, [main, 'succeed', '--config', this.file('log.toml'), '--from', from.file('data')]);
  }

  async start(): Promise<void> {
    this.#service = await startService(this.origin, 'log', this.file('log.toml'), this.file('log.log'));
  }

  async stop(): Promise<void> {
    await this.#service?.[Symbol.asyncDispose]();
    this.#service = null;
  }

  async post(statement: Statement, ...signers: readonly Signer[]): Promise<{ status: number; body: Logged & { code?: string } }> {
    const response = await fetch(`${this.url}entries`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: utf8Decode(signStatement(statement, signers)),
    });
    return { status: response.status, body: (await response.json()) as Logged & { code?: string } };
  }

  async log(statement: Statement, ...signers: readonly Signer[]): Promise<Logged> {
    const { status, body } = await this.post(statement, ...signers);
    if (status !== 200) throw new Error(`${this.origin} answered ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** A release of one file whose content is `content`, by the registrar. */
  async release(version: string, content: string): Promise<Logged & { readonly release: ReleaseStatement }> {
    const purl = `pkg:npm/tool@${version}`;
    const release = aRelease({ purl, artifacts: [anArtifact({ content: utf8Encode(content), coordinate: purl })] });
    return { release, ...(await this.log(release, REGISTRAR)) };
  }

  observe(
    { release, index, leafHash }: Logged & { readonly release: ReleaseStatement },
    rebuilder: Signer,
    overrides: Partial<ObservationPredicate> = {},
  ): Promise<Logged> {
    const about = { origin: this.origin, release, index, leafHash: fromHex(leafHash), rebuilder };
    return this.log(anObservation(about, overrides), rebuilder);
  }

  publishedCheckpoint(): string {
    return this.file('data/public/checkpoint');
  }

  checkpointLines(): string[] {
    return readFileSync(this.publishedCheckpoint(), 'utf8').split('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export interface RunningWitness extends AsyncDisposable {
  readonly vkey: string;
  readonly url: string;
}

/** @param logs every key that may sign checkpoints, of all logs */
export async function startWitness(folder: string, logs: readonly string[]): Promise<RunningWitness> {
  const { vkey } = await createKeyFile(join(folder, 'witness.key'), 'witness.example/w1', { type: KEY_TYPE_COSIGNATURE });
  const config = join(folder, 'witness.toml');
  const text = ['name = "witness.example/w1"', 'data_dir = "witness"', 'key_file = "witness.key"'];
  const trusted = logs.map((log) => `[[logs]]\nvkey = "${log}"`);
  writeFileSync(config, [...text, ...trusted, '[listen]\nport = 0\n[metrics_listen]\nport = 0\n'].join('\n'));
  await initialise('witness', config);
  const service = await startService('witness', 'witness', config, join(folder, 'witness.log'));
  return { vkey, url: service.ready.url, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

/** A log, which runs and knows the registrar, and the one that is to go on from it: with all keys that they ever have, and a witness of both. */
export async function beginLife(folder: string): Promise<{ log: OperatedLog; next: OperatedLog; witness: RunningWitness }> {
  await using stack = new AsyncDisposableStack();
  for (const name of ['old', 'new']) mkdirSync(join(folder, name));
  const log = new OperatedLog('log.example/old', join(folder, 'old'));
  const next = new OperatedLog('log.example/new', join(folder, 'new'));
  for (const name of ['log', 'log2']) await log.key(name);
  await log.key('root', 'root');
  await next.key('log');
  await next.key('root', 'next-root');
  const witness = stack.use(await startWitness(folder, [log.vkey('log'), log.vkey('log2'), next.vkey('log')]));
  log.configure(['key_file = "log.key"', 'next_key_file = "log2.key"'], witness);
  await log.init();
  await stack.use(log).start();
  await log.log(anEnrolment(REGISTRAR, { role: 'registrar' }), log.signer('admin'));
  stack.move();
  return { log, next, witness };
}
