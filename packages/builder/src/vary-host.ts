/** What this machine has for varied builds. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VaryHost } from './vary.ts';

const LIBRARIES = '/usr/lib';
/** For programs with threads, which compilers are. Debian's package libfaketime puts it there. */
const FAKETIME = 'faketime/libfaketimeMT.so.1';

export function varyHost(): VaryHost {
  const folders = existsSync(LIBRARIES) ? readdirSync(LIBRARIES).filter((name) => name.endsWith('-linux-gnu')) : [];
  const faketime = folders.map((name) => join(LIBRARIES, name, FAKETIME)).find((path) => existsSync(path)) ?? null;
  return { faketime, core: someCore(readFileSync('/proc/self/status', 'latin1')) };
}

/** The first core of `Cpus_allowed_list:	0-1,4`; null where there is one only. */
export function someCore(status: string): number | null {
  const list = /^Cpus_allowed_list:\t(\S+)$/m.exec(status)?.[1];
  if (list === undefined || /^\d+$/.test(list)) return null;
  return Number.parseInt(list, 10);
}
