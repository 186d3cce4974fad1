import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { removeTree } from '../remove-tree.ts';
import { bothKinds, marker, processesWith, runHostile } from './_sandboxes.ts';
import { inheritedDescriptors } from './descriptors.ts';
import type { Sandbox } from './run.ts';

const MIB = 1024 ** 2;
let sandboxes: Record<'best' | 'rlimit', Sandbox>;
beforeAll(async () => {
  sandboxes = await bothKinds();
});

describe.each(['best', 'rlimit'] as const)('with limits by %s, a build', (kind) => {
  const run = (...args: Parameters<typeof runHostile> extends [unknown, ...infer Rest] ? Rest : never) =>
    runHostile(sandboxes[kind], ...args);

  test('that forks without end is held at its number of processes, and all of them end with it', async () => {
    const name = marker();
    const ran = await run(`b() { b ${name} | b ${name} & }; b; i=0; while [ $i -lt 20 ]; do sleep 0.1; i=$((i+1)); done; exit 1`, {
      wallSeconds: 100,
    });
    expect(ran.log).toContain('Cannot fork');
    expect(['limit', 'exit']).toContain(ran.end.kind);
    if (kind === 'best' && sandboxes.best.limits !== 'rlimit') expect(ran.end).toEqual({ kind: 'limit', limit: 'processes' });
    expect(processesWith(name)).toEqual([]);
  });

  test('that takes more memory than it may does not get it', async () => {
    const ran = await run('head -c 600000000 /dev/zero | tail >/dev/null; echo survived $?; exit 1', { memoryBytes: 128 * MIB });
    if (kind === 'best' && sandboxes.best.limits !== 'rlimit') expect(ran.end).toEqual({ kind: 'limit', limit: 'memory' });
    else expect(ran.end).not.toEqual({ kind: 'exit', code: 0 });
    expect(ran.usage.peakMemoryBytes).toBeLessThan(160 * MIB);
  });

  test('of many processes that together take more memory than it may is stopped', async () => {
    // Each `tail` holds all that it read, for it has no line to forget and nobody to write to.
    const ran = await run('for i in 1 2 3 4 5 6 7 8; do head -c 40000000 /dev/zero | tail | sleep 120 & done; wait; exit 1', {
      memoryBytes: 160 * MIB,
      wallSeconds: 120,
    });
    expect(ran.end).toEqual({ kind: 'limit', limit: 'memory' });
  });

  test('that fills its folder is stopped soon', async () => {
    const ran = await run('i=0; while :; do head -c 5000000 /dev/zero >f$i; i=$((i+1)); done');
    expect(ran.end).toEqual({ kind: 'limit', limit: 'disk' });
  });

  test('that writes one file without end is stopped', async () => {
    const ran = await run('exec head -c 900000000 /dev/zero >big');
    expect(ran.end).toEqual({ kind: 'limit', limit: 'disk' });
    expect(statSync(join(ran.out, 'big')).size).toBeLessThanOrEqual(32 * MIB);
  });

  test('that hides what it writes in files without a name is stopped soon', async () => {
    const ran = await run('hold() { exec 9>x; rm x; head -c 5000000 /dev/zero >&9; hold & sleep 60; }; hold', { processes: 200 });
    expect(ran.end).toEqual({ kind: 'limit', limit: 'disk' });
    expect(ran.usage.wallSeconds).toBeLessThan(40);
  });

  test('that makes empty files without end is stopped', async () => {
    const ran = await run('d=0; while :; do mkdir $d; (cd $d; seq 1 400 | xargs touch); d=$((d+1)); done', { diskBytes: MIB / 2 });
    expect(ran.end).toEqual({ kind: 'limit', limit: 'disk' });
  });

  test('cannot write more into memory file systems than their size', async () => {
    const ran = await run(
      'for d in /tmp /dev/shm; do head -c 90000000 /dev/zero >$d/x; stat -c %s $d/x; done 2>/dev/null; touch /x /dev/x /proc/x; exit 0',
    );
    const [tmp, shm] = ran.log.split('\n').map(Number);
    expect(tmp).toBeLessThanOrEqual(16 * MIB);
    expect(shm).toBeLessThanOrEqual(64 * MIB);
    expect(ran.log.match(/cannot touch/g)).toHaveLength(3);
  });

  test('that spins is stopped at its CPU seconds, spread over processes or not', async () => {
    const ran = await run('while :; do :; done & while :; do :; done', { cpuSeconds: 2 });
    expect(ran.end).toEqual({ kind: 'limit', limit: 'cpu-time' });
    expect(ran.usage.cpuSeconds).toBeGreaterThan(1.9);
  });

  test('that sleeps is stopped at its wall time, also where it ignores signals', async () => {
    const name = marker();
    const ran = await run(`trap '' TERM INT HUP; sleep 1000 & : ${name}; while :; do sleep 1000; done`, { wallSeconds: 1 });
    expect(ran.end).toEqual({ kind: 'limit', limit: 'wall-time' });
    expect(ran.usage.wallSeconds).toBeLessThan(60);
    expect(processesWith(name)).toEqual([]);
  });

  test('leaves nothing running, whatever it does to get away', async () => {
    const name = marker();
    const ran = await run(
      `setsid sh -c 'sleep 1000; : ${name}' >/dev/null 2>&1 </dev/null & (setsid nohup sh -c 'sleep 999; : ${name}' >/dev/null 2>&1 &) ; exit 0`,
    );
    expect(ran.end).toEqual({ kind: 'exit', code: 0 });
    expect(processesWith(name)).toEqual([]);
  });

  test('that prints without end is stopped, and its log stays small', async () => {
    const ran = await run('yes "$(printf "\\033[2Jx")"', { logBytes: 20_000 });
    expect(ran.end).toEqual({ kind: 'limit', limit: 'log' });
    expect(ran.log.length).toBeLessThan(21_000);
    expect(ran.log).toContain('\\x1b[2Jx');
    expect(ran.log).not.toContain('\x1b');
  });

  test('has no network at all', async () => {
    const tcp = createHttp((_, response) => response.end('reached'));
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const abstract = createServer((socket) => socket.end('reached'));
    const name = `\0${marker()}`;
    await new Promise<void>((resolve) => abstract.listen(name, resolve));
    onTestFinished(() => (tcp.close(), void abstract.close()));
    const { port } = tcp.address() as AddressInfo;
    const perl = `use Socket; socket(S,AF_UNIX,SOCK_STREAM,0); print connect(S,pack("Sa*",AF_UNIX,"\\0${name.slice(1)}")) ? "abstract open" : "abstract: $!", "\\n";
      socket(T,AF_INET,SOCK_STREAM,0); print connect(T,sockaddr_in(${port},inet_aton("127.0.0.1"))) ? "tcp open" : "tcp: $!", "\\n";
      socket(U,AF_INET,SOCK_DGRAM,0); print defined(send(U,"x",0,sockaddr_in(53,pack("C4",192,0,2,1)))) ? "udp open" : "udp: $!", "\\n";`;
    const ran = await run(`perl -e '${perl}'; ls /sys/class/net 2>&1; cat /proc/net/dev; getent hosts localhost; exit 0`);
    expect(ran.log).toContain('abstract: Connection refused');
    expect(ran.log).toContain('tcp: Connection refused');
    expect(ran.log).toContain('udp: Network is unreachable');
    expect(ran.log.match(/^\s*\w+:.*\d$/gm)?.map((line) => line.trim().split(':')[0])).toEqual(['lo']);
  });

  test('sees no environment, no process and no file of the host’s', async () => {
    const secret = mkdtempSync(join(tmpdir(), 'verbatim-secret-'));
    onTestFinished(() => removeTree(secret));
    writeFileSync(join(secret, 'node.key'), 'PRIVATE KEY');
    process.env['VERBATIM_SECRET'] = 'from-the-host';
    onTestFinished(() => void delete process.env['VERBATIM_SECRET']);
    const ran = await run(
      `env; cat /proc/*/environ | tr '\\0' '\\n'; cat /proc/*/cmdline | tr '\\0' ' '; echo; cat ${secret}/node.key; ls -a / /tmp ${process.cwd()} $HOME /root /home /etc /var 2>&1; id; hostname; ls /proc | grep -c '^[0-9]'`,
    );
    expect(ran.log).not.toContain('from-the-host');
    expect(ran.log).not.toContain('PRIVATE KEY');
    expect(ran.log).not.toContain(String(process.pid));
    for (const folder of ['/root', '/home', '/etc', '/var']) expect(ran.log).toContain(`cannot access '${folder}'`);
    expect(ran.log).toContain('uid=65534 gid=65534 groups=65534');
    expect(ran.log).toMatch(/^build$/m);
  });

  test('has no rights and can get none', async () => {
    const ran = await run(
      'grep -E "^(Cap|NoNewPrivs)" /proc/self/status; unshare -Ur true; unshare -m true; mount -t tmpfs x /out; chown 0 /out; mknod /out/d b 8 0; chroot / true; nice -n -5 true; echo 1 >/proc/sys/kernel/panic; echo b >/proc/sysrq-trigger; dmesg | head -1; hostname evil; date -s 2000-01-01; kill -9 1; exit 0',
    );
    expect(ran.log.match(/^Cap\w+:\t0{16}$/gm)).toHaveLength(5);
    expect(ran.log).toContain('NoNewPrivs:\t1');
    expect(ran.log.match(/unshare failed/g)).toHaveLength(2);
    expect(ran.log).toMatch(/mount: .*(denied|permitted|superuser)/);
    expect(ran.log).toMatch(/chown: .*(not permitted|Invalid argument)/);
    expect(ran.log).toMatch(/mknod.*not permitted/);
    expect(ran.log).toMatch(/sysrq-trigger: (Permission denied|Read-only|Directory nonexistent)/);
  });

  test('cannot ask the kernel for what no namespace keeps apart', async () => {
    const calls = { keyctl: [250, 219], io_uring_setup: [425, 425], memfd_create: [319, 279], bpf: [321, 280], syslog: [103, 116] };
    const own = process.arch === 'arm64' ? 1 : 0;
    const ask = Object.entries(calls).map(([name, numbers]) => `$r=syscall(${numbers[own]},6,-3,0,0); print "${name} $r $!\\n";`);
    const perl = `for $f (1,2,10,40,38) { print socket(S,$f,1,0) ? "family $f\\n" : "no family $f: $!\\n" } ${ask.join(' ')}`;
    const ran = await run(`grep Seccomp: /proc/self/status; perl -e '${perl}'; exit 0`);
    expect(ran.log.split('\n').slice(0, -1)).toEqual([
      'Seccomp:\t2',
      ...['family 1', 'family 2', 'family 10'],
      ...['no family 40: Address family not supported by protocol', 'no family 38: Address family not supported by protocol'],
      ...Object.keys(calls).map((name) => `${name} -1 Function not implemented`),
    ]);
  });

  test('finds nothing that people installed beside their distribution', async () => {
    const ran = await run('ls -A /usr/local /usr/src /usr/games /usr/lib/node_modules; touch /usr/local/x; exit 0');
    expect(
      ran.log
        .split('\n')
        .filter((line) => line !== '' && !/^(?:ls: cannot access )?'?\/usr\/[a-z_/]+(?::|': No such file or directory)$/.test(line)),
    ).toEqual([expect.stringMatching(/^touch: cannot touch '\/usr\/local\/x'/)]);
  });

  test('gets no descriptor of ours but its output', async () => {
    const ran = await run('for f in /proc/self/fd/*; do echo "$f $(readlink $f)"; done');
    const targets = ran.log
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((target) => target !== '');
    for (const target of targets) expect(target).toMatch(/^(?:\/dev\/null|socket:\[\d+\]|pipe:\[\d+\]|\/proc\/.*|)$/);
    expect(inheritedDescriptors().length).toBeLessThan(64);
  });

  test('that nests folders too deep, or locks them, is stopped or ends, and its folder can be removed', async () => {
    const deep = await run('i=0; while [ $i -lt 40 ]; do d=$(printf "%0200d" 0); mkdir $d; cd $d; i=$((i+1)); done; exit 1');
    expect(deep.end).toEqual({ kind: 'limit', limit: 'disk' });
    await removeTree(deep.out);
    const locked = await run('mkdir -p a/b; touch a/b/c; chmod 0 a/b a; exit 0');
    await removeTree(locked.out);
    expect(existsSync(locked.out)).toBe(false);
  });

  test('that is a program which is not there fails by itself', async () => {
    const ran = await run('', {}, { argv: ['/no/such/program'] });
    expect(ran.end.kind).toBe('exit');
    expect(ran.end).not.toEqual({ kind: 'exit', code: 0 });
  });

  test('whose mount is missing never starts', async () => {
    const ran = await run('echo ran', {}, { mounts: [{ kind: 'read-only', source: '/no/such/folder', path: '/x' }] });
    expect(ran.end).toMatchObject({ kind: 'failed', detail: expect.stringContaining('/no/such/folder') });
    expect(ran.log).not.toContain('ran');
  });
});
