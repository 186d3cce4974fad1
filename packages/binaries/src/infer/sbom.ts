/** A CycloneDX list of what went into a Rust program, as maturin puts it into wheels. */

export interface SbomFacts {
  /** The program's own crate. */
  readonly name: string;
  readonly version: string;
  /** `name version` of the others. */
  readonly crates: readonly string[];
}

const MAX_BYTES = 8 * 1024 * 1024;

/** Null for text that is none, or is not about a crate. */
export function readSbom(text: string): SbomFacts | null {
  if (text.length > MAX_BYTES) return null;
  try {
    const { metadata, components } = JSON.parse(text) as { metadata?: { component?: unknown }; components?: unknown };
    const own = crateOf(metadata?.component);
    if (own === null) return null;
    const others = (Array.isArray(components) ? components : []).flatMap((component) => crateOf(component) ?? []);
    return { ...own, crates: others.map(({ name, version }) => `${name} ${version}`) };
  } catch {
    return null;
  }
}

function crateOf(component: unknown): { readonly name: string; readonly version: string } | null {
  const { name, version, purl } = (component ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || typeof version !== 'string' || typeof purl !== 'string' || !purl.startsWith('pkg:cargo/')) return null;
  return isCrate(name, version) ? { name, version } : null;
}

export function isCrate(name: string, version: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/.test(name) && /^\d[0-9A-Za-z.+-]{0,63}$/.test(version);
}
