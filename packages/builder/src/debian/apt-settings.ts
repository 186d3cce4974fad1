/**
 * The settings of our own apt. Of the machine's it takes what says where packages come from and how to get there (mirrors, proxies,
 * passwords); everything else is ours, so that the machine's packages, lists, hooks and preferences neither matter nor change. Pure.
 */

/** Debian's own keys: whatever mirror serves a suite, Debian signed it. */
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export const ADD_SOURCE =
  'add a source of Debian packages to /etc/apt/sources.list.d (Types: deb, Suites: bookworm, Components: main, Signed-By: ' +
  `${KEYRING}) and run apt-get update`;

/** Mirrors that the machine has, in its order. */
export interface Mirrors {
  readonly main: readonly string[];
  readonly security: readonly string[];
}

export const TARGET_FORMAT = '$(ORIGIN)\t$(LABEL)\t$(REPO_URI)';

/** @param text what `apt-get indextargets` prints in TARGET_FORMAT: a line for each list that the machine has */
export function mirrorsOf(text: string): Mirrors {
  const found = { main: new Set<string>(), security: new Set<string>() };
  for (const line of text.split('\n')) {
    const [origin, label, uri] = line.split('\t');
    if (origin !== 'Debian' || uri === undefined || !/^[a-z][a-z0-9+.-]*:\/?[!-~]+$/.test(uri) || /[[\]"]/.test(uri)) continue;
    if (label === 'Debian') found.main.add(uri);
    if (label === 'Debian-Security') found.security.add(uri);
  }
  return { main: [...found.main], security: [...found.security] };
}

/** Lines of sources.list for suites. A suite of security updates is on a mirror of its own. */
export function sourcesOf(suites: readonly string[], mirrors: Mirrors, types: readonly string[], keyring = KEYRING): string {
  const lines = suites.flatMap((suite) =>
    (suite.endsWith('-security') ? mirrors.security : mirrors.main).flatMap((uri) =>
      types.map((type) => `${type} [signed-by=${keyring}] ${uri} ${suite} main\n`),
    ),
  );
  return lines.join('');
}

/** How to reach a mirror. Nothing that lets unsigned packages in, or runs programs but apt's own methods. */
const FOLLOWED = /^Acquire::(?:(?:http|https|socks|tor|ftp|mirror)(?:::.*)?|Retries|ForceIPv[46]|Queue-Mode|Max-[A-Za-z-]+) "/;
const NOT_FOLLOWED = /Proxy-Auto-Detect|ProxyAutoDetect|AllowInsecure|AllowWeak|AllowDowngrade/i;

/** @param dump what `apt-config dump` prints: lines of a configuration file */
export function followedSettings(dump: string): string[] {
  return dump
    .split('\n')
    .filter((line) => FOLLOWED.test(line) && !NOT_FOLLOWED.test(line) && line.endsWith('";') && !line.endsWith(' "";'));
}

export interface AptConfiguration {
  /** A folder of our own, absolute. */
  readonly folder: string;
  readonly architecture: string;
  /** Other architectures whose packages are wanted too. */
  readonly foreign: readonly string[];
  readonly followed: readonly string[];
  /** Where the machine keeps passwords of mirrors: a file and a folder. */
  readonly passwords: { readonly file: string; readonly folder: string };
}

/** Text of apt.conf(5), for APT_CONFIG: read before all others, it says that there are none. */
export function configurationOf({ folder, architecture, foreign, followed, passwords }: AptConfiguration): string {
  return [
    ...followed,
    `Dir::Etc "${folder}/etc";`,
    `Dir::Etc::Main "/dev/null";`,
    `Dir::Etc::Parts "${folder}/etc/apt.conf.d";`,
    `Dir::Etc::netrc "${passwords.file}";`,
    `Dir::Etc::netrcparts "${passwords.folder}";`,
    `Dir::State "${folder}/state";`,
    // No package is installed: what apt proposes to install is the whole system.
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
    `Dir::Log "${folder}/log";`,
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { ${[architecture, ...foreign].map((each) => `"${each}";`).join(' ')} };`,
    // Its folders are this user's alone.
    'APT::Sandbox::User "";',
    'APT::Install-Recommends "false";',
    // Else apt calls itself essential.
    'pkgCacheGen::ForceEssential ",";',
    'APT::Get::AllowUnauthenticated "false";',
    'APT::Get::Assume-Yes "true";',
    'Acquire::AllowInsecureRepositories "false";',
    'Acquire::Languages "none";',
    // Suites of the past are no longer signed anew; which bytes are wanted, the digests say.
    'Acquire::Check-Valid-Until "false";',
    'Acquire::ForceHash "SHA256";',
    '',
  ].join('\n');
}
