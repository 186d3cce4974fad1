/** The zip of a Go module as the module proxy serves it, by `go mod download`, which checks it against the checksum database. */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadModules } from '../go/download.ts';
import { goClient } from '../go/settings.ts';
import type { UnavailableReason } from '../outcome.ts';
import type { ClientRequest } from './client.ts';
import { notReceived, type NotReceived, type ReceiveReason } from './outcome.ts';

const PATH = /^[a-z0-9](?:[a-z0-9-]*\.)+[a-z0-9-]+(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;
const VERSION = /^v\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+incompatible)?$/;

const REASONS: Partial<Record<UnavailableReason, ReceiveReason>> = {
  'checksum-mismatch': 'integrity-mismatch',
  'fetch-timeout': 'receive-timeout',
  'host-disk-full': 'host-disk-full',
  'inputs-too-large': 'too-large',
  'module-unavailable': 'not-published',
  network: 'network',
  'not-in-checksum-database': 'not-published',
};

/** Path of the downloaded zip. */
export async function downloadModuleZip({
  purl,
  dir,
  environment,
  maxBytes,
  timeout,
  signal,
}: ClientRequest): Promise<string | NotReceived> {
  const module = `${purl.namespace}/${purl.name}`;
  if (purl.namespace === null || !PATH.test(module) || !VERSION.test(purl.version ?? '') || purl.qualifiers.length > 0) {
    return notReceived('coordinate-unsupported', `expected a Go module and version, found ${module} ${purl.version}`);
  }
  const client = await goClient(environment, signal);
  const [home, modCache] = [join(dir, 'empty'), join(dir, 'client-cache')];
  for (const folder of [home, modCache]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const folders = { home, modCache, goPath: join(dir, 'client-cache') };
  const modules = [`${module}@${purl.version}`];
  const found = await downloadModules({ client, folders, store: null, cwd: home, modules, timeout, signal });
  if ('kind' in found) return notReceived(REASONS[found.reason] ?? 'receive-failed', found.detail);
  const { zip } = found[0]!;
  const { size } = await stat(zip);
  return size <= maxBytes ? zip : notReceived('too-large', `${module}: ${size} bytes, more than ${maxBytes}`);
}
