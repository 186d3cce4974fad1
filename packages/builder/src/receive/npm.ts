/** The published tarball of an npm package, by `npm pack`: the client's own registry, proxy and certificate settings are followed. */
import { dirname, join } from 'node:path';
import { findProgram, requireProgram } from '../process.ts';
import { clientEnvironment, download, type ClientRequest, type Download } from './client.ts';
import { notReceived, type NotReceived } from './outcome.ts';

/** Nothing that makes npm do anything else than download. */
const SETTING =
  /^npm_config_(?:(?:@[^:]+:)?registry|proxy|https?_proxy|noproxy|ca|cafile|cert|key|userconfig|globalconfig|strict_ssl|local_address|fetch_.*|\/\/.*)$/i;

/** What follows an @ may otherwise be a folder, a repository or an address to npm. */
const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const VERSION = /^\d{1,16}\.\d{1,16}\.\d{1,16}(?:-[0-9A-Za-z.-]{1,128})?(?:\+[0-9A-Za-z.-]{1,128})?$/;

const REASONS: Download['reasons'] = [
  [/\b(?:E404|ETARGET|ENOVERSIONS|E403|E401)\b/, 'not-published'],
  [/\bEINTEGRITY\b/, 'integrity-mismatch'],
];

/** Path of the downloaded tarball. */
export async function packNpm(request: ClientRequest): Promise<string | NotReceived> {
  const { purl, dir, environment } = request;
  const name = purl.namespace === null ? purl.name : `${purl.namespace}/${purl.name}`;
  if (!NAME.test(name) || purl.version === null || !VERSION.test(purl.version) || purl.qualifiers.length > 0) {
    return notReceived(
      'coordinate-unsupported',
      `expected an npm name and version, found ${JSON.stringify(name)} ${JSON.stringify(purl.version)}`,
    );
  }
  const npm = requireProgram('npm', 'install Node with its npm');
  const options = ['--cache', join(dir, 'client-cache'), '--ignore-scripts', '--json', '--loglevel=error', '--update-notifier=false'];
  const argv = (target: string): string[] => [npm, 'pack', '--pack-destination', target, ...options, '--', `${name}@${purl.version}`];
  // What runs npm, whose prefix has the settings of all users.
  const node = findProgram('node');
  const programs = [npm, ...(node === null ? [] : [node])];
  const settings = [join(environment['HOME'] ?? '/', '.npmrc'), ...programs.map((path) => join(dirname(dirname(path)), 'etc', 'npmrc'))];
  return download({ name: 'npm pack', argv, env: npmEnvironment(environment), programs, settings, reasons: REASONS }, request);
}

/** npm's settings by variable name in upper or lower case, and the few other variables that it needs. */
export const npmEnvironment = (environment: ClientRequest['environment']): Record<string, string> =>
  clientEnvironment(environment, SETTING);
