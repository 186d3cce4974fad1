/** What a recipe may pin of the Rust that is installed here. */
import { join } from 'node:path';
import { digestFile } from '../digest.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { hostPlatform } from '../platform.ts';
import { hostTripleOf } from './host-triple.ts';
import { identify, installedToolchains, listFiles } from './host-toolchain.ts';
import { componentsOf, digestOfFiles } from './components.ts';

export interface InstalledRust {
  readonly kind: 'rust';
  readonly version: string;
  readonly commit: string;
  readonly host: string;
  /** What a recipe has under `toolchain.digests` for this host and these targets. */
  readonly digest: string;
}

/**
 * The installed toolchain of a version, by its bytes.
 * @param targets triples that are built for, beside the host's own
 */
export async function installedRust(
  version: string,
  targets: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<InstalledRust | Unavailable> {
  const host = hostPlatform();
  const triples = { host: hostTripleOf(host), targets };
  for (const root of await installedToolchains(environment)) {
    const said = await identify(root);
    if (said === null || said.version !== version || said.host !== triples.host) continue;
    const paths = await listFiles(root, componentsOf(triples));
    if (typeof paths === 'string') continue;
    const files = [];
    for (const path of paths) files.push({ path, sha256: (await digestFile(join(root, path))).sha256 });
    return { kind: 'rust', version, commit: said.commit, host, digest: digestOfFiles(files) };
  }
  return unavailable(
    'toolchain-unavailable',
    `expected Rust ${version} with ${componentsOf(triples).join(', ')}: install it (rustup toolchain install ${version})`,
  );
}
