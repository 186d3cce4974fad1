/**
 * The layout of the Rust distribution's servers: dist/channel-rust-<version>.toml names every component's archive with its SHA-256. The server is
 * the user's (RUSTUP_DIST_SERVER): no address is written here. What comes of it must have the recipe's digest, file by file, so the manifest's
 * OpenPGP signature is not looked at: it would let through no other byte.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { EnvHttpProxyAgent, request as httpRequest } from 'undici';
import { errnoOf, messageOf } from '../errors.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { removeTree } from '../remove-tree.ts';
import { manifestFiles, openFolders } from './host-toolchain.ts';
import { componentsOf, type RustRequest } from './components.ts';
import { unpack } from './unpack.ts';

const MIB = 1024 ** 2;
const MAX_MANIFEST = 16 * MIB;
const MAX_ARCHIVE = 1024 * MIB;
/** Bytes of one component, unpacked. */
const MAX_COMPONENT = 4096 * MIB;

/**
 * Downloads and unpacks the components to `fresh`. Null when they are there.
 * @param otherwise why the toolchain came from nowhere else, for people
 */
export async function installFromServer(request: RustRequest, fresh: string, otherwise: string): Promise<Unavailable | null> {
  const { version, host, environment, offline, manifest, log } = request;
  const server = environment['RUSTUP_DIST_SERVER'];
  if (offline || server === undefined || server === '') {
    const advice = offline ? 'import its inputs first' : `install it (rustup toolchain install ${version}) or set RUSTUP_DIST_SERVER`;
    return unavailable('toolchain-unavailable', `expected Rust ${version} for ${host}: ${otherwise}; ${advice}`);
  }
  if (!/^(?:https|file):\/\/|^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])[:/]/.test(server)) {
    return unavailable('toolchain-unavailable', 'RUSTUP_DIST_SERVER: expected an https:// or file:// address');
  }
  const scratch = join(fresh, '.download');
  await mkdir(scratch, { recursive: true });
  try {
    log(`fetching Rust ${version} for ${host} from the distribution server`);
    const channel = join(scratch, 'channel.toml');
    const digest = await download(request, `${server}/dist/channel-rust-${version}.toml`, channel, MAX_MANIFEST);
    if (typeof digest !== 'string') return digest;
    if (manifest !== null && digest !== manifest) {
      return unavailable('checksum-mismatch', `channel manifest of Rust ${version}: the recipe pins ${manifest}, found ${digest}`);
    }
    for (const component of componentsOf(request.triples)) {
      const archive = archiveOf(await readFile(channel, 'utf8'), component);
      if ('kind' in archive) return archive;
      const failed = await installComponent(request, component, archive, { server, scratch, fresh });
      if (failed !== null) return failed;
    }
  } finally {
    await removeTree(scratch);
  }
  await openFolders(fresh);
  return null;
}

interface Archive {
  readonly path: string;
  readonly sha256: string;
}

/** A component's archive in a channel manifest (version 2). Pure. */
export function archiveOf(manifest: string, component: string): Archive | Unavailable {
  const [, name, triple] = /^(rustc|cargo|rust-std)-(.+)$/.exec(component)!;
  const missing = (what: string): Unavailable =>
    unavailable('toolchain-unavailable', `channel manifest: expected ${what} for ${component}`);
  try {
    const channel = parse(manifest) as {
      'manifest-version'?: unknown;
      pkg?: Record<string, { target?: Record<string, Record<string, unknown>> }>;
    };
    if (channel['manifest-version'] !== '2') return missing('manifest-version 2');
    const { available, url, hash } = channel.pkg?.[name!]?.target?.[triple!] ?? {};
    if (available !== true || typeof url !== 'string' || typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) {
      return missing('an archive with its hash');
    }
    // Manifests name the server that they were made for; a mirror has the same paths below dist/.
    const path = /\/dist\/((?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*[A-Za-z0-9][A-Za-z0-9._-]*\.tar\.gz)$/.exec(url)?.[1];
    return path === undefined ? missing('an address below dist/ that ends with .tar.gz') : { path, sha256: hash };
  } catch (error) {
    return unavailable('toolchain-unavailable', `channel manifest: expected TOML, found ${messageOf(error)}`);
  }
}

interface Places {
  readonly server: string;
  readonly scratch: string;
  readonly fresh: string;
}

async function installComponent(request: RustRequest, component: string, archive: Archive, places: Places): Promise<Unavailable | null> {
  const { server, scratch, fresh } = places;
  const file = join(scratch, 'archive.tar.gz');
  const found = await download(request, `${server}/dist/${archive.path}`, file, MAX_ARCHIVE);
  if (typeof found !== 'string') return found;
  if (found !== archive.sha256) {
    return unavailable('checksum-mismatch', `${archive.path}: the channel manifest has ${archive.sha256}, found ${found}`);
  }
  const to = join(scratch, 'unpacked');
  await removeTree(to);
  const folder = archive.path.split('/').at(-1)!.slice(0, -'.tar.gz'.length);
  const unpacked = await unpack({ archive: file, name: archive.path, folder, to, maxBytes: MAX_COMPONENT, signal: request.signal });
  if ('kind' in unpacked) return unpacked;
  // Of the archives for one host only, rust-std's folder has the triple in its name.
  const inside = [component, component.replace(/-.*/, '')].find((name) => unpacked.some(({ path }) => path === `${name}/manifest.in`));
  if (inside === undefined) return unavailable('malformed-archive', `${archive.path}: expected ${component}/manifest.in`);
  for (const path of manifestFiles(await readFile(join(to, inside, 'manifest.in'), 'utf8'))) {
    await mkdir(dirname(join(fresh, path)), { recursive: true });
    try {
      await rename(join(to, inside, path), join(fresh, path));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return unavailable('malformed-archive', `${archive.path}: expected ${inside}/${path}`);
      throw error;
    }
  }
  return null;
}

/** Its SHA-256 in hex. */
async function download(request: RustRequest, address: string, to: string, maxBytes: number): Promise<string | Unavailable> {
  const signal = AbortSignal.any([AbortSignal.timeout(request.timeout), ...(request.signal === undefined ? [] : [request.signal])]);
  const hash = createHash('sha256');
  let total = 0;
  try {
    const body = await open(address, request.environment, signal);
    if (typeof body === 'number') {
      const reason = body >= 500 || body === 429 ? 'network' : 'toolchain-unavailable';
      return unavailable(reason, `${nameOf(address)}: the distribution server answered ${body}`);
    }
    const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        total += chunk.length;
        if (total > maxBytes) throw new Error(`expected at most ${maxBytes} bytes`);
        hash.update(chunk);
        yield chunk;
      }
    };
    await pipeline(body, counted, createWriteStream(to), { signal });
    return hash.digest('hex');
  } catch (error) {
    request.signal?.throwIfAborted();
    const code = errnoOf(error);
    if (total > maxBytes) return unavailable('inputs-too-large', `${nameOf(address)}: ${messageOf(error)}`);
    const reason = code === 'ENOSPC' ? 'host-disk-full' : code === 'ENOENT' ? 'toolchain-unavailable' : 'network';
    return unavailable(reason, `${nameOf(address)}: ${messageOf(error)}`);
  }
}

/** The last part alone: an address may carry a password. */
const nameOf = (address: string): string => address.split('/').at(-1)!;

async function open(address: string, environment: RustRequest['environment'], signal: AbortSignal): Promise<Readable | number> {
  if (address.startsWith('file:')) return createReadStream(fileURLToPath(address));
  const proxy = (name: string): string | undefined => environment[name.toLowerCase()] ?? environment[name.toUpperCase()];
  const [httpProxy, httpsProxy, noProxy] = [proxy('http_proxy'), proxy('https_proxy'), proxy('no_proxy')];
  const dispatcher = new EnvHttpProxyAgent({
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  });
  const { statusCode, body } = await httpRequest(address, { dispatcher, signal });
  if (statusCode === 200) return body;
  await body.dump();
  return statusCode;
}
