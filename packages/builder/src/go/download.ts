/** `go mod download -json`: the ecosystem's own client fetches, unpacks and checks modules. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { isTime } from '@verbatim/statements';
import { sumDatabaseIn } from '../fetch-folders.ts';
import { unavailable, type Origin, type Unavailable, type UnavailableReason } from '../outcome.ts';
import { isPlain } from '../plain-paths.ts';
import { runClient } from '../sandbox/client.ts';
import { installationOf, pathsIn } from '../sandbox/shown.ts';
import { downloadEnvironment, type GoClient, type GoFolders } from './settings.ts';

export interface DownloadedModule {
  readonly path: string;
  readonly version: string;
  /** `h1:` of the zip, checked against go.sum or the checksum database. */
  readonly sum: string;
  /** `h1:` of its go.mod, checked likewise. */
  readonly goModSum: string;
  readonly zip: string;
  readonly dir: string;
  readonly goMod: string;
  readonly info: string;
  /** What the module proxy says about the version's repository; often missing. */
  readonly origin: Origin | null;
}

export interface DownloadRequest {
  readonly client: GoClient;
  /** Another go command than the client's own, by its path in its GOROOT. */
  readonly go?: string;
  readonly folders: GoFolders;
  /** File address of modules downloaded before, asked first; null: there is none. */
  readonly store: string | null;
  /** The home folder, or that of a main module. */
  readonly cwd: string;
  /** Whether all is in the module cache and only looked at: it may not be changed then, but for what the checksum database answers. */
  readonly present?: boolean;
  /** `path@version`, or none for everything that the module in `cwd` needs. */
  readonly modules: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** Downloads modules into the module cache. */
export async function downloadModules(request: DownloadRequest): Promise<readonly DownloadedModule[] | Unavailable> {
  const { client, go = client.program, folders, store, cwd, present = false, modules, timeout, signal } = request;
  const { home, modCache, goPath, sumDatabase = present ? sumDatabaseIn(modCache) : null } = folders;
  const shared = [goPath, ...(sumDatabase === null ? [] : [sumDatabase])];
  for (const folder of shared) await mkdir(folder, { recursive: true });
  const root = go === client.program ? [client.root, ...installationOf(go)] : [dirname(dirname(go))];
  const named = pathsIn([...Object.values(client.network), store ?? '']);
  const result = await runClient({
    argv: [go, 'mod', 'download', '-json', ...modules],
    cwd,
    env: downloadEnvironment(client, folders, store),
    shown: [...root, ...named, ...(present ? [modCache] : [])],
    writable: [home, cwd, ...(present ? [] : [modCache])],
    shared,
    timeout,
    signal,
  });
  if (result.ended === 'timeout') return unavailable('fetch-timeout', `go mod download took more than ${timeout / 1000} s`);
  if (result.ended === 'overflow') return unavailable('inputs-too-large', 'go mod download lists more modules than we take');
  const reports = parseReports(result.stdout);
  const errors = reports.flatMap(({ Error: error }) => (error === undefined ? [] : [error]));
  if (result.code !== 0 || errors.length > 0) {
    const said = [...errors, result.stderr].join('\n');
    return unavailable(reasonOf(said), said);
  }
  return Promise.all(reports.map((report) => moduleOf(report, modCache)));
}

interface Report {
  readonly Path: string;
  readonly Version: string;
  readonly Sum?: string;
  readonly GoModSum?: string;
  readonly Zip?: string;
  readonly Dir?: string;
  readonly GoMod?: string;
  readonly Info?: string;
  readonly Error?: string;
  readonly Origin?: { readonly Hash?: string; readonly Ref?: string };
}

/** JSON objects one after the other, each ending with a line `}` (cmd/go prints them indented by tabs). */
export function parseReports(text: string): Report[] {
  return text
    .split(/(?<=^\}\n)/m)
    .filter((each) => each.trim() !== '')
    .map((each) => JSON.parse(each) as Report);
}

async function moduleOf(report: Report, modCache: string): Promise<DownloadedModule> {
  const {
    Path: path,
    Version: version,
    Sum: sum,
    GoModSum: goModSum,
    Zip: zip,
    Dir: dir,
    GoMod: goMod,
    Info: info,
    Origin: origin,
  } = report;
  if (!path || !version || !sum || !goModSum || !zip || !dir || !goMod || !info) {
    throw new Error(`go mod download: expected Path, Version, Sum, GoModSum, Zip, Dir, GoMod and Info, found ${JSON.stringify(report)}`);
  }
  for (const file of [zip, goMod, info]) await requireBelow(join(modCache, 'cache', 'download'), file, 'file');
  await requireBelow(modCache, dir, 'folder');
  const found = origin?.Hash ? { revision: origin.Hash, ref: origin.Ref ?? null, time: await timeOf(info) } : null;
  return { path, version, sum, goModSum, zip, dir, goMod, info, origin: found };
}

/** What is named there is read, moved and kept outside of the sandbox: a client that was taken over may name any file, or make links to it. */
async function requireBelow(folder: string, path: string, kind: 'file' | 'folder'): Promise<void> {
  const isBelow = path.startsWith(`${folder}/`) && normalize(path) === path;
  if (isBelow && (await isPlain(folder, path.slice(folder.length + 1), kind))) return;
  throw new Error(`go mod download: expected a plain ${kind} below ${folder}, found ${path}`);
}

/** The commit's time, which the report leaves out. */
async function timeOf(info: string): Promise<string | null> {
  const { Time: time } = JSON.parse(await readFile(info, 'utf8')) as { Time?: unknown };
  return typeof time === 'string' && isTime(time) ? time : null;
}

const REASONS: readonly (readonly [RegExp, UnavailableReason])[] = [
  [/SECURITY ERROR|checksum mismatch|invalid signature|misuse of checksum|does not match go\.sum/i, 'checksum-mismatch'],
  [/no space left on device|disk quota exceeded/i, 'host-disk-full'],
  [/verifying (?:module|go\.mod)?[^\n]*(?:404 Not Found|410 Gone)/i, 'not-in-checksum-database'],
  [
    /429 Too Many|50\d [A-Z]|dial tcp|i\/o timeout|TLS handshake|connection re(?:set|fused)|no such host|unexpected EOF|x509:|proxyconnect/i,
    'network',
  ],
  [
    /40[0-9] [A-Z]|410 Gone|unknown revision|invalid version|not found|no matching versions|disabled by GOPROXY|does not contain/i,
    'module-unavailable',
  ],
  [/cannot find main module|go\.mod file not found|parsing go\.mod|errors parsing|requires go >=|malformed/i, 'not-a-module'],
  // A folder of the host's, which was never part of the source.
  [/replaced by [^)]*\): reading [^\n]*no such file/i, 'not-a-module'],
];

/** What the go command's words come to. Unknown words are `fetch-failed`, which is worth another try. */
export function reasonOf(said: string): UnavailableReason {
  return REASONS.find(([pattern]) => pattern.test(said))?.[1] ?? 'fetch-failed';
}
