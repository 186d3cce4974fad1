/**
 * One wheel of a Python project, by `pip download`: the user's own index, proxy and certificate settings are followed. A project has many files
 * of one version, so the coordinate names the wheel: pkg:pypi/NAME@VERSION?file_name=FILE (purl-spec, pypi).
 */
import { basename, join } from 'node:path';
import { findProgram, requireProgram } from '../process.ts';
import { clientEnvironment, download, type ClientRequest, type Download } from './client.ts';
import { notReceived, type NotReceived } from './outcome.ts';

/** Nothing that makes pip build, install or run anything. */
const SETTING =
  /^PIP_(?:INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|CERT|CLIENT_CERT|PROXY|TRUSTED_HOST|CONFIG_FILE|TIMEOUT|DEFAULT_TIMEOUT|RETRIES)$/;

const NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
/** Of PEP 440, as wheels' names have it. */
const VERSION = /^\d[0-9A-Za-z.!+]{0,127}$/;
/** PEP 427: distribution, version, build tag, and three sets of tags. */
const WHEEL =
  /^([A-Za-z0-9](?:[A-Za-z0-9_.]*[A-Za-z0-9])?)-([0-9A-Za-z.!+_]+)(?:-\d[0-9A-Za-z_.]*)?-([a-z0-9_]+(?:\.[a-z0-9_]+)*)-([a-z0-9_]+(?:\.[a-z0-9_]+)*)-([a-z0-9_]+(?:\.[a-z0-9_]+)*)\.whl$/;

const REASONS: Download['reasons'] = [
  [/No matching distribution found|Could not find a version|\b40[134] Client Error|HTTP error 40[134]/, 'not-published'],
  [/THESE PACKAGES DO NOT MATCH THE HASHES/, 'integrity-mismatch'],
];

/** Path of the downloaded wheel. */
export async function downloadWheel(request: ClientRequest): Promise<string | NotReceived> {
  const { name, version, qualifiers } = request.purl;
  const [key, file] = qualifiers[0] ?? [];
  const wheel = file === undefined ? null : parseWheelName(file);
  if (request.purl.namespace !== null || qualifiers.length !== 1 || key !== 'file_name' || wheel === null || !NAME.test(name)) {
    return notReceived('coordinate-unsupported', 'expected pkg:pypi/NAME@VERSION?file_name=FILE with the name of a wheel');
  }
  if (version === null || !VERSION.test(version) || wheel.version !== version || normalized(wheel.name) !== normalized(name)) {
    return notReceived('coordinate-unsupported', `expected a wheel of ${name} ${version}, found ${file}`);
  }
  const pip = findProgram('pip3') ?? requireProgram('pip', 'install pip (python3-pip)');
  const options = [
    '--no-deps',
    '--only-binary=:all:',
    '--no-cache-dir',
    '--disable-pip-version-check',
    '--no-input',
    '--quiet',
    ...wheel.options,
  ];
  const argv = (target: string): string[] => [pip, 'download', '--dest', target, ...options, '--', `${name}==${version}`];
  const env = clientEnvironment(request.environment, SETTING);
  const downloaded = await download(
    { name: 'pip download', argv, env, programs: [pip], settings: settingsOf(request.environment), reasons: REASONS },
    request,
  );
  if (typeof downloaded !== 'string' || basename(downloaded) === file) return downloaded;
  return notReceived('not-published', `expected ${file}, found ${basename(downloaded)}, which pip prefers for the same tags`);
}

/** Where pip looks for its settings, and for passwords. */
function settingsOf({ HOME: home = '/', XDG_CONFIG_HOME: config = join(home, '.config') }: ClientRequest['environment']): string[] {
  return ['/etc/pip.conf', '/etc/xdg/pip', join(home, '.pip', 'pip.conf'), join(config, 'pip'), join(home, '.netrc')];
}

interface WheelName {
  readonly name: string;
  readonly version: string;
  /** What makes pip choose it, whatever Python and machine it runs on. */
  readonly options: readonly string[];
}

/** Null for what is not a wheel's name. Pure. */
export function parseWheelName(file: string): WheelName | null {
  const match = WHEEL.exec(file);
  if (match === null || file.length > 255) return null;
  const [, name, version, pythons, abis, platforms] = match as unknown as [string, string, string, string, string, string];
  // The newest of `py2.py3`.
  const [, implementation, python] = /^([a-z]+)(\d+)(?:_\d+)?$/.exec(pythons.split('.').at(-1)!) ?? [];
  if (implementation === undefined || python === undefined) return null;
  const options = [
    // Nobody runs it: what Python it asks for is of no account.
    ...['--implementation', implementation, '--python-version', python, '--ignore-requires-python'],
    ...abis.split('.').flatMap((abi) => ['--abi', abi]),
    ...platforms.split('.').flatMap((platform) => ['--platform', platform]),
  ];
  return { name, version: version.replaceAll('_', '-'), options };
}

/** PEP 503. */
const normalized = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');
