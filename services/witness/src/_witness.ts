/** Test helper: a witness in a temporary folder, in this process or as one of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLogger, loadConfig } from '@verbatim/service-kit';
import { parseNote, parseVkey, sha256, toHex, utf8Encode, verifyCosignature } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { onTestFinished } from 'vitest';
import { witnessConfig } from './config.ts';
import { initWitness } from './init.ts';
import { startWitness } from './service.ts';

export const NAME = 'example.org/witness';

/** A folder with a configuration for these logs; `init` has been run. */
export interface TestFolder {
  readonly folder: string;
  readonly config: string;
  readonly vkey: string;
}

export async function prepareWitness(logVkeys: readonly string[], { init = true } = {}): Promise<TestFolder> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'witness-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'witness.toml');
  writeFileSync(config, witnessToml(logVkeys));
  return { folder, config, vkey: init ? (await initWitness(loadConfig(witnessConfig, config)))[0]! : '' };
}

export function witnessToml(logVkeys: readonly string[], name = NAME): string {
  const logs = logVkeys.map((vkey) => `[[logs]]\nvkey = "${vkey}"\n`).join('');
  return `name = "${name}"\nkey_file = "witness.key"\ndata_dir = "data"\nlisten = { port = 0 }\nmetrics_listen = { port = 0 }\n${logs || 'logs = []\n'}`;
}

export interface TestWitness {
  readonly url: string;
  readonly metricsUrl: string;
  readonly vkey: string;
  post(body: Uint8Array | string): Promise<{ status: number; type: string | null; body: string }>;
  read(origin: string): Promise<Response>;
}

/** Over real sockets, in this process, so that the clock can be set. */
export async function startTestWitness(logVkeys: readonly string[], now?: () => bigint): Promise<TestWitness> {
  const prepared = await prepareWitness(logVkeys);
  const { url, metricsUrl } = await startPrepared(prepared, now);
  return clientOf(url, metricsUrl, prepared.vkey);
}

/** The same of a folder that is there; until it is stopped, or the test is over. */
export async function startPrepared(
  { config }: Pick<TestFolder, 'config'>,
  now: () => bigint = () => 1_700_000_000n,
): Promise<{ url: string; metricsUrl: string; stop: () => Promise<void> }> {
  const context = {
    signal: new AbortController().signal,
    logger: createLogger({ name: 'witness', level: 'silent' }),
    fatal: (error: unknown): never => {
      throw error;
    },
  };
  const running = await startWitness(loadConfig(witnessConfig, config), context, now);
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= Promise.resolve(running[Symbol.asyncDispose]()));
  onTestFinished(stop);
  return { url: running.url!, metricsUrl: running.metricsUrl!, stop };
}

function clientOf(url: string, metricsUrl: string, vkey: string): TestWitness {
  return {
    ...{ url, metricsUrl, vkey },
    async post(body) {
      const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: body as BodyInit });
      return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
    },
    read: (origin) => fetch(`${url}/${toHex(sha256(utf8Encode(origin)))}/checkpoint`),
  };
}

/** POSIX seconds of the cosignature in `lines` over `checkpoint`; throws unless it is exactly one line and verifies. */
export function cosignedAt(checkpoint: Uint8Array, lines: string, vkey: string): bigint {
  const { text } = parseNote(checkpoint);
  const { signatures } = parseNote(utf8Encode(`${text}\n${lines}`));
  const timestamp = signatures.length === 1 ? verifyCosignature(text, signatures[0]!, parseVkey(vkey), verifyEd25519) : null;
  if (timestamp === null) throw new Error(`expected one cosignature of ${vkey}, found ${lines}`);
  return timestamp;
}

export interface WitnessProcess extends TestWitness {
  readonly process: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

const MAIN = new URL('main.ts', import.meta.url).pathname;

/** `main.ts` with these arguments. */
export function runMain(...args: string[]): ReturnType<typeof runCommand> {
  return runCommand(process.execPath, MAIN, ...args);
}

function runCommand(command: string, ...args: string[]): { process: ChildProcess; exited: WitnessProcess['exited']; stdout: () => string } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<Awaited<WitnessProcess['exited']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  return { process: child, exited, stdout: () => stdout };
}

/**
 * As a process of its own. `fileBlocks`: how many blocks of 512 bytes a file may have (ulimit -f); beyond it, writes fail as on a
 * broken disk, and what is there stays.
 */
export async function spawnWitness({ config, vkey }: TestFolder, { fileBlocks = 0 } = {}): Promise<WitnessProcess> {
  const serve = [process.execPath, MAIN, 'serve', '--config', config];
  const limited = ['sh', '-c', `ulimit -f ${fileBlocks} && exec "$@"`, 'sh', ...serve];
  const [command, ...args] = fileBlocks === 0 ? serve : limited;
  const { process: child, exited } = runCommand(command!, ...args);
  const ready = new Promise<string>((resolve) => createInterface({ input: child.stdout! }).once('line', resolve));
  const line = await Promise.race([ready, exited.then(({ code, stderr }) => Promise.reject(new Error(`ended with ${code}: ${stderr}`)))]);
  const { url, metricsUrl } = JSON.parse(line) as { url: string; metricsUrl: string };
  return { ...clientOf(url, metricsUrl, vkey), process: child, exited };
}
