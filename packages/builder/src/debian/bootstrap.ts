/** Which packages dpkg itself needs before it can install any: they are unpacked by hand first. Pure. */

export interface ControlFields {
  readonly name: string;
  readonly essential: boolean;
  readonly priority: string;
  /** Pre-Depends and Depends, as they stand in the package. */
  readonly depends: string;
}

/** Of `dpkg-deb --show --showformat`: a line a package. */
export const CONTROL_FORMAT = '${Package}\t${Essential}\t${Priority}\t${Pre-Depends}, ${Depends}\n';

export function parseControl(line: string): ControlFields {
  const [name = '', essential = '', priority = '', depends = ''] = line.trimEnd().split('\t');
  return { name, essential: essential === 'yes', priority, depends };
}

/** It pretends to be root, for whom dpkg and the packages' scripts are made. */
const FIRST = new Set(['fakeroot', 'util-linux']);

/** Names of the required packages and of all that they depend on among `packages`. */
export function bootstrapSet(packages: readonly ControlFields[]): Set<string> {
  const known = new Map(packages.map((each) => [each.name, each]));
  const chosen = new Set<string>();
  const queue = packages.filter(({ name, essential, priority }) => essential || priority === 'required' || FIRST.has(name));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (chosen.has(next.name)) continue;
    chosen.add(next.name);
    for (const name of namesIn(next.depends)) if (known.has(name)) queue.push(known.get(name)!);
  }
  return chosen;
}

/** Every alternative of every dependency; too many do no harm. */
function namesIn(depends: string): string[] {
  return depends.split(/[,|]/).flatMap((each) => /^\s*([a-z0-9][a-z0-9+.-]+)/.exec(each)?.[1] ?? []);
}
