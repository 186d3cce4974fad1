/** Package names to pins, for whoever writes a recipe: apt decides versions and dependencies, as it would on an empty system. */
import { join } from 'node:path';
import type { DebianPin } from '@verbatim/statements';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Apt } from './apt.ts';
import { aptFailure } from './apt-errors.ts';

export interface ResolveRequest {
  /** Names, `name=version`, or apt's patterns such as `?essential`. */
  readonly packages: readonly string[];
  /** A .dsc file whose build dependencies are wanted too. */
  readonly dsc?: string;
  /** Whether the system must be able to configure packages: every essential package then belongs to it. */
  readonly essential: boolean;
  /** A folder to run in. */
  readonly cwd: string;
  /** Milliseconds, for the message. */
  readonly timeout: number;
}

/** The packages, with everything that they depend on, in byte order. */
export async function resolvePackages(apt: Apt, request: ResolveRequest): Promise<readonly DebianPin[] | Unavailable> {
  const { packages, dsc, essential, cwd, timeout } = request;
  const wanted = [...(essential ? ['?essential'] : []), ...packages];
  const asked: (readonly string[])[] = [['install', ...wanted]];
  if (dsc !== undefined) asked.push(['build-dep', join(cwd, dsc)]);
  const pins = new Map<string, DebianPin>();
  for (const [command, ...rest] of asked) {
    const result = await apt.run(['apt-get', command!, '--print-uris', '--quiet=2', '--no-install-recommends', ...rest], cwd);
    if (result.code !== 0) return aptFailure(`packages ${wanted.join(' ')}`, result, timeout);
    for (const line of result.stdout.split('\n').filter((each) => each.startsWith("'"))) {
      const pin = pinOf(line);
      if (pin === null)
        return unavailable('fetch-failed', `expected 'ADDRESS' NAME_VERSION_ARCHITECTURE.deb SIZE SHA256:DIGEST from apt, found ${line}`);
      pins.set(`${pin.name}:${pin.architecture}`, pin);
    }
  }
  return [...pins.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const key = ({ name, architecture }: DebianPin): string => `${name}:${architecture}`;

/** A line of `apt-get --print-uris`: the file's name has the epoch's colon percent-encoded. */
export function pinOf(line: string): DebianPin | null {
  const match = /^'[^']*' ([^_\s]+)_([^_\s]+)_([a-z0-9]+)\.deb \d+ SHA256:([0-9a-f]{64})$/.exec(line);
  if (match === null) return null;
  const [, name, version, architecture, sha256] = match as unknown as [string, string, string, string, string];
  return { name, architecture, version: version.replaceAll('%3a', ':'), sha256 };
}
