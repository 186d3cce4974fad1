/** The list of crates that `cargo auditable` puts into a program: JSON, packed by zlib, in a section of its own (auditable-serde, VersionInfo). */
import { inflateSync } from 'node:zlib';
import { orElse } from '../errors.ts';
import { readImages } from '../identify.ts';
import type { SbomFacts } from '../infer/sbom.ts';
import { isCrate } from '../infer/sbom.ts';
import { sectionBytes } from '../layout.ts';

/** As readers of the format allow it. */
const MAX_BYTES = 8 * 1024 * 1024;
const SECTION = '.dep-v0';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly root?: unknown;
}

/** The root crate and the others, those of build scripts included; null for a program without such a list, or with one that cannot be read. */
export function readAuditable(program: Uint8Array): SbomFacts | null {
  const [image] = orElse(() => readImages(program), []);
  const section = image === undefined ? null : sectionBytes(image, SECTION);
  if (section === null) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(inflateSync(section, { maxOutputLength: MAX_BYTES }));
    const { packages } = JSON.parse(text) as { packages?: unknown };
    if (!Array.isArray(packages) || !packages.every(isPackage)) return null;
    const [root, ...others] = packages.filter((each) => each.root === true);
    if (root === undefined || others.length > 0) return null;
    const crates = packages.flatMap((each) => (each === root ? [] : [`${each.name} ${each.version}`]));
    return { name: root.name, version: root.version, crates: [...new Set(crates)] };
  } catch {
    return null;
  }
}

function isPackage(value: unknown): value is Package {
  const { name, version } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && typeof version === 'string' && isCrate(name, version);
}
