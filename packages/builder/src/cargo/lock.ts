/** Cargo.lock: which crates, and the checksum of each. Pure. */
import { parse } from 'smol-toml';
import { messageOf } from '../errors.ts';
import { unavailable, type Unavailable } from '../outcome.ts';

/** A crate from a registry, as the lockfile pins it. */
export interface LockedCrate {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of its .crate, in hex. */
  readonly sha256: string;
}

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_PACKAGES = 5000;
/** Versions 1 and 2 do not say their number; 1 keeps the checksums in a table of its own. */
const VERSIONS: ReadonlySet<unknown> = new Set([undefined, 3, 4]);

/** The crates in the order of the file. Packages without a source are the workspace's own. */
export function parseLock(bytes: Uint8Array): readonly LockedCrate[] | Unavailable {
  if (bytes.length > MAX_BYTES) return bad(`at most ${MAX_BYTES} bytes`, String(bytes.length));
  let lock: Readonly<Record<string, unknown>>;
  try {
    lock = parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return bad('TOML', messageOf(error));
  }
  if (!VERSIONS.has(lock['version'])) return bad('version 3, 4 or none', JSON.stringify(lock['version']));
  const packages = lock['package'];
  const metadata = (lock['metadata'] ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(packages) || packages.length > MAX_PACKAGES) return bad(`a list of at most ${MAX_PACKAGES} packages`, typeof packages);
  const crates: LockedCrate[] = [];
  const registries = new Set<string>();
  for (const each of packages as readonly Readonly<Record<string, unknown>>[]) {
    const { name, version, source } = each;
    if (typeof name !== 'string' || !/^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/.test(name)) return bad('a crate name', JSON.stringify(name));
    if (typeof version !== 'string' || !/^\d[0-9A-Za-z.+-]{0,63}$/.test(version))
      return bad(`a version of ${name}`, JSON.stringify(version));
    if (source === undefined) continue;
    const coordinate = `${name} ${version}`;
    if (typeof source !== 'string') return bad(`a source of ${coordinate}`, typeof source);
    if (!/^(?:registry|sparse)\+/.test(source)) {
      return unavailable(
        'unsupported-dependency',
        `${coordinate} comes from ${source}: only crates of a registry are pinned by a checksum`,
      );
    }
    registries.add(source.replace(/^[a-z]+\+/, ''));
    const checksum = each['checksum'] ?? metadata[`checksum ${name} ${version} (${source})`];
    if (typeof checksum !== 'string' || !/^[0-9a-f]{64}$/.test(checksum))
      return bad(`a checksum of ${coordinate}`, JSON.stringify(checksum));
    if (crates.some((other) => other.name === name && other.version === version)) return bad(`${coordinate} once`, 'it twice');
    crates.push({ name, version, sha256: checksum });
  }
  if (registries.size > 1) {
    return unavailable(
      'unsupported-dependency',
      `its crates come from several registries (${[...registries].join(', ')}); one is supported`,
    );
  }
  return crates;
}

function bad(expected: string, found: string): Unavailable {
  return unavailable('bad-lockfile', `Cargo.lock: expected ${expected}, found ${found}`);
}
