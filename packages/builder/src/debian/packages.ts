/** Debian packages by digest: from the cache, or through apt into it. Everything is digested again before it is used. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatDebianPin, type DebianPin } from '@verbatim/statements';
import { keepFile, sha256Of, takeFile } from '../cache/files.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Apt } from './apt.ts';

export interface PackagesRequest {
  readonly pins: readonly DebianPin[];
  readonly cacheDir: string;
  /** A folder of the caller's for the packages, new or empty. */
  readonly to: string;
  /** Asked only when something is missing: without it, no network. */
  readonly apt: () => Promise<Apt | Unavailable>;
  readonly log: (line: string) => void;
}

/** Path of a pinned package in the folder it was put into. */
export const debPath = (folder: string, { name, architecture }: DebianPin): string => join(folder, `${name}_${architecture}.deb`);

/** Puts every package into `to`; null when all are there and are what their pins say. */
export async function takePackages({ pins, cacheDir, to, apt: open, log }: PackagesRequest): Promise<Unavailable | null> {
  await mkdir(to, { recursive: true });
  const missing: DebianPin[] = [];
  for (const pin of pins) if (!(await takeFile(cacheDir, pin.sha256, debPath(to, pin)))) missing.push(pin);
  if (missing.length === 0) return null;
  const apt = await open();
  if ('kind' in apt) return apt;
  log(`fetching ${missing.length} of ${pins.length} Debian packages`);
  const folder = join(to, 'partial');
  await mkdir(folder);
  try {
    const names = missing.map(({ name, architecture, version }) => `${name}:${architecture}=${version}`);
    const failed = await apt.fetch(['apt-get', 'download', '--quiet', ...names], folder, 'Debian packages');
    if (failed !== null) return failed;
    const files = new Map<string, string>();
    for (const name of await readdir(folder)) files.set(await sha256Of(join(folder, name)), join(folder, name));
    for (const pin of missing) {
      const path = files.get(pin.sha256);
      if (path === undefined) return otherBytes(pin, files.size);
      await keepFile(cacheDir, pin.sha256, path);
      await rename(path, debPath(to, pin));
    }
    return null;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function otherBytes(pin: DebianPin, count: number): Unavailable {
  const expected = formatDebianPin(pin);
  return unavailable('checksum-mismatch', `expected ${expected}, found no such digest among the ${count} packages that apt downloaded`);
}
