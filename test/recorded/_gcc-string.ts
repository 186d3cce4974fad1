/** A what-if: the same system, but for the version string that gcc's crt objects bring into every program. It proves a cause, and is no rebuild. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Version of gcc before Debian's update in a stable release, `12.2.0-14` of `12.2.0-14+deb12u1`; null where there was none. */
export function gccBefore(version: string): string | null {
  return /^(.+)\+deb\d+u\d+$/.exec(version)?.[1] ?? null;
}

/** A copy of a system's root in `to`, with the string `before` in place of `now` in the .comment of gcc's crt objects. */
export function withGccString(root: string, to: string, { now, before }: { readonly now: string; readonly before: string }): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-r', '--no-dereference', '--preserve=mode,timestamps,links', '--reflink=auto', '--', root, to]);
  const lib = join(to, 'usr/lib/gcc');
  for (const name of readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((each) => /\/crt\w+\.o$/.test(each))) {
    const [object, comment] = [join(lib, name), `${to}.comment`];
    execFileSync('objcopy', ['--dump-section', `.comment=${comment}`, object, '/dev/null'], { stdio: ['ignore', 'ignore', 'ignore'] });
    const text = readFileSync(comment, 'latin1');
    if (!text.includes(`(Debian ${now})`)) throw new Error(`${name}: expected (Debian ${now}) in .comment, found ${JSON.stringify(text)}`);
    writeFileSync(comment, text.replaceAll(`(Debian ${now})`, `(Debian ${before})`), 'latin1');
    execFileSync('objcopy', ['--update-section', `.comment=${comment}`, object]);
    rmSync(comment);
  }
}
