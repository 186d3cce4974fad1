/** Variables that say where to download from, and no others, go on to the worker: no secret of the node's, nothing that changes bits. */
const PASSED = new Set([
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO', 'NODE_EXTRA_CA_CERTS', 'NETRC'],
  ...['GOPROXY', 'GONOPROXY', 'GOSUMDB', 'GONOSUMDB', 'GOPRIVATE', 'GOINSECURE', 'GOAUTH', 'GOENV', 'XDG_CONFIG_HOME', 'APT_CONFIG'],
]);
/** The npm and pip clients' settings: registry, proxy, certificates. */
const CLIENT_SETTING = /^npm_config_|^PIP_/i;

/**
 * The worker's whole environment.
 *
 * @param inherited the node's own
 * @param home a folder that the worker may write to
 * @param added from the configuration; wins
 */
export function workerEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  home: string,
  added: Readonly<Record<string, string>>,
): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: inherited['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    LANG: 'C.UTF-8',
  };
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && (PASSED.has(name) || CLIENT_SETTING.test(name))) environment[name] = value;
  }
  return { ...environment, ...added };
}
