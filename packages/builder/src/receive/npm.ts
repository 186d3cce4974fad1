/** The published tarball of an npm package, by `npm pack`: the client's own registry, proxy and certificate settings are followed. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Purl } from '@verbatim/statements';
import { findProgram, requireProgram, runTool } from '../process.ts';
import { notReceived, type NotReceived, type ReceiveReason } from './outcome.ts';

export interface NpmRequest {
  readonly purl: Purl;
  /** An empty folder of the caller's, private. */
  readonly dir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** Where npm looks for its settings and how it reaches the registry. Nothing that makes it do anything else. */
const PASSED = new Set([
  ...['PATH', 'HOME', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'XDG_CONFIG_HOME'],
]);
const PASSED_SETTING =
  /^npm_config_(?:(?:@[^:]+:)?registry|proxy|https?_proxy|noproxy|ca|cafile|cert|key|userconfig|globalconfig|strict_ssl|local_address|fetch_.*|\/\/.*)$/i;

/** What follows an @ may otherwise be a folder, a repository or an address to npm. */
const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const VERSION = /^\d{1,16}\.\d{1,16}\.\d{1,16}(?:-[0-9A-Za-z.-]{1,128})?(?:\+[0-9A-Za-z.-]{1,128})?$/;

/** Path of the downloaded tarball. */
export async function packNpm(request: NpmRequest): Promise<string | NotReceived> {
  const { purl, dir, environment, maxBytes, timeout, signal } = request;
  const name = purl.namespace === null ? purl.name : `${purl.namespace}/${purl.name}`;
  if (!NAME.test(name) || purl.version === null || !VERSION.test(purl.version)) {
    return notReceived(
      'coordinate-unsupported',
      `expected an npm name and version, found ${JSON.stringify(name)} ${JSON.stringify(purl.version)}`,
    );
  }
  const [cache, target, cwd] = [join(dir, 'npm-cache'), join(dir, 'packed'), join(dir, 'empty')];
  for (const folder of [cache, target, cwd]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const npm = requireProgram('npm', 'install Node with its npm');
  // npm has no limit of its own for what a registry sends.
  const prlimit = findProgram('prlimit');
  const limited = prlimit === null ? [] : [prlimit, `--fsize=${maxBytes}`, '--'];
  const options = [
    '--pack-destination',
    target,
    '--cache',
    cache,
    '--ignore-scripts',
    '--json',
    '--loglevel=error',
    '--update-notifier=false',
  ];
  const result = await runTool({
    argv: [...limited, npm, 'pack', ...options, '--', `${name}@${purl.version}`],
    cwd,
    env: npmEnvironment(environment),
    timeout,
    signal,
  });
  if (result.ended === 'timeout') return notReceived('receive-timeout', `npm pack took more than ${timeout / 1000} s`);
  if (result.code !== 0) return notReceived(reasonOf(`${result.stdout}\n${result.stderr}`), result.stderr);
  const files = await readdir(target);
  if (files.length !== 1) return notReceived('receive-failed', `expected npm pack to write one file, found ${files.length}`);
  return join(target, files[0]!);
}

/** npm's settings by variable name in upper or lower case, and the few other variables that it needs. */
export function npmEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (PASSED.has(name) || PASSED_SETTING.test(name))) passed[name] = value;
  }
  return { PATH: '/usr/local/bin:/usr/bin:/bin', ...passed, LC_ALL: 'C' };
}

const REASONS: readonly (readonly [RegExp, ReceiveReason])[] = [
  [/\b(?:E404|ETARGET|ENOVERSIONS|E403|E401)\b/, 'not-published'],
  [/\bEINTEGRITY\b/, 'integrity-mismatch'],
  [/\bEFBIG\b|File too large/, 'too-large'],
  [/\bENOSPC\b/, 'host-disk-full'],
];

/** npm's error codes. Anything else (ECONNRESET, E503, a proxy's refusal, …) may go better next time. */
function reasonOf(said: string): ReceiveReason {
  return REASONS.find(([pattern]) => pattern.test(said))?.[1] ?? 'network';
}
