/**
 * The user's settings of the go command, and the environment that our own go commands get. Of the former only what says where to download
 * from goes into the latter: proxies and mirrors. Everything that changes bits, and everything that switches the checksum database off, is ours.
 */
import { BuilderError } from '../errors.ts';
import { requireProgram, runTool } from '../process.ts';

export interface GoClient {
  /** Path of the go command that downloads. It compiles nothing. */
  readonly program: string;
  /** Where its installation is, for the sandbox that it runs in. */
  readonly root: string;
  /** What to add to a clean environment so that the user's proxies and mirrors are used. */
  readonly network: Readonly<Record<string, string>>;
  /** Settings of the user's that are not followed, for the log. Values are left out: they may hold passwords. */
  readonly notices: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const READ = ['GOROOT', 'GOPROXY', 'GONOPROXY', 'GOSUMDB', 'GONOSUMDB', 'GOINSECURE', 'GOFLAGS', 'GOAUTH'] as const;
/** Proxies and certificate stores, of every program that downloads. */
const PASSED = [
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO', 'NETRC'],
];
const INSTALL = 'install Go 1.21 or later';
const TIMEOUT = 60_000;

/**
 * Finds the go command in PATH and asks it, as the user would, for the user's settings (environment and `go env -w`).
 * @throws BuilderError `tool-missing`
 */
export async function goClient(environment: Environment = process.env, signal?: AbortSignal): Promise<GoClient> {
  const program = requireProgram('go', INSTALL);
  const inherited = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const { code, stdout, stderr } = await runTool({
    argv: [program, 'env', '-json', ...READ],
    // No module and no workspace there, and no other toolchain for this question.
    cwd: '/',
    env: { ...inherited, GOROOT: '', GOTOOLCHAIN: 'local', GOWORK: 'off' },
    timeout: TIMEOUT,
    signal,
  });
  if (code !== 0)
    throw new BuilderError('tool-missing', `expected ${program} env to print the user's settings, found exit code ${code}: ${stderr}`);
  const settings = JSON.parse(stdout) as Record<string, string>;
  return { program, root: settings['GOROOT']!, ...networkOf(settings, environment) };
}

/** A client that asks nobody: modules come from the store, sums from what the go command remembers, and nothing listens where it would ask. */
export function offlineClient(client: GoClient): GoClient {
  const nobody = 'http://127.0.0.1:1';
  const { GOPROXY: _proxy, GONOPROXY: _direct, NO_PROXY: _no, no_proxy: _none, ...network } = client.network;
  const closed = { HTTP_PROXY: nobody, HTTPS_PROXY: nobody, http_proxy: nobody, https_proxy: nobody };
  return { ...client, network: { ...network, ...closed, GOPROXY: 'off' } };
}

/** Pure part of `goClient`. */
export function networkOf(settings: Readonly<Record<string, string>>, environment: Environment): Pick<GoClient, 'network' | 'notices'> {
  const network: Record<string, string> = {};
  const notices: string[] = [];
  for (const name of PASSED) {
    const value = environment[name];
    if (value !== undefined && value !== '') network[name] = value;
  }
  // go reads it from the home folder, which our commands do not have.
  if (network['NETRC'] === undefined && environment['HOME']) network['NETRC'] = `${environment['HOME']}/.netrc`;
  for (const name of ['GOPROXY', 'GONOPROXY', 'GOAUTH']) if (settings[name]) network[name] = settings[name];
  const database = settings['GOSUMDB'] ?? '';
  // A name alone, or a name and a mirror's address: the go command brings the key. A key of the user's own would replace what we trust.
  if (database !== '' && database !== 'off' && !database.includes('+')) network['GOSUMDB'] = database;
  else if (database !== '')
    notices.push('GOSUMDB is not followed: modules are checked against the checksum database whose key the go command knows');
  for (const name of ['GONOSUMDB', 'GOINSECURE']) {
    if (settings[name]) notices.push(`${name} (or GOPRIVATE) is not followed: every module is checked against the checksum database`);
  }
  if (environment['GONOSUMCHECK'] || settings['GOFLAGS']?.includes('-insecure')) {
    notices.push('GONOSUMCHECK and GOFLAGS=-insecure are not followed: every module is checked against the checksum database');
  }
  return { network, notices };
}

export interface GoFolders {
  readonly home: string;
  readonly modCache: string;
  /** Holds the checksum database's latest tree head, which the go command remembers to notice a fork. */
  readonly goPath: string;
  /** Where answers of the checksum database are kept for all (see `shareSumDatabase`); in the module cache when left out. */
  readonly sumDatabase?: string;
}

/**
 * The whole environment of a go command that downloads.
 * @param store file address of modules downloaded before, asked first; what it serves is checked like everything else
 */
export function downloadEnvironment(client: GoClient, { home, modCache, goPath }: GoFolders, store: string | null): Record<string, string> {
  const proxies = [store, client.network['GOPROXY'] ?? null].filter((each) => each !== null).join(',');
  return {
    ...client.network,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    GOPATH: goPath,
    GOMODCACHE: modCache,
    GOCACHE: `${home}/.cache/go-build`,
    GOENV: 'off',
    GOWORK: 'off',
    GOTOOLCHAIN: 'local',
    GOTELEMETRY: 'off',
    // Folders of the module cache that we can remove again.
    GOFLAGS: '-modcacherw',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    LC_ALL: 'C',
    ...(proxies === '' ? {} : { GOPROXY: proxies }),
  };
}
