import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

/** The checkout that this file stands in. */
export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** What a service prints on stdout once it listens (service-kit `runService`). */
export interface Ready {
  readonly url: string;
  readonly metricsUrl?: string;
}

/** A service of the local network: a process of its own, with its own key, data folder and log file. */
export interface Service extends AsyncDisposable {
  readonly name: string;
  readonly ready: Ready;
  readonly pid: number;
  /** Resolves when the process ends, however it ends. */
  readonly ended: Promise<string>;
}

const START_SECONDS = 60;
/** An emulated program starts ten times as slowly. */
const START_SECONDS_ELSEWHERE = 300;
const STOP_SECONDS = 30;

function serviceMain(service: string): string {
  return `${REPOSITORY}services/${service}/src/main.ts`;
}

/** Runs `main.ts init` of a service to its end. @throws Error with the service's own words when it fails. */
export async function initialise(service: string, configFile: string, [program, ...parameters]: Runtime = OWN): Promise<void> {
  const child = spawn(program, [...parameters, serviceMain(service), 'init', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child);
  if (code !== 0) throw new Error(`${service} init with ${configFile} ended with ${code}:\n${output}`);
}

/** The command that runs a script: this process's Node, or one in another root. */
export type Runtime = readonly [string, ...string[]];

const OWN: Runtime = [process.execPath];

/**
 * Starts `main.ts serve` of a service and waits for its ready line.
 * @param logFile where its log lines go, appended
 * @throws Error when it ends or stays silent for too long; the message names the log file.
 */
export async function startService(
  name: string,
  service: string,
  configFile: string,
  logFile: string,
  runtime: Runtime = OWN,
): Promise<Service> {
  const [program, ...parameters] = runtime;
  const seconds = runtime === OWN ? START_SECONDS : START_SECONDS_ELSEWHERE;
  const child = spawn(program, [...parameters, serviceMain(service), 'serve', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: Ctrl-C is for us, and we stop the services in order.
    detached: true,
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stderr.pipe(log);
  const written = finished(log);
  const ended = once(child).then(async ([code, signal]) => {
    // Who is told that it has ended may read why.
    await written;
    return `${name} ended with ${signal ?? code}; its log is ${logFile}`;
  });
  const ready = await Promise.race([
    readyLine(child),
    ended.then((how) => Promise.reject(new Error(how))),
    new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error(`${name} did not listen within ${seconds} s; its log is ${logFile}`)), seconds * 1000).unref(),
    ),
  ]).catch(async (error: unknown) => {
    signalGroup(child, 'SIGKILL');
    // Until then it has its files, its port and its database.
    await ended.catch(() => {});
    throw error;
  });
  return {
    name,
    ready,
    pid: child.pid!,
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      signalGroup(child, 'SIGTERM');
      const force = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_SECONDS * 1000);
      await ended;
      clearTimeout(force);
    },
  };
}

/** A runtime in another root is a process of its own beside the service's. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) {
    const message = JSON.parse(line) as Ready & { ready?: boolean };
    if (message.ready) {
      child.stdout!.resume();
      return message;
    }
  }
  throw new Error('stdout closed before the ready line');
}

function once(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve([code, signal]));
  });
}
