/** A recipe for a published Debian package: what apt's lists say of it, and the changelog entry that only the package itself has. */
import { decodeRecipe, encodeRecipe, parseDebianPin, type DebianRecipe } from '@verbatim/statements';
import { unavailable, type Unavailable } from '../outcome.ts';
import { runTool } from '../process.ts';
import { Apt, type AptRequest } from './apt.ts';
import { aptFailure } from './apt-errors.ts';
import { resolvePackages } from './resolve.ts';

export interface DebianInferRequest extends Omit<AptRequest, 'foreign'> {
  /** Binary package and version. */
  readonly name: string;
  readonly version: string;
  /** Path of the published .deb. */
  readonly deb: string;
  readonly mergedUsr: boolean;
}

/** Packages that make bits, where the system has them. */
const COMPILERS = /^(?:rustc(?:-\d\.\d+)?|gcc-\d+|golang-\d\.\d+-go)$/;

/**
 * The recipe as far as the suite still has what the package was built with: whether it reproduces, a rebuild tells.
 * @throws StatementError when what was found makes no recipe
 */
export async function inferDebianRecipe(request: DebianInferRequest): Promise<DebianRecipe | Unavailable> {
  const { suites, architecture, name, version, mergedUsr, timeout } = request;
  const apt = await Apt.open(request);
  if ('kind' in apt) return apt;
  const fields = await apt.run(['apt-cache', 'show', `${name}:${architecture}=${version}`]);
  if (fields.code !== 0) return aptFailure(`package ${name} ${version}`, fields, timeout);
  const source = sourceOf(fields.stdout, name, version);
  const coordinate = `${source.name}=${source.version}`;
  const addresses = await apt.run(['apt-get', 'source', '--print-uris', '--quiet=2', '--only-source', coordinate]);
  if (addresses.code !== 0) return aptFailure(`source package ${coordinate}`, addresses, timeout);
  const files = sourceFilesOf(addresses.stdout);
  const needed = ['?essential', 'build-essential', 'fakeroot', 'util-linux'];
  const packages = await resolvePackages(apt, { packages: needed, toBuild: coordinate, timeout });
  if ('kind' in packages) return packages;
  const compilers = packages.map(parseDebianPin).filter((pin) => pin.architecture === architecture && COMPILERS.test(pin.name));
  const binNmu = version === source.version ? null : await entryOf(request, source.version);
  if (binNmu !== null && typeof binNmu !== 'string') return binNmu;
  const recipe = {
    kind: 'debian',
    version: 1,
    source: { kind: 'debian', ...source, files },
    crates: cratesOf(
      source.name,
      files.map((file) => file.name),
    ),
    root: { suites, architecture, mergedUsr, packages },
    compilers: compilers.map((pin) => pin.name),
    binNmu,
    buildPath: `/build/reproducible-path/${source.name}-${upstreamOf(source.version)}`,
    options: ['nocheck'],
    outputs: [{ artifact: `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb` }],
  } as const satisfies DebianRecipe;
  return decodeRecipe(encodeRecipe(recipe)) as DebianRecipe;
}

const upstreamOf = (version: string): string => version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');

/** `Source: NAME (VERSION)`, each part only where it differs from the package's own (deb-control(5)). */
export function sourceOf(control: string, name: string, version: string): { readonly name: string; readonly version: string } {
  const [, source = name, other] = /^Source: (\S+)(?: \(([^)]+)\))?$/m.exec(control) ?? [];
  return { name: source, version: other ?? version };
}

/** Lines of `apt-get source --print-uris`. */
export function sourceFilesOf(text: string): { readonly name: string; readonly sha256: string }[] {
  return [...text.matchAll(/^'[^']*' (\S+) \d+ SHA256:([0-9a-f]{64})$/gm)].map(([, name, sha256]) => ({ name: name!, sha256: sha256! }));
}

/** What Debian's Rust team takes over unchanged is the .crate itself; with another digest it is not asked for. */
export function cratesOf(
  source: string,
  files: readonly string[],
): { readonly file: string; readonly name: string; readonly version: string }[] {
  return files.flatMap((file) => {
    const match = /^rust-([a-z0-9-]+)_(\d+\.\d+\.\d+)\.orig\.tar\.gz$/.exec(file);
    // A second version of a crate has its version in the source's name.
    return match === null ? [] : [{ file, name: source.replace(/^rust-/, '').replace(/-\d+(?:\.\d+)*$/, ''), version: match[2]! }];
  });
}

/** The entry of a rebuild without a new source stands in a changelog of its own in the package (policy §12.7). Null where there is none. */
async function entryOf(
  { deb, name, architecture, timeout, signal }: DebianInferRequest,
  source: string,
): Promise<string | null | Unavailable> {
  const path = `./usr/share/doc/${name}/changelog.Debian.${architecture}.gz`;
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --to-stdout --file - "$2" | gzip --decompress --stdout';
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
  const { stdout } = await runTool({
    argv: ['/bin/sh', '-c', script, 'sh', deb, path],
    cwd: '/',
    env,
    timeout,
    signal,
    maxOutput: 64 * 1024,
  });
  if (stdout === '') return null;
  const entry = `${stdout.trimEnd()}\n`;
  if (entry.includes(`(${source}+b`)) return entry;
  return unavailable('bad-source', `${path}: expected an entry of ${source}+bN, found ${JSON.stringify(entry.slice(0, 200))}`);
}
