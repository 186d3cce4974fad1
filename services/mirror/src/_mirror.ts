/** Test helper: a mirror in a temporary folder, in this process or as one of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLogger, loadConfig } from '@verbatim/service-kit';
import {
  openNote,
  parseCheckpoint,
  parseMirrorInfo,
  parseNote,
  parseVkey,
  sha256,
  toHex,
  utf8Encode,
  type MirrorInfo,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { onTestFinished } from 'vitest';
import { mirrorConfig } from './config.ts';
import { initMirror } from './init.ts';
import { startMirror, type MirrorPorts } from './service.ts';

export const NAME = 'example.org/mirror';

interface MirroredLog {
  vkey: string;
  url?: string;
  rootVkey?: string;
}

export interface TestFolder {
  readonly folder: string;
  readonly config: string;
  readonly vkeys: readonly string[];
}

/** A folder with a configuration for these logs; `init` has been run. `more` is TOML of the top level. */
export async function prepareMirror(logs: readonly MirroredLog[], more = ''): Promise<TestFolder> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'mirror-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'mirror.toml');
  writeFileSync(config, mirrorToml(logs, more));
  return { folder, config, vkeys: await initMirror(loadConfig(mirrorConfig, config)) };
}

export function mirrorToml(logs: readonly MirroredLog[], more = ''): string {
  const line = (key: string, value: string | undefined): string => (value === undefined ? '' : `${key} = "${value}"\n`);
  const tables = logs
    .map(({ vkey, url, rootVkey }) => `[[logs]]\nvkey = "${vkey}"\n${line('url', url)}${line('root_vkey', rootVkey)}`)
    .join('');
  return `name = "${NAME}"\nkey_file = "mirror.key"\ndata_dir = "data"\nlisten = { port = 0 }\nmetrics_listen = { port = 0 }\npoll_ms = 100\n${more}${tables || 'logs = []\n'}`;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

export class MirrorClient {
  readonly url: string;
  readonly metricsUrl: string;

  constructor(url: string, metricsUrl: string) {
    this.url = url;
    this.metricsUrl = metricsUrl;
  }

  addCheckpoint(body: Uint8Array): Promise<Answer> {
    return this.#post('add-checkpoint', body, {});
  }

  addEntries(body: Uint8Array | ReadableStream<Uint8Array>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#post('add-entries', body, { 'content-type': 'application/octet-stream', ...headers });
  }

  /** Where an upload should go on, as a 409 tells it. */
  async info(header: Uint8Array): Promise<MirrorInfo> {
    const { status, type, body } = await this.addEntries(header);
    if (status !== 409 || type !== 'text/x.tlog.mirror-info') throw new Error(`expected 409 with mirror-info, found ${status} ${body}`);
    return parseMirrorInfo(body);
  }

  read(origin: string, path: string): Promise<Response> {
    return fetch(`${this.prefix(origin)}/${path}`);
  }

  prefix(origin: string): string {
    return `${this.url}/${toHex(sha256(utf8Encode(origin)))}`;
  }

  /** Size of the served checkpoint; null if there is none. Every key given must have signed it. */
  async size(origin: string, ...vkeys: readonly string[]): Promise<number | null> {
    const response = await this.read(origin, 'checkpoint');
    if (response.status === 404) return null;
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (vkeys.length > 0) {
      const { verified } = openNote(bytes, vkeys.map(parseVkey), verifyEd25519);
      if (verified.length !== vkeys.length) throw new Error(`expected ${vkeys.length} verified lines, found ${verified.length}`);
    }
    return Number(parseCheckpoint(parseNote(bytes).text).size);
  }

  async #post(path: string, body: Uint8Array | ReadableStream<Uint8Array>, headers: Record<string, string>): Promise<Answer> {
    const stream = body instanceof ReadableStream ? { duplex: 'half' } : {};
    const answer = await fetch(`${this.url}/${path}`, { method: 'POST', body: body as BodyInit, headers, ...stream } as RequestInit);
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
  }
}

/** Over real sockets, in this process, so that clock and disk can be set. */
export async function startTestMirror(
  { config }: TestFolder,
  { now = () => 1_700_000_000n, ...ports }: MirrorPorts = {},
): Promise<MirrorClient & AsyncDisposable> {
  const context = {
    signal: new AbortController().signal,
    logger: createLogger({ name: 'mirror', level: 'silent' }),
    fatal: (error: unknown): never => {
      throw error;
    },
  };
  const running = await startMirror(loadConfig(mirrorConfig, config), context, { now, ...ports });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= Promise.resolve(running[Symbol.asyncDispose]()));
  onTestFinished(stop);
  return Object.assign(new MirrorClient(running.url!, running.metricsUrl!), { [Symbol.asyncDispose]: stop });
}

const MAIN = new URL('main.ts', import.meta.url).pathname;

export interface MirrorProcess {
  readonly client: MirrorClient;
  readonly process: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

/** As a process of its own. `fileBlocks`: how many blocks of 512 bytes a file may have (ulimit -f); beyond it, writes fail as on a broken disk. */
export async function spawnMirror({ config }: TestFolder, { fileBlocks = 0 } = {}): Promise<MirrorProcess> {
  const serve = [process.execPath, MAIN, 'serve', '--config', config];
  const limited = ['sh', '-c', `ulimit -f ${fileBlocks} && exec "$@"`, 'sh', ...serve];
  const [command, ...args] = fileBlocks === 0 ? serve : limited;
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<Awaited<MirrorProcess['exited']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  const ready = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const line = await Promise.race([ready, exited.then(({ code }) => Promise.reject(new Error(`ended with ${code}: ${stderr}`)))]);
  const { url, metricsUrl } = JSON.parse(line) as { url: string; metricsUrl: string };
  return { client: new MirrorClient(url, metricsUrl), process: child, exited };
}
