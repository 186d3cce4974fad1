import { formatPurl, isCanonicalPurl } from '@verbatim/statements';

/** What a package's own manifest says of it: hints, nothing more. */
export interface Package {
  readonly type: 'npm' | 'pypi' | 'deb';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

export interface DebPackage extends Package {
  readonly type: 'deb';
  readonly architecture: string;
  /** Source packages whose code is in it, by field: `Static-Built-Using: rust-serde (= 1.0.200-1), …`. */
  readonly builtUsing: readonly string[];
}

/** Debian policy 7.8, and the fields of debcargo and dh-golang before it had them. */
const BUILT_USING = ['Built-Using', 'Static-Built-Using', 'X-Cargo-Built-Using', 'X-Go-Built-Using'];
const MAX_FIELD = 4000;

/** `package.json`. Null for text that is none, or names what no registry has. */
export function npmPackage(manifest: string | null): Package | null {
  if (manifest === null) return null;
  try {
    const { name, version } = JSON.parse(manifest) as { name?: unknown; version?: unknown };
    if (typeof name !== 'string' || typeof version !== 'string' || !/^(@[a-z0-9._~-]+\/)?[a-z0-9._~-]+$/.test(name)) return null;
    const slash = name.lastIndexOf('/');
    return packageOf('npm', slash < 0 ? null : name.slice(0, slash), name.slice(slash + 1), version);
  } catch {
    return null;
  }
}

/** A wheel's METADATA (PEP 566): the fields of its head. */
export function wheelPackage(metadata: string | null): Package | null {
  const head = (metadata ?? '').split(/\r?\n\r?\n/, 1)[0]!;
  const field = (name: string): string => new RegExp(`^${name}:[ \\t]*(\\S+)[ \\t]*$`, 'm').exec(head)?.[1] ?? '';
  return packageOf(
    'pypi',
    null,
    field('Name')
      .toLowerCase()
      .replaceAll(/[-_.]+/g, '-'),
    field('Version'),
  );
}

/** A package's `control` (deb-control(5)), as Debian's own. */
export function debPackage(fields: ReadonlyMap<string, string>): DebPackage | null {
  const architecture = fields.get('Architecture') ?? '';
  if (!/^[a-z0-9]{2,16}$/.test(architecture)) return null;
  const found = packageOf('deb', 'debian', fields.get('Package') ?? '', fields.get('Version') ?? '', [['arch', architecture]]);
  const builtUsing = BUILT_USING.flatMap((name) => {
    const value = fields.get(name);
    return value === undefined ? [] : [`${name}: ${value.length > MAX_FIELD ? `${value.slice(0, MAX_FIELD)}…` : value}`];
  });
  return found === null ? null : { ...found, type: 'deb', architecture, builtUsing };
}

/** What to say of them: a recipe has the versions of today. */
export function builtUsingNotes({ builtUsing }: DebPackage): string[] {
  return builtUsing.map((field) => `${field} (where the suite has moved on since, other bytes are to be expected)`);
}

function packageOf(
  type: Package['type'],
  namespace: string | null,
  name: string,
  version: string,
  qualifiers: readonly (readonly [string, string])[] = [],
): Package | null {
  if (!/^[0-9A-Za-z][0-9A-Za-z.+:~-]{0,127}$/.test(version) || !/^[0-9A-Za-z._~+-]{1,214}$/.test(name)) return null;
  const purl = formatPurl({ type, namespace, name, version, qualifiers, subpath: null });
  return isCanonicalPurl(purl) === null
    ? null
    : { type, name: namespace === null || type === 'deb' ? name : `${namespace}/${name}`, version, purl };
}
