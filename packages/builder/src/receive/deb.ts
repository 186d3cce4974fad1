/** A published Debian package, by `apt-get download`, which checks it against the suite's signed lists. */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Purl } from '@verbatim/statements';
import { Apt } from '../debian/apt.ts';
import type { UnavailableReason } from '../outcome.ts';
import { onlyFile, type ClientRequest } from './client.ts';
import { notReceived, type NotReceived, type ReceiveReason } from './outcome.ts';

const NAME = /^[a-z0-9][a-z0-9+.-]+$/;
const VERSION = /^(?:\d{1,9}:)?\d[A-Za-z0-9.+~-]*$/;
const ARCHITECTURE = /^[a-z0-9]+$/;
const SUITE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

const REASONS: Partial<Record<UnavailableReason, ReceiveReason>> = {
  'checksum-mismatch': 'integrity-mismatch',
  'fetch-timeout': 'receive-timeout',
  'host-disk-full': 'host-disk-full',
  network: 'network',
  'package-unavailable': 'not-published',
};

interface Coordinate {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly suite: string;
}

/** `pkg:deb/debian/NAME@VERSION?arch=ARCHITECTURE&distro=SUITE`, and nothing left out: without its suite nobody knows where a package is. */
function coordinateOf({ namespace, name, version, qualifiers }: Purl): Coordinate | null {
  const [arch, distro, ...others] = qualifiers;
  if (namespace !== 'debian' || version === null || arch?.[0] !== 'arch' || distro?.[0] !== 'distro' || others.length > 0) return null;
  const [architecture, suite] = [arch[1], distro[1]];
  const valid = NAME.test(name) && VERSION.test(version) && ARCHITECTURE.test(architecture) && SUITE.test(suite);
  return valid ? { name, version, architecture, suite } : null;
}

/** Path of the downloaded package. */
export async function downloadDeb({ purl, dir, environment, maxBytes, timeout, signal }: ClientRequest): Promise<string | NotReceived> {
  const found = coordinateOf(purl);
  if (found === null) {
    return notReceived('coordinate-unsupported', 'expected pkg:deb/debian/NAME@VERSION?arch=ARCHITECTURE&distro=SUITE');
  }
  const { name, version, suite } = found;
  const architecture = found.architecture === 'all' ? 'amd64' : found.architecture;
  const [cacheDir, target] = [join(dir, 'client-cache'), join(dir, 'target')];
  for (const folder of [cacheDir, target]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const apt = await Apt.open({ suites: [suite], architecture, sources: false, cacheDir, environment, timeout, signal });
  if ('kind' in apt) return notReceived(REASONS[apt.reason] ?? 'receive-failed', apt.detail);
  const coordinate = `${name}:${found.architecture}=${version}`;
  const failed = await apt.fetch(['apt-get', 'download', '--quiet', coordinate], target, coordinate);
  if (failed !== null) return notReceived(REASONS[failed.reason] ?? 'receive-failed', failed.detail);
  const path = await onlyFile(target, 'apt-get download');
  if (typeof path !== 'string') return path;
  // apt takes no more than the signed list says.
  const { size } = await stat(path);
  return size <= maxBytes ? path : notReceived('too-large', `${coordinate}: expected at most ${maxBytes} bytes, found ${size}`);
}

/** A package is reproduced as a whole (DESIGN §3.12a). */
export async function noDebMember(): Promise<NotReceived> {
  return notReceived('coordinate-unsupported', 'expected a release of the whole Debian package, found one of a member of it');
}
