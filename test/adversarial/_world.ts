/**
 * A real log with real witnesses as processes, keys that its roster knows, files that it has releases of, and the real command with the
 * policy of somebody who reads that log.
 */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initialise, REPOSITORY, startService, type Service } from '@verbatim/local';
import { createKeyFile, loadSigner } from '@verbatim/service-kit/keyfile';
import { signStatement, type ReleaseStatement, type Statement } from '@verbatim/statements';
import { anArtifact, anEnrolment, anObservation, aRelease, contentOf, digestsOf, testSigner } from '@verbatim/testkit';
import { hashLeaf, KEY_TYPE_COSIGNATURE, utf8Decode, type Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { verbatim, type Ran } from '../../packages/cli/src/_world.ts';

export const ORIGIN = 'log.example/attacked';
export const REGISTRAR = testSigner('registrar-npm');
/** One key an operator. */
export const REBUILDERS: readonly Signer[] = ['acme-1', 'beta-1', 'gamma-1'].map((name) => testSigner(name));
const LISTEN = '[listen]\nhost = "127.0.0.1"\nport = 0\n[metrics_listen]\nhost = "127.0.0.1"\nport = 0\n';

export interface Witnessed {
  readonly vkey: string;
  readonly url: string;
}

/** A log's process, and what it is made from. */
export class LogProcess implements AsyncDisposable {
  readonly folder: string;
  service: Service | null = null;
  #witnesses: readonly Witnessed[];
  #quorum: number | 'none';

  constructor(folder: string, witnesses: readonly Witnessed[], quorum: number | 'none') {
    this.folder = folder;
    this.#witnesses = witnesses;
    this.#quorum = quorum;
  }

  get url(): string {
    return this.service!.ready.url;
  }

  get vkey(): Promise<string> {
    return readFile(join(this.folder, 'log.key.pub'), 'utf8').then((text) => text.trimEnd());
  }

  async start(): Promise<void> {
    await this.#writeConfig();
    const says = join(this.folder, 'log.log');
    this.service = await startService('log', 'log', join(this.folder, 'log.toml'), says).catch(async (cause: unknown) => {
      throw new Error(`the log did not start:\n${(await readFile(says, 'utf8')).slice(-4000)}`, { cause });
    });
  }

  async init(): Promise<void> {
    await this.#writeConfig();
    await initialise('log', join(this.folder, 'log.toml'));
  }

  async stop(): Promise<void> {
    await this.service?.[Symbol.asyncDispose]();
    this.service = null;
  }

  /** The same log as it is now, key and all, to go on with another history before other witnesses. */
  async copy(witnesses: readonly Witnessed[] = this.#witnesses, quorum: number | 'none' = this.#quorum): Promise<LogProcess> {
    await this.stop();
    const folder = await mkdtemp(join(tmpdir(), 'verbatim-fork-'));
    await cp(this.folder, folder, { recursive: true });
    const copy = new LogProcess(folder, witnesses, quorum);
    await Promise.all([this.start(), copy.start()]);
    return copy;
  }

  /** Posts an entry; what the log answers. */
  async post(entry: Uint8Array): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${this.url}/entries`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: utf8Decode(entry),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** Logs a statement, and repeats while witnesses are slow. Throws unless it is published; its index. */
  async log(statement: Statement, signer: Signer): Promise<{ index: number; leafHash: Uint8Array }> {
    return this.logged(signStatement(statement, [signer]));
  }

  /** The same for a signed entry. */
  async logged(entry: Uint8Array): Promise<{ index: number; leafHash: Uint8Array }> {
    for (let tries = 0; ; tries++) {
      const { status, body } = await this.post(entry);
      if (status === 200) return { index: Number(body['index']), leafHash: hashLeaf(entry) };
      if (status !== 503 || tries > 600) throw new Error(`expected 200, found ${status} ${JSON.stringify(body)}`);
      await sleep(100);
    }
  }

  async checkpoint(): Promise<string> {
    return (await fetch(`${this.url}/checkpoint`)).text();
  }

  /** Waits until its checkpoint has the cosignatures of all these: a log publishes as soon as it has enough, and adds the others when they come. */
  async cosignedBy(...names: readonly string[]): Promise<void> {
    await this.#until(async () => {
      const lines = (await this.checkpoint()).split('\n');
      return names.every((name) => lines.some((line) => line.startsWith(`— ${name} `)));
    });
  }

  /** Waits until witnesses have confirmed, after a start, that it has forgotten nothing. */
  async confirmed(): Promise<void> {
    await this.#until(async () => {
      const { checks } = (await (await fetch(`${this.url}/readyz`)).json()) as { checks: { confirmed: { ok: boolean } } };
      return checks.confirmed.ok;
    });
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await sleep(50);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #writeConfig(): Promise<void> {
    const witnesses = this.#witnesses.map(({ vkey, url }) => `[[witnesses]]\nvkey = "${vkey}"\nurl = "${url}"\n`).join('');
    const keys = 'key_file = "log.key"\nroot_key_file = "root.key"\nadmin_key_file = "admin.key"\n';
    const quorum = this.#quorum === 'none' ? '"none"' : this.#quorum;
    await writeFile(
      join(this.folder, 'log.toml'),
      `origin = "${ORIGIN}"\ndata_dir = "log"\n${keys}quorum = ${quorum}\n${witnesses}[limits]\nmin_free_bytes = 0\n${LISTEN}`,
    );
  }
}

/** A file that somebody downloaded, and the release that it is said to be of. */
export interface Published {
  readonly file: string;
  readonly sha256: string;
  readonly release: ReleaseStatement;
  readonly index: number;
  readonly leafHash: Uint8Array;
}

export interface WorldOptions {
  /** Honest witnesses, each a process; one by default. */
  readonly witnesses?: number;
  /** More of them, run by the test. */
  readonly more?: readonly Witnessed[];
  /** How many of them a checkpoint needs; all by default. */
  readonly quorum?: number;
}

export class World implements AsyncDisposable {
  readonly folder: string;
  readonly log: LogProcess;
  readonly witnesses: readonly (Witnessed & { readonly service: Service | null })[];
  readonly quorum: number;
  readonly #stack: AsyncDisposableStack;
  #homes = 0;
  #entries = 0;

  private constructor(folder: string, log: LogProcess, witnesses: World['witnesses'], quorum: number, stack: AsyncDisposableStack) {
    this.folder = folder;
    this.log = log;
    this.witnesses = witnesses;
    this.quorum = quorum;
    this.#stack = stack;
  }

  /** A folder of its own, until it is disposed of. */
  static async folder(): Promise<AsyncDisposable & { readonly path: string }> {
    const path = await mkdtemp(join(tmpdir(), 'verbatim-attacked-'));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  }

  static async start({ witnesses: count = 1, more = [], quorum }: WorldOptions = {}): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'verbatim-attacked-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const { vkey: logVkey } = await createKeyFile(join(folder, 'log.key'), ORIGIN);
    const honest = await Promise.all(Array.from({ length: count }, (_, number) => startWitness(folder, number + 1, logVkey)));
    for (const { service } of honest) stack.use(service);
    const witnesses = [...honest, ...more.map((each) => ({ ...each, service: null }))];
    const needed = quorum ?? witnesses.length;
    const log = stack.use(new LogProcess(folder, witnesses, needed));
    await log.init();
    await log.start();
    const world = new World(folder, log, witnesses, needed, stack.move());
    try {
      await Promise.all([world.enrol(REGISTRAR, { role: 'registrar' }), ...REBUILDERS.map((rebuilder) => world.enrol(rebuilder))]);
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  async enrol(signer: Signer, overrides: Parameters<typeof anEnrolment>[1] = {}): Promise<void> {
    await this.log.log(anEnrolment(signer, overrides), loadSigner(join(this.folder, 'admin.key')));
  }

  /** Something that the log admits: the enrolment of one more key. */
  async anEntry(): Promise<Uint8Array> {
    const admin = loadSigner(join(this.folder, 'admin.key'));
    return signStatement(anEnrolment(testSigner(`someone-${++this.#entries}`)), [admin]);
  }

  /** Registers a release of one file, and writes that file. */
  async publish(purl: string, content: Uint8Array = contentOf(purl), { log = this.log, registrar = REGISTRAR } = {}): Promise<Published> {
    const name = 'tool';
    const artifact = { ...anArtifact({ name, coordinate: purl }), ...digestsOf(content), member: undefined };
    const { member: _none, ...plain } = artifact;
    const release = aRelease({ purl, artifacts: [plain] });
    const { index, leafHash } = await log.log(release, registrar);
    const file = join(this.folder, `${createHash('sha256').update(purl).update(content).digest('hex')}.bin`);
    await writeFile(file, content);
    return { file, sha256: plain.sha256, release, index, leafHash };
  }

  observation({ release, index, leafHash }: Published, rebuilder: Signer, overrides: Parameters<typeof anObservation>[1] = {}): Statement {
    return anObservation({ origin: ORIGIN, release, index, leafHash, rebuilder }, overrides);
  }

  /** Logs what `rebuilder` saw; a match unless told otherwise. */
  async observe(
    published: Published,
    rebuilder: Signer,
    overrides: Parameters<typeof anObservation>[1] = {},
    log = this.log,
  ): Promise<number> {
    return (await log.log(this.observation(published, rebuilder, overrides), rebuilder)).index;
  }

  /** A policy file that reads the log at `url` and demands `lines`. */
  async policy({
    url = this.log.url,
    lines = ['require 2'],
    operators = REBUILDERS.map((key) => [key]),
    urls = {},
    witnesses = this.witnesses.map((_, i) => i + 1),
    quorum = this.quorum,
  }: PolicySketch = {}): Promise<string> {
    const root = (await readFile(join(this.folder, 'root.key.pub'), 'utf8')).trimEnd();
    const rebuilders = operators.flatMap((keys, which) =>
      keys.map((key) => {
        const address = urls[key.name] === undefined ? '' : ` ${urls[key.name]}`;
        return `rebuilder ${key.name} operator-${which} linux/amd64 ${vkeyOf(key)}${address}`;
      }),
    );
    const text = [
      'version 1',
      'expires 2099-01-01T00:00:00Z',
      `log ${await this.log.vkey} ${url}`,
      `root ${root}`,
      ...this.witnesses.map(({ vkey }, i) => `witness w${i + 1} ${vkey}`),
      `group witnesses ${quorum} ${witnesses.map((number) => `w${number}`).join(' ')}`,
      'quorum witnesses',
      ...operators.map((_, which) => `operator operator-${which}`),
      ...rebuilders,
      `claimant watch registrar pkg:npm/ ${vkeyOf(REGISTRAR)}`,
      ...(lines.some((line) => line.startsWith('completeness ')) ? [] : ['completeness root']),
      ...lines,
      '',
    ].join('\n');
    const file = join(this.folder, `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.policy`);
    await writeFile(file, text);
    return file;
  }

  /** A home folder of its own: another machine, which remembers nothing of this log yet. */
  async client(): Promise<Client> {
    const home = join(this.folder, `home-${++this.#homes}`);
    return new Client(home, this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

export interface PolicySketch {
  readonly url?: string;
  readonly lines?: readonly string[];
  /** The keys of each operator; one key each by default. */
  readonly operators?: readonly (readonly Signer[])[];
  /** Numbers of the witnesses that count, and how many of them are demanded. */
  readonly witnesses?: readonly number[];
  readonly quorum?: number;
  /** Where rebuilders serve what no log takes, by the name of the key. */
  readonly urls?: Readonly<Record<string, string>>;
}

/** What `verify --json` printed. */
export interface Verified extends Ran {
  readonly verdict: string;
  readonly result: VerifiedResult;
}

interface VerifiedResult {
  readonly verdict: string;
  readonly matches: number;
  readonly dissents: number;
  readonly completeness: string | null;
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  readonly warnings: readonly string[];
}

/** Somebody who verifies files on a machine of their own. */
export class Client {
  readonly home: string;
  readonly #world: World;

  constructor(home: string, world: World) {
    this.home = home;
    this.#world = world;
  }

  get env(): Record<string, string> {
    return { HOME: this.home };
  }

  async verify({ file }: Pick<Published, 'file'>, sketch: PolicySketch = {}, ...more: readonly string[]): Promise<Verified> {
    const policy = await this.#world.policy(sketch);
    const ran = await verbatim(['verify', file, '--policy', policy, '--json', ...more], { env: this.env });
    const { results } = JSON.parse(ran.stdout) as { results: VerifiedResult[] };
    const result = results[0]!;
    return { ...ran, result, verdict: result.verdict };
  }

  run(...args: readonly string[]): Promise<Ran> {
    // Bundled into a folder elsewhere, where it does not find the one module that cannot be bundled.
    return verbatim(args, { env: { ...this.env, NODE_PATH: join(REPOSITORY, 'node_modules') } });
  }
}

/** What a client saved for everybody to check. */
export async function evidenceOf({ home }: Client): Promise<Record<string, unknown>[]> {
  const folder = join(home, '.local/state/verbatim/evidence');
  const files = await readdir(folder);
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as Record<string, unknown>));
}

/** As the tables say it. */
export const outcomeOf = ({ verdict, code }: Verified): string => `${verdict}, exit code ${code}`;

/** `code: message` of everything that a result has to complain about. */
export function complaints({ result }: Verified): string {
  return result.errors.map(({ code, message }) => `${code}: ${message}`).join('\n');
}

async function startWitness(folder: string, number: number, logVkey: string): Promise<Witnessed & { service: Service }> {
  const name = `witness.example/w${number}`;
  const key = `witness-${number}.key`;
  const { vkey } = await createKeyFile(join(folder, key), name, { type: KEY_TYPE_COSIGNATURE });
  const config = join(folder, `witness-${number}.toml`);
  await writeFile(
    config,
    `name = "${name}"\ndata_dir = "witness-${number}"\nkey_file = "${key}"\n[[logs]]\nvkey = "${logVkey}"\n${LISTEN}`,
  );
  await initialise('witness', config);
  const service = await startService(name, 'witness', config, join(folder, `witness-${number}.log`));
  return { vkey, url: service.ready.url, service };
}
