/** Symbolic links in a source that a stranger wrote. Outside of the sandbox nobody may follow one out of the source: it could lead to a key. */
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** As many as the kernel follows (path_resolution(7)). */
const MOST_LINKS = 40;

/** The first symbolic link below `root` that leads out of it, as a relative path; null when none does. Where nothing is yet counts too. */
export function linkLeadingOut(root: string): string | null {
  const queue = [''];
  for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) queue.push(path);
      else if (entry.isSymbolicLink() && leadsOut(root, path)) return path;
    }
  }
  return null;
}

/** Walks as the kernel would, below `root` alone. A loop leads nowhere, and so not out. */
function leadsOut(root: string, path: string): boolean {
  const at: string[] = [];
  const ahead = path.split('/');
  let links = 0;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (at.pop() === undefined) return true;
      continue;
    }
    const here = join(root, ...at, name);
    if (!statOf(here)?.isSymbolicLink()) {
      at.push(name);
      continue;
    }
    if (++links > MOST_LINKS) return false;
    const target = readlinkSync(here);
    if (isAbsolute(target)) return true;
    ahead.unshift(...target.split('/'));
  }
  return false;
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // Below a plain file, or a name that is too long: there is nothing.
    return undefined;
  }
}
