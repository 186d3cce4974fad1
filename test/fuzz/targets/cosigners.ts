/** Witness and mirror over HTTP. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLogger, loadConfig, type RunningService, type ServiceContext } from '@verbatim/service-kit';
import { InMemoryLog, Scene } from '@verbatim/testkit';
import { formatAddCheckpoint, formatAddEntriesHeader, formatEntryPackage, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { mirrorConfig } from '../../../services/mirror/src/config.ts';
import { initMirror } from '../../../services/mirror/src/init.ts';
import { startMirror } from '../../../services/mirror/src/service.ts';
import { witnessConfig } from '../../../services/witness/src/config.ts';
import { initWitness } from '../../../services/witness/src/init.ts';
import { startWitness } from '../../../services/witness/src/service.ts';
import { answers, ascii } from '../http.ts';
import type { Target } from '../target.ts';

const log = new InMemoryLog({ origin: 'log.example/cosigned' });
for (let index = 0; index < 9; index++) log.add(utf8Encode(`entry ${index}`));
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const addCheckpoint = (oldSize: bigint, size: bigint): Uint8Array => {
  const proof = oldSize === 0n ? [] : log.consistencyProof(oldSize, size);
  const checkpoint = log.checkpoint({ size, witnesses: [] });
  return ascii('POST /add-checkpoint', '', latin1(formatAddCheckpoint({ oldSize, proof, checkpoint })));
};
const addEntries = (ticket: Uint8Array): Uint8Array => {
  const header = formatAddEntriesHeader({ origin: log.origin, start: 0n, end: 5n, ticket });
  const entries = Array.from({ length: 5 }, (_, index) => log.entry(BigInt(index)));
  const body = Buffer.concat([header, formatEntryPackage({ entries, proof: [] })]);
  return ascii('POST /add-entries', 'content-type: application/octet-stream', '', latin1(body));
};
const prefix = `/${toHex(sha256(utf8Encode(log.origin)))}`;

/** A log with an index, which the index-witness reads in a folder. */
const { log: indexed } = new Scene();
indexed.seal();
const INDEXED_SIZE = indexed.size;

function writeIndexed(folder: string): string {
  for (const path of ['checkpoint', `tile/0/000.p/${INDEXED_SIZE}`, `tile/entries/000.p/${INDEXED_SIZE}`]) {
    mkdirSync(dirname(join(folder, 'log', path)), { recursive: true });
    writeFileSync(join(folder, 'log', path), indexed.read(path)!);
  }
  const url = pathToFileURL(join(folder, 'log')).href;
  return `[index]\nname = "cosigner.example/index"\nkey_file = "index.key"\nlogs = [{ origin = "${indexed.origin}", url = "${url}" }]\n`;
}

const logs = [log, indexed].map(({ vkey }) => `[[logs]]\nvkey = "${vkey}"\n`).join('');
const addIndexed = (checkpoint: Uint8Array): Uint8Array =>
  ascii('POST /index/add-checkpoint', '', latin1(formatAddCheckpoint({ oldSize: 0n, proof: [], checkpoint })));

/** Starts a service in a folder of its own when it is first needed. */
class Lazy {
  readonly #start: (file: string, context: ServiceContext) => Promise<RunningService>;
  readonly #more: (folder: string) => string;
  #running: Promise<{ service: RunningService; folder: string }> | undefined;

  /** @param more makes what else the service needs in its folder, and tells it as TOML */
  constructor(start: (file: string, context: ServiceContext) => Promise<RunningService>, more: (folder: string) => string = () => '') {
    this.#start = start;
    this.#more = more;
  }

  async url(): Promise<string> {
    return (await (this.#running ??= this.#open())).service.url!;
  }

  async close(): Promise<void> {
    const running = await this.#running;
    this.#running = undefined;
    await running?.service[Symbol.asyncDispose]();
    if (running !== undefined) rmSync(running.folder, { recursive: true, force: true });
  }

  async #open(): Promise<{ service: RunningService; folder: string }> {
    const folder = mkdtempSync(join(tmpdir(), 'verbatim-fuzz-'));
    const file = join(folder, 'service.toml');
    const keys = `name = "cosigner.example/fuzz"\nkey_file = "key"\ndata_dir = "data"\n`;
    writeFileSync(file, `${keys}${logs}[listen]\nport = 0\n[metrics_listen]\nport = 0\n${this.#more(folder)}`);
    const fatal = (error: unknown): never => {
      throw error;
    };
    const context = { signal: new AbortController().signal, logger: createLogger({ name: 'fuzz', level: 'silent' }), fatal };
    return { service: await this.#start(file, context), folder };
  }
}

const witness = new Lazy(async (file, context) => {
  const config = loadConfig(witnessConfig, file);
  await initWitness(config);
  return startWitness(config, context);
}, writeIndexed);
const mirror = new Lazy(async (file, context) => {
  const config = loadConfig(mirrorConfig, file);
  await initMirror(config);
  return startMirror(config, context);
});

/** C2SP tlog-witness and tlog-mirror give 409 bodies of their own. */
const isPlain = (status: number): boolean => status === 409;

export const COSIGNERS: readonly Target[] = [
  {
    name: 'witness-http',
    shape: 'text',
    // Once the first was answered, size 5 is cosigned.
    seeds: [addCheckpoint(0n, 5n), ascii(`GET ${prefix}/checkpoint`, '', ''), ascii('GET /', '', '')],
    others: [addCheckpoint(3n, 9n), addCheckpoint(0n, 9n)],
    runs: 400,
    accepts: async (input) => answers(await witness.url(), input, isPlain),
    close: () => witness.close(),
  },
  {
    name: 'index-witness-http',
    shape: 'text',
    seeds: [ascii('GET /index/livez', '', '')],
    // It answers these once it has read the log, and then another thing: so none must be accepted.
    others: [
      addIndexed(indexed.checkpoint({ witnesses: [] })),
      addIndexed(indexed.checkpoint({ size: INDEXED_SIZE - 1n, witnesses: [] })),
      ascii(`GET /index/${toHex(sha256(utf8Encode(indexed.origin)))}/checkpoint`, '', ''),
    ],
    runs: 300,
    accepts: async (input) => answers(await witness.url(), input, isPlain),
    close: () => witness.close(),
  },
  {
    name: 'mirror-http',
    shape: 'bytes',
    seeds: [addCheckpoint(0n, 5n), addEntries(new Uint8Array()), ascii('GET /', '', '')],
    others: [
      addEntries(utf8Encode('a ticket')),
      addCheckpoint(5n, 9n),
      ascii(`GET ${prefix}/checkpoint`, '', ''),
      ascii(`GET ${prefix}/tile/entries/000.p/5`, '', ''),
    ],
    runs: 400,
    accepts: async (input) => answers(await mirror.url(), input, isPlain),
    close: () => mirror.close(),
  },
];
