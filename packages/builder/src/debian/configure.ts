/**
 * A Debian system that is set up by the packages' own scripts, as dpkg runs them: in the sandbox, without network, by a user who only
 * pretends to be root (fakeroot), so that it takes no rights on this machine.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { BuilderError } from '../errors.ts';
import { makePlainFolder, writePlainFile } from '../plain-paths.ts';
import { BUILD_ID } from '../sandbox/arguments.ts';
import { runClient } from '../sandbox/client.ts';
import { knownSandbox } from '../sandbox/detect.ts';
import { limitsOf } from '../sandbox/limits.ts';
import { runSandboxed, type Sandbox } from '../sandbox/run.ts';
import { CONTROL_FORMAT, bootstrapSet, parseControl } from './bootstrap.ts';
import { unpackPackages, type UnpackRequest } from './unpack.ts';

export interface ConfigureRequest extends UnpackRequest {
  /** The folder that the packages are in. */
  readonly folder: string;
}

const run = promisify(execFile);
const PACKAGES = '/tmp/packages';
const LOG_TAIL = 1500;

/** Dependencies are not asked about while unpacking: the packages that everything needs are there already. */
const SCRIPT = `set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
dpkg --force-unsafe-io --force-depends --unpack ${PACKAGES}/*.deb
dpkg --force-unsafe-io --configure --pending
dpkg --audit
`;

/** Makes the system in `root`. @throws Error with the end of dpkg's log; BuilderError of the sandbox. */
export async function configureRoot(request: ConfigureRequest): Promise<void> {
  const { root, folder, timeout, signal } = request;
  const sandbox = await knownSandbox();
  await unpackPackages({ ...request, packages: await firstOf(request) });
  await prepare(root, sandbox);
  const logPath = `${root}.log`;
  const { end } = await runSandboxed(sandbox, {
    // Not /usr/bin/fakeroot: that is a link which its own script makes.
    argv: ['/usr/bin/fakeroot-sysv', '/bin/sh', '-c', SCRIPT],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/tmp', LC_ALL: 'C', FAKEROOTDONTTRYCHOWN: '1' },
    cwd: '/tmp',
    mounts: [
      { kind: 'memory', path: '/tmp', bytes: TMP_BYTES },
      { kind: 'read-only', source: folder, path: PACKAGES },
    ],
    programs: { root, writable: true },
    limits: limitsOf({ wallSeconds: Math.ceil(timeout / 1000), tmpBytes: TMP_BYTES }),
    logPath,
    signal,
  });
  if (end.kind === 'exit' && end.code === 0) return;
  const log = await readFile(logPath, 'utf8').catch(() => '');
  throw new Error(`expected dpkg to configure the packages, found ${JSON.stringify(end)}: ${log.slice(-LOG_TAIL)}`);
}

const TMP_BYTES = 256 * 1024 ** 2;

/** The fields of each package, a NUL after each. */
const SHOW = `for deb; do dpkg-deb --show --showformat='${CONTROL_FORMAT}' "$deb" && printf '\\0' || exit 1; done`;

async function firstOf({ packages, folder, timeout, signal }: ConfigureRequest): Promise<string[]> {
  const { code, stdout, stderr } = await runClient({
    argv: ['/bin/sh', '-c', SHOW, 'sh', ...packages],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    shown: [folder],
    writable: [],
    network: false,
    timeout,
    signal,
  });
  const fields = stdout.split('\0').slice(0, -1).map(parseControl);
  if (code !== 0 || fields.length !== packages.length) throw new Error(`expected Debian packages, found: ${stderr}`);
  const chosen = bootstrapSet(fields);
  for (const needed of ['dpkg', 'fakeroot', 'util-linux']) {
    if (!chosen.has(needed)) throw new BuilderError('unsupported-recipe', `expected ${needed} among the packages of the root, found none`);
  }
  return packages.filter((_, index) => chosen.has(fields[index]!.name));
}

/** What dpkg expects of an empty system; nothing starts daemons in it. */
async function prepare(root: string, { setpriv }: Sandbox): Promise<void> {
  for (const name of ['dev', 'proc', 'tmp', 'var/lib/dpkg/info', 'var/lib/dpkg/updates']) await makePlainFolder(root, name);
  await writePlainFile(root, 'var/lib/dpkg/status', '');
  await writePlainFile(root, 'usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
  await writePlainFile(root, 'etc/hosts', '127.0.0.1 localhost\n');
  if (setpriv !== null) {
    await run('chown', ['-R', '--no-dereference', `${BUILD_ID}:${BUILD_ID}`, '--', root], { env: { PATH: '/usr/bin:/bin' } });
  }
  await run('chmod', ['-R', 'u+rwX,ug-s', '--', root], { env: { PATH: '/usr/bin:/bin' } });
}
