/** What the user's registry says of a crate's version: for whoever writes a recipe and has no checksum yet. */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { keepFile, sha256Of } from '../cache/files.ts';
import { readOptional } from '../digest.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { removeTree } from '../remove-tree.ts';
import { downloadCrate, downloadedCrate } from './download.ts';
import { parseLock, type LockedCrate } from './lock.ts';
import { cargoClient } from './settings.ts';
import { unpack } from './unpack.ts';

export interface CrateQuery {
  readonly name: string;
  readonly version: string;
  readonly cacheDir: string;
  /** The user's environment, for mirrors and tokens. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FoundCrate {
  readonly kind: 'crate';
  /** Of its .crate, which cargo checked against the registry's index. */
  readonly sha256: string;
  /** What its Cargo.lock names; null where it has none. */
  readonly lock: readonly LockedCrate[] | null;
}

const MAX_CRATE = 512 * 1024 ** 2;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
const VERSION = /^\d+\.\d+\.\d+[0-9A-Za-z.+-]{0,48}$/;

/** Downloads one crate, which cargo checks. @throws BuilderError `tool-missing`, `tool-too-old`; the signal's reason when aborted. */
export async function lookUpCrate({
  name,
  version,
  cacheDir,
  environment = process.env,
  timeout = 300_000,
  signal,
}: CrateQuery): Promise<FoundCrate | Unavailable> {
  if (!NAME.test(name) || !VERSION.test(version))
    return unavailable('crate-unavailable', `expected a crate and its version, found ${JSON.stringify(`${name} ${version}`)}`);
  await mkdir(join(cacheDir, 'tmp'), { recursive: true });
  const root = await mkdtemp(join(cacheDir, 'tmp', 'look-up.'));
  try {
    const client = await cargoClient(environment, root);
    if ('kind' in client) return client;
    const failed = await downloadCrate({ client, timeout, signal }, name, version);
    if (failed?.reason === 'crate-unavailable')
      return unavailable(failed.reason, `${name} ${version}: there is none, or it was yanked: ${failed.detail}`);
    if (failed !== null) return failed;
    const file = await downloadedCrate(client, name, version);
    if (file === null) return unavailable('crate-unavailable', `${name} ${version}: cargo downloaded no such crate`);
    const sha256 = await sha256Of(file);
    await keepFile(cacheDir, sha256, file);
    const to = join(root, 'unpacked');
    const files = await unpack({
      archive: file,
      name: `${name} ${version}`,
      folder: `${name}-${version}`,
      to,
      maxBytes: MAX_CRATE,
      signal,
    });
    if ('kind' in files) return files;
    const lock = await readOptional(join(to, 'Cargo.lock'));
    const crates = lock === null ? null : parseLock(lock);
    if (crates !== null && 'kind' in crates) return crates;
    return { kind: 'crate', sha256, lock: crates };
  } finally {
    await removeTree(root);
  }
}
