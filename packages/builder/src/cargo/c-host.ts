/** The host's own C toolchain: what of it gets into binaries, named by digest so that observations show where two hosts differ. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { sha256Of } from '../cache/files.ts';
import { digestTree, type TreeFile } from '../digest.ts';
import { forbiddenAmong, type Forbidden } from '../forbidden.ts';
import { unavailable, type Unavailable } from '../outcome.ts';
import { findProgram, runTool } from '../process.ts';
import type { Toolchain } from '../toolchain.ts';
import { digestOfFiles } from './components.ts';

const PROGRAMS = ['cc1', 'cc1plus', 'collect2', 'lto-wrapper', 'as', 'ld', 'ar', 'strip'];
/** Linked into every program, or read by the linker to link it. */
const OBJECTS = [
  ...['crt1.o', 'Scrt1.o', 'rcrt1.o', 'crti.o', 'crtn.o', 'crtbegin.o', 'crtbeginS.o', 'crtbeginT.o', 'crtend.o', 'crtendS.o'],
  ...['libgcc.a', 'libgcc_eh.a', 'libgcc_s.so.1', 'libc.so', 'libc.a', 'libc.so.6', 'libc_nonshared.a', 'libm.so.6', 'libm.a'],
  ...['libpthread.a', 'libdl.a', 'librt.a', 'libutil.a', 'libstdc++.a', 'libstdc++.so'],
];
const SEARCH = '/usr/bin:/bin';
const TIMEOUT = 60_000;

/** @returns `unavailable` when the host has no C compiler */
export async function hostC(host: string, signal?: AbortSignal): Promise<Toolchain | Unavailable> {
  const cc = findProgram('cc', SEARCH);
  if (cc === null) {
    return unavailable(
      'toolchain-unavailable',
      'expected a C compiler called cc in /usr/bin: install it (Debian, Ubuntu: apt-get install build-essential)',
    );
  }
  const ask = async (...args: string[]): Promise<string> => {
    const { stdout } = await runTool({ argv: [cc, ...args], cwd: '/', env: { PATH: SEARCH, LC_ALL: 'C' }, timeout: TIMEOUT, signal });
    return stdout.trim();
  };
  const files: TreeFile[] = [{ path: 'cc', sha256: await sha256Of(await realpath(cc)) }];
  for (const [option, names] of [
    ['-print-prog-name', PROGRAMS],
    ['-print-file-name', OBJECTS],
  ] as const) {
    for (const name of names) {
      const said = await ask(`${option}=${name}`);
      const file = isAbsolute(said) ? said : findProgram(name, SEARCH);
      if (file !== null && existsSync(file)) files.push({ path: name, sha256: await sha256Of(await realpath(file)) });
    }
  }
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const version = packagedVersion(await ask('--version')) ?? (await ask('-dumpfullversion'));
  return {
    kind: 'toolchain',
    name: 'cc',
    version,
    host,
    dir: '/',
    digest: digestOfFiles(files),
    files,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** `12.2.0-14+deb12u1` of `gcc (Debian 12.2.0-14+deb12u1) 12.2.0`; null where no distribution says so. */
export function packagedVersion(said: string): string | null {
  return /^\S+ \((?:Debian|Ubuntu|SUSE|Red Hat|GCC)? ?([0-9][A-Za-z0-9.+~-]*)\)/.exec(said)?.[1] ?? null;
}

/** None of the programs that the build will see may be what it is compared with. */
export async function forbiddenOnHost(forbidden: Forbidden, signal: AbortSignal | undefined): Promise<Unavailable | null> {
  for (const folder of ['/usr/bin', '/usr/sbin', '/usr/games', '/usr/libexec']) {
    if (!existsSync(folder)) continue;
    const among = forbiddenAmong(await digestTree(folder, { links: 'skip', signal }), forbidden, ` in ${folder}`);
    if (among !== null) return among;
  }
  return null;
}
