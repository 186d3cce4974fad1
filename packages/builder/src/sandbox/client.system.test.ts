import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished, expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import type { ToolResult } from '../process.ts';
import { marker, processesWith, runNode } from './_sandboxes.ts';
import { runClient, type ClientRun } from './client.ts';

const SECRET = 'PRIVATE+KEY+of-the-node';
const isRoot = process.getuid!() === 0;
const USER = 54_321;

/** A node's folders: its key, another job, a mirror that a setting names, and the folder of the job at hand. */
async function nodeFolders(): Promise<Record<'root' | 'key' | 'other' | 'mirror' | 'job', string>> {
  const root = await temporaryFolder();
  chmodSync(root, 0o755);
  const folder = (name: string): string => join(root, name);
  for (const name of ['key', 'other', 'mirror', 'job']) mkdirSync(folder(name));
  writeFileSync(join(folder('key'), 'node.key'), SECRET, { mode: 0o600 });
  writeFileSync(join(folder('other'), 'artifact'), SECRET);
  writeFileSync(join(folder('mirror'), 'index'), 'mirrored');
  return { root, key: folder('key'), other: folder('other'), mirror: folder('mirror'), job: folder('job') };
}

/** A line of shell in the place of a client that was taken over. */
const takenOver = (script: string, changes: Partial<ClientRun>): ClientRun => ({
  argv: ['/bin/sh', '-c', script],
  cwd: '/',
  env: { PATH: '/usr/bin:/bin', HOME: '/nowhere' },
  shown: [],
  writable: [],
  timeout: 60_000,
  ...changes,
});

type Folders = Awaited<ReturnType<typeof nodeFolders>>;

const SNOOP = ({ root, key, other, mirror, job }: Folders): string => `
  cat ${key}/node.key ${other}/artifact /proc/[0-9]*/environ
  ls ${root} ${process.cwd()} /root /home /etc/shadow /run /var /sys
  echo processes: $(ls -d /proc/[0-9]* | wc -l)
  for place in /usr /etc ${mirror} /; do touch $place/planted && echo wrote $place; done
  cat ${mirror}/index
  touch ${root}/planted ${key}/planted
  echo fetched >${job}/file; chmod 4755 ${job}/file`;

function expectContained(
  { stdout, stderr, code }: Pick<ToolResult, 'stdout' | 'stderr' | 'code'>,
  { root, key, job, mirror }: Folders,
): void {
  expect(`${stdout}${stderr}`).not.toContain('PRIVATE');
  expect(stdout).not.toContain('wrote');
  expect(stdout).toContain('mirrored');
  // Its own few: none of the host's.
  expect(Number(/processes: (\d+)/.exec(stdout)?.[1])).toBeLessThan(10);
  // Of the folders on the way to what it is shown it sees those names alone.
  expect(stdout).not.toMatch(/^(?:key|other|shadow|node_modules)$/m);
  expect(code).toBe(0);
  expect(readFileSync(join(job, 'file'), 'utf8')).toBe('fetched\n');
  for (const folder of [root, key, mirror]) expect(existsSync(join(folder, 'planted'))).toBe(false);
}

test('a client that was taken over finds its own folder, what it is shown and the system, and changes its own folder only', async () => {
  const folders = await nodeFolders();
  const { mirror, job } = folders;
  expectContained(await runClient(takenOver(SNOOP(folders), { shown: [mirror], writable: [job] })), folders);
  const { uid, mode } = statSync(join(job, 'file'));
  expect(uid).toBe(process.getuid!());
  // Nobody runs as root what a client left there.
  if (isRoot) expect(mode & 0o4000).toBe(0);
});

test('an ordinary user’s clients are confined as well, from what that user may read', async () => {
  const folders = await nodeFolders();
  for (const path of isRoot ? [folders.job, folders.key, join(folders.key, 'node.key')] : []) chownSync(path, USER, USER);
  const run = takenOver(SNOOP(folders), { shown: [folders.mirror], writable: [folders.job] });
  const script = `
    import { runClient } from '$here/client.ts';
    import { readFileSync } from 'node:fs';
    const key = readFileSync(${JSON.stringify(join(folders.key, 'node.key'))}, 'utf8');
    console.log(JSON.stringify({ ...await runClient(${JSON.stringify(run)}), uid: process.getuid(), readable: key.length }));`;
  const { stdout, stderr } = await runNode(script, isRoot ? USER : undefined).ended;
  expect(stderr).toBe('');
  const { uid, readable, ...result } = JSON.parse(stdout) as ToolResult & { uid: number; readable: number };
  expect([uid, readable]).toEqual([isRoot ? USER : process.getuid!(), SECRET.length]);
  expectContained(result, folders);
});

const CONNECT = (port: number, name: string): string => `perl -MSocket -e '
  socket(S, AF_INET, SOCK_STREAM, 0) && connect(S, sockaddr_in(${port}, inet_aton("127.0.0.1"))) && print "tcp\\n";
  socket(U, AF_UNIX, SOCK_STREAM, 0) && connect(U, pack_sockaddr_un("\\0${name}")) && print "abstract\\n";
  socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) && print "pair\\n";'`;

test('it has the host’s network, but not its abstract sockets; without network it has neither', async () => {
  const name = marker();
  const [tcp, abstract] = [createServer((socket) => socket.end()), createServer((socket) => socket.end())];
  onTestFinished(() => void [tcp.close(), abstract.close()]);
  tcp.listen(0, '127.0.0.1');
  abstract.listen(`\0${name}`);
  await Promise.all([once(tcp, 'listening'), once(abstract, 'listening')]);
  const script = CONNECT((tcp.address() as AddressInfo).port, name);
  // From the outside both are there.
  expect(execFileOf(script)).toBe('tcp\nabstract\npair\n');
  expect((await runClient(takenOver(script, {}))).stdout).toBe('tcp\npair\n');
  expect((await runClient(takenOver(script, { network: false }))).stdout).toBe('pair\n');
});

/** Not `execFileSync`: the servers are in this process, and only the kernel's queue answers meanwhile. */
const execFileOf = (script: string): string => execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });

test('its environment is what it is given, and its two streams stay apart', async () => {
  const { stdout, stderr, ended } = await runClient(
    takenOver('env | sort; echo trouble >&2; exit 3', { env: { PATH: '/usr/bin', A: 'b c' } }),
  );
  expect(stdout.split('\n').filter((line) => !/^(?:PWD|OLDPWD|SHLVL|_)=/.test(line))).toEqual(['A=b c', 'PATH=/usr/bin', '']);
  expect([stderr, ended]).toEqual(['trouble\n', 'exit']);
});

test('it ends at its time and at its output, and nothing of it lives on', async () => {
  const name = marker();
  expect(await runClient(takenOver(`trap "" TERM; (sleep 1000; : ${name}) & sleep 1000; : ${name}`, { timeout: 1000 }))).toMatchObject({
    code: null,
    ended: 'timeout',
  });
  expect(await runClient(takenOver(`yes ${name}`, { maxOutput: 1000 }))).toMatchObject({ code: null, ended: 'overflow' });
  expect((await runClient(takenOver(`(setsid sleep 1000; : ${name}) >/dev/null 2>&1 & echo done`, {}))).stdout).toBe('done\n');
  expect(processesWith(name)).toEqual([]);
});

test('it may read a password file that only the node’s user may, and not change it', async () => {
  const { root } = await nodeFolders();
  const file = join(root, 'netrc');
  writeFileSync(file, 'machine mirror.example\n', { mode: 0o600 });
  const { stdout } = await runClient(takenOver(`cat ${file}; echo more >>${file}; chmod 666 ${file}`, { shown: [file] }));
  expect(stdout).toBe('machine mirror.example\n');
  expect(readFileSync(file, 'utf8')).toBe('machine mirror.example\n');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
