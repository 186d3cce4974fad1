/** Package names to pins, for whoever writes a recipe: apt decides versions and dependencies, as it would on an empty system. */
import { formatDebianPin, type DebianPin } from '@verbatim/statements';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Apt } from './apt.ts';
import { aptFailure } from './apt-errors.ts';

export interface ResolveRequest {
  /** Names, `name=version`, or apt's patterns such as `?essential`. */
  readonly packages: readonly string[];
  /** A source package, `name=version`, whose build dependencies are wanted too. */
  readonly toBuild?: string;
  /** Milliseconds, for the message. */
  readonly timeout: number;
}

/** Lines for a recipe's root: the packages, with everything that they depend on, in byte order. */
export async function resolvePackages(apt: Apt, request: ResolveRequest): Promise<readonly string[] | Unavailable> {
  const { packages, toBuild, timeout } = request;
  const pins = new Set<string>();
  for (const command of [['install', ...packages], ...(toBuild === undefined ? [] : [['build-dep', toBuild]])]) {
    const result = await apt.run(['apt-get', '--print-uris', '--quiet=2', ...command]);
    if (result.code !== 0) return aptFailure(`packages for ${command.join(' ')}`, result, timeout);
    for (const line of result.stdout.split('\n').filter((each) => each.startsWith("'"))) {
      const pin = pinOf(line);
      if (pin === null)
        return unavailable('fetch-failed', `expected 'ADDRESS' NAME_VERSION_ARCHITECTURE.deb SIZE SHA256:… from apt, found ${line}`);
      pins.add(formatDebianPin(pin));
    }
  }
  return [...pins].toSorted();
}

/** A line of `apt-get --print-uris`: the file's name has the epoch's colon percent-encoded. */
export function pinOf(line: string): DebianPin | null {
  const match = /^'[^']*' ([^_\s]+)_([^_\s]+)_([a-z0-9]+)\.deb \d+ SHA256:([0-9a-f]{64})$/.exec(line);
  if (match === null) return null;
  const [, name, version, architecture, sha256] = match as unknown as [string, string, string, string, string];
  return { name, architecture, version: version.replaceAll('%3a', ':'), sha256 };
}
