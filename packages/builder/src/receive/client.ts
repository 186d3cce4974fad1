/** What the ecosystems' clients have in common when they download a published file. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Purl } from '@verbatim/statements';
import { isPlain } from '../plain-paths.ts';
import { findProgram } from '../process.ts';
import { runClient } from '../sandbox/client.ts';
import { installationOf, pathsIn } from '../sandbox/shown.ts';
import { notReceived, type NotReceived, type ReceiveReason } from './outcome.ts';

export interface ClientRequest {
  readonly purl: Purl;
  /** An empty folder of the caller's, private. What a client leaves there besides the file, the caller removes. */
  readonly dir: string;
  /** The user's environment, of which each client is passed what it needs to find its settings and reach its registry. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** Downloads what is published at a coordinate. @returns path of the file, in `dir` */
export type Client = (request: ClientRequest) => Promise<string | NotReceived>;

export interface Download {
  /** What to call it for people, such as `npm pack`. */
  readonly name: string;
  /** @param target the folder that the file must be written to */
  readonly argv: (target: string) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Paths of the programs that run, and of the files that the client may have its settings in. */
  readonly programs: readonly string[];
  readonly settings: readonly string[];
  /** What the client's words come to; `network`, which may go better next time, when none fits. */
  readonly reasons: readonly (readonly [RegExp, ReceiveReason])[];
}

/** Runs a client that writes one file. */
export async function download(
  { name, argv, env, programs, settings, reasons }: Download,
  request: ClientRequest,
): Promise<string | NotReceived> {
  const { dir, maxBytes, timeout, signal } = request;
  const [target, cwd, temporary] = [join(dir, 'target'), join(dir, 'empty'), join(dir, 'client-cache')];
  for (const folder of [target, cwd, temporary]) await mkdir(folder, { recursive: true, mode: 0o700 });
  // None of them has a limit of its own for what a registry sends.
  const prlimit = findProgram('prlimit');
  const limited = prlimit === null ? [] : [prlimit, `--fsize=${maxBytes}`, '--'];
  const { PATH: _path, HOME: _home, XDG_CONFIG_HOME: _config, ...named } = env;
  const result = await runClient({
    argv: [...limited, ...argv(target)],
    cwd,
    // A sandbox's /tmp is small, and in memory.
    env: { ...env, TMPDIR: temporary },
    shown: [...programs.flatMap(installationOf), ...settings, ...pathsIn(Object.values(named))],
    writable: [dir],
    timeout,
    signal,
  });
  if (result.ended === 'timeout') return notReceived('receive-timeout', `${name} took more than ${timeout / 1000} s`);
  if (result.code !== 0) {
    const said = `${result.stdout}\n${result.stderr}`;
    const known = [...reasons, ...DISK].find(([pattern]) => pattern.test(said));
    return notReceived(known?.[1] ?? 'network', result.stderr);
  }
  return onlyFile(target, name);
}

/** Path of the one file that a client wrote. A link, to whatever else is on this machine, is none. */
export async function onlyFile(target: string, name: string): Promise<string | NotReceived> {
  const [file, ...others] = await readdir(target);
  if (file === undefined || others.length > 0) {
    const found = file === undefined ? 'none' : `${others.length + 1}`;
    return notReceived('receive-failed', `expected ${name} to write one file, found ${found}`);
  }
  if (!(await isPlain(target, file, 'file'))) return notReceived('receive-failed', `expected ${name} to write a plain file`);
  return join(target, file);
}

const DISK: Download['reasons'] = [
  [/\bEFBIG\b|File too large/, 'too-large'],
  [/\bENOSPC\b|No space left on device/, 'host-disk-full'],
];

/** Variables that every client may have: where it looks for its settings, and how it reaches its registry. */
const PASSED = new Set([
  ...['PATH', 'HOME', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'XDG_CONFIG_HOME'],
]);

/** The environment of a client. @param setting which variables of its own say where to download from */
export function clientEnvironment(environment: ClientRequest['environment'], setting: RegExp): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (PASSED.has(name) || setting.test(name))) passed[name] = value;
  }
  return { PATH: '/usr/local/bin:/usr/bin:/bin', ...passed, LC_ALL: 'C' };
}
