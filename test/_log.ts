import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialise, REPOSITORY, startService, type Service } from '@verbatim/local';
import { createKeyFile, loadSigner } from '@verbatim/service-kit/keyfile';
import { signStatement, type ReleaseStatement } from '@verbatim/statements';
import { hashLeaf, KEY_TYPE_COSIGNATURE, utf8Decode, type Signer } from '@verbatim/tlog';
import { anArtifact, anEnrolment, anObservation, aRelease, testSigner } from '@verbatim/testkit';

// Services are started many times, and starting is most of what they cost here.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'verbatim-compile-cache');

/** The real log service as a process of its own, with a real witness if wanted, in a temporary folder. */
export interface RunningLog extends AsyncDisposable {
  readonly origin: string;
  readonly url: string;
  readonly metricsUrl: string;
  readonly vkey: string;
  readonly dataDir: string;
  readonly pid: number;
  readonly witnessPid: number | null;
  readonly witnessUrl: string | null;
  /** The file that `serve` is started with. */
  readonly config: string;
  /** Resolves when the process ends, however it ends; the text says how. */
  readonly ended: Promise<string>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process is gone. */
  stop(): Promise<void>;
  /** The same log again from its folder, on another port. Rejects when it does not start. */
  restart(): Promise<void>;
  /** Runs another command of the log's main.ts with its configuration, to the end. */
  run(command: string, ...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** What the log's processes have said so far. */
  said(): Promise<string>;
  /** Posts one entry; resolves to the status and the parsed answer, whatever they are. */
  submit(entry: Uint8Array): Promise<{ status: number; body: Record<string, unknown> }>;
  submitBatch(entries: readonly Uint8Array[]): Promise<{ status: number; body: Record<string, unknown> }>;
  readonly admin: Signer;
}

export interface LogOptions {
  /** With a witness, whose cosignature it needs. */
  readonly witness?: boolean;
  /** Top-level keys of its configuration. */
  readonly toml?: string;
  /** Tables of its configuration. */
  readonly tables?: string;
  /** The log's data folder, on another disk; beside its other files otherwise. */
  readonly dataDir?: string;
  /** Commands in front of Node, such as env(1). */
  readonly wrap?: readonly string[];
  readonly wrapWitness?: readonly string[];
}

export async function startLog({
  witness = false,
  toml = '',
  tables = '',
  dataDir,
  wrap = [],
  wrapWitness = [],
}: LogOptions = {}): Promise<RunningLog> {
  const runtime = ([program, ...rest]: readonly string[]): [string, ...string[]] =>
    program === undefined ? [process.execPath] : [program, ...rest, process.execPath];
  const folder = await mkdtemp(join(tmpdir(), 'verbatim-log-'));
  const origin = 'log.example/system-test';
  const listen = '[listen]\nhost = "127.0.0.1"\nport = 0\n[metrics_listen]\nhost = "127.0.0.1"\nport = 0\n';
  const { vkey } = await createKeyFile(join(folder, 'log.key'), origin);
  let witnessed = '';
  let witnessProcess: Service | null = null;
  if (witness) {
    const { vkey: witnessVkey } = await createKeyFile(join(folder, 'witness.key'), 'witness.example/w1', { type: KEY_TYPE_COSIGNATURE });
    const config = join(folder, 'witness.toml');
    await writeFile(
      config,
      `name = "witness.example/w1"\ndata_dir = "witness"\nkey_file = "witness.key"\n[[logs]]\nvkey = "${vkey}"\n${listen}`,
    );
    await initialise('witness', config);
    witnessProcess = await startService('witness', 'witness', config, join(folder, 'witness.log'), runtime(wrapWitness));
    witnessed = `[[witnesses]]\nvkey = "${witnessVkey}"\nurl = "${witnessProcess.ready.url}"\n`;
  }
  // However slow the machine is: a test that is about a late witness says how long it may take.
  const patience = toml.includes('witness_timeout_ms') ? '' : 'witness_timeout_ms = 60000\n';
  const config = join(folder, 'log.toml');
  await writeFile(
    config,
    `origin = "${origin}"\ndata_dir = "${dataDir ?? 'log'}"\nkey_file = "log.key"\nroot_key_file = "root.key"\nadmin_key_file = "admin.key"\n${patience}${toml}${witnessed}${tables}${listen}`,
  );
  await initialise('log', config);
  const start = (): Promise<Service> => startService('log', 'log', config, join(folder, 'log.log'), runtime(wrap));
  let service = await start();
  const post = async (path: string, body: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    // A kept-alive connection may be closed as we write on it; repeating a submission never adds an entry (DESIGN §3.6).
    const response = await fetch(service.ready.url + path, request).catch(() => fetch(service.ready.url + path, request));
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return {
    origin,
    vkey,
    dataDir: dataDir ?? join(folder, 'log'),
    admin: loadSigner(join(folder, 'admin.key')),
    witnessPid: witnessProcess?.pid ?? null,
    witnessUrl: witnessProcess?.ready.url ?? null,
    get url() {
      return service.ready.url;
    },
    get metricsUrl() {
      return service.ready.metricsUrl!;
    },
    get pid() {
      return service.pid;
    },
    config,
    get ended() {
      return service.ended;
    },
    async kill() {
      process.kill(service.pid, 'SIGKILL');
      await service.ended;
    },
    async stop() {
      process.kill(service.pid, 'SIGTERM');
      await service.ended;
    },
    async restart() {
      service = await start();
    },
    run: (command, ...args) =>
      new Promise((resolve) => {
        const main = join(REPOSITORY, 'services/log/src/main.ts');
        execFile(process.execPath, [main, command, '--config', config, ...args], (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr }),
        );
      }),
    said: () => readFile(join(folder, 'log.log'), 'utf8'),
    submit: (entry) => post('/entries', utf8Decode(entry)),
    submitBatch: (entries) => post('/entries/batch', JSON.stringify({ entries: entries.map((entry) => utf8Decode(entry)) })),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await witnessProcess?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const ARTIFACTS = 8;

/**
 * Enrols a registrar and rebuilders and registers releases of eight artifacts, so that `observations` distinct observations can be submitted;
 * returns these, signed, in an order that a log admits.
 */
export async function prepareObservations(log: RunningLog, observations: number): Promise<Uint8Array[]> {
  const registrar = testSigner('registrar.example');
  await admitted(log, signStatement(anEnrolment(registrar, { role: 'registrar' }), [log.admin]));
  const rebuilders = Array.from({ length: 16 }, (_, number) => testSigner(`rebuilder-${number}.example`));
  for (const rebuilder of rebuilders) await admitted(log, signStatement(anEnrolment(rebuilder), [log.admin]));
  const entries: Uint8Array[] = [];
  for (let number = 0; entries.length < observations; number++) {
    const artifacts = Array.from({ length: ARTIFACTS }, (_, each) => anArtifact({ name: `r${number}/a${each}` }));
    const release: ReleaseStatement = aRelease({ purl: `pkg:npm/esbuild@0.${number}.0`, artifacts });
    const entry = signStatement(release, [registrar]);
    const index = await admitted(log, entry);
    for (const rebuilder of rebuilders)
      for (const { name } of artifacts)
        entries.push(
          signStatement(anObservation({ origin: log.origin, release, index, leafHash: hashLeaf(entry), rebuilder, artifact: name }), [
            rebuilder,
          ]),
        );
  }
  return entries.slice(0, observations);
}

async function admitted(log: RunningLog, entry: Uint8Array): Promise<number> {
  const { status, body } = await log.submit(entry);
  if (status !== 200) throw new Error(`expected the log to admit the entry, found ${status} ${JSON.stringify(body)}`);
  return Number(body['index']);
}

/** The published checkpoint's size. */
export async function publishedSize(log: RunningLog): Promise<bigint> {
  return BigInt((await readFile(join(log.dataDir, 'public/checkpoint'), 'utf8')).split('\n')[1]!);
}
