/**
 * Toolchains that nobody serves for a host, rebuilt by somebody (recipe kind `go-toolchain`): their zips lie in the cache's folder `rebuilt`, where
 * the operator puts them, and one is used only if it has the h1 that the recipe pins.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TOOLCHAIN_MODULE } from '@verbatim/statements';
import { openPromise } from 'yauzl';
import { takeEntry } from '../cache/entry.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import type { Toolchain } from '../toolchain.ts';
import { zipHash1 } from '../zip-h1.ts';
import { makeRunnable, verifyGoroot, type Goroot } from './goroot.ts';

interface RebuiltRequest {
  readonly version: string;
  readonly host: string;
  readonly cacheDir: string;
  readonly cacheBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly log: (line: string) => void;
}

const MAX_BYTES = 2 * 1024 ** 3;

/** Null when there is none with this h1. */
export async function takeRebuilt(request: RebuiltRequest, pin: string): Promise<Toolchain | null> {
  const { version, host, cacheDir, signal, log } = request;
  const named = `v0.0.1-${version}.${host.replace('/', '-')}`;
  const zip = join(cacheDir, 'rebuilt', `${named}.zip`);
  const prefix = `${TOOLCHAIN_MODULE}@${named}/`;
  const taken = await takeEntry<Goroot>({
    ...request,
    key: `${version}.${host.replace('/', '-')}.rebuilt`,
    install: (fresh) => install(zip, prefix, pin, join(fresh, 'go')),
    verify: (folder) => verifyGoroot({ dir: join(folder, 'go'), path: TOOLCHAIN_MODULE, version: named, sum: pin }, signal),
  });
  if (taken.kind === 'unavailable') {
    log(`no rebuilt toolchain ${named} with ${pin}: ${taken.detail}`);
    return null;
  }
  const { dir, h1, files } = taken.verified;
  return {
    kind: 'toolchain',
    name: 'go-rebuilt',
    version,
    host,
    dir,
    digest: h1,
    files,
    [Symbol.asyncDispose]: () => taken[Symbol.asyncDispose](),
  };
}

async function install(zip: string, prefix: string, pin: string, dir: string): Promise<Unavailable | null> {
  const found = await zipHash1(zip, { maxBytes: MAX_BYTES });
  if (found !== pin) return unavailable('toolchain-unavailable', `expected ${zip} with ${pin}, found ${found ?? 'none'}`);
  await unpack(zip, prefix, dir);
  await makeRunnable(dir);
  return null;
}

/** Of a zip whose h1 is known: its names and contents are what they should be. */
async function unpack(path: string, prefix: string, dir: string): Promise<void> {
  const zip = await openPromise(path, { strictFileNames: true, validateEntrySizes: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.startsWith(prefix) || entry.fileName.endsWith('/'))
        throw new Error(`${path}: expected files of ${prefix}, found ${entry.fileName}`);
      const to = join(dir, entry.fileName.slice(prefix.length));
      await mkdir(dirname(to), { recursive: true, mode: 0o755 });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(to, { flags: 'wx', mode: 0o644 }));
    }
  } finally {
    zip.close();
  }
}
