/** What of the host a client that fetches is shown, beside the system: what it is installed as, what the network needs, what the user's settings name. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Of /etc: names, certificates, libraries. Nothing there is anybody's secret. */
export const NETWORK_FILES: readonly string[] = [
  ...['resolv.conf', 'hosts', 'host.conf', 'nsswitch.conf', 'gai.conf', 'services', 'protocols', 'ld.so.cache', 'alternatives'],
  ...['ssl/certs', 'ssl/openssl.cnf', 'ssl/cert.pem', 'pki/tls', 'pki/ca-trust', 'ca-certificates', 'crypto-policies'],
].map((name) => `/etc/${name}`);

/** Beside the folder of a program: what npm's, Python's and (the last four) pyenv's programs read. Never the whole: it may be somebody's home. */
const PARTS = ['lib', 'lib64', 'libexec', 'node_modules', 'package.json', 'versions', 'version', 'plugins', 'pyenv.d'];

/** Where a program is, and where it really is, with its libraries. */
export function installationOf(program: string): string[] {
  const folders = [program, realpathSync(program)].map(dirname);
  return [...new Set(folders)].flatMap((folder) => [folder, ...PARTS.map((part) => join(dirname(folder), part))]);
}

/** The absolute paths and file addresses among the values of settings: certificates, mirrors on disk, password files. Pure. */
export function pathsIn(values: Iterable<string | undefined>): string[] {
  const words = [...values].flatMap((value) => (value ?? '').split(/[\s,;|]+/));
  return words.flatMap((word) => {
    const address = /^(?:[a-z]+\+)?file:(?:\/\/)?(\/.*)$/.exec(word)?.[1];
    if (address !== undefined) return [decoded(address)];
    return word.split(':').filter((path) => /^\/+[^/]/.test(path) && word.startsWith('/'));
  });
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

/** Those that are there, each once, without what lies in a folder that is shown anyway. */
export function presentPaths(paths: readonly string[], system: readonly string[]): string[] {
  const below = (path: string): boolean => system.some((folder) => path === folder || path.startsWith(`${folder}/`));
  return [...new Set(paths)].filter((path) => path !== '/' && !below(path) && existsSync(path));
}
