/**
 * Our log and our mirror against Sunlight's, another implementation of C2SP tlog-mirror: `node test/recorded/mirror-interop.ts CHECKOUT`, where
 * CHECKOUT is a copy of its repository with a work tree. Builds its tests with ours beside them (Go 1.25 or later; minutes). Results: mirror-interop.md.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { initialise, startService } from '@verbatim/local';
import { createKeyFile, loadSigner } from '@verbatim/service-kit/keyfile';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { openNote, parseVkey, utf8Decode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';

const LISTEN = '[listen]\nhost = "127.0.0.1"\nport = 0\n[metrics_listen]\nhost = "127.0.0.1"\nport = 0\n';
const ROUNDS = 4;
const ENTRIES = 200;

/** The tests of their package, ours among them, as a program. */
function build(checkout: string, folder: string): string {
  const ours = join(checkout, 'internal/witness/interop_test.go');
  copyFileSync(fileURLToPath(new URL('mirror-interop/interop_test.go', import.meta.url)), ours);
  const binary = join(folder, 'witness.test');
  // Their SQLite is compiled from C: its speed does not matter here.
  const env = { ...process.env, CGO_CFLAGS: '-O0', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' };
  execFileSync('go', ['test', '-c', '-o', binary, './internal/witness'], { cwd: checkout, env, stdio: 'inherit' });
  rmSync(ours);
  return binary;
}

const only = (test: string): string[] => ['-test.run', `^${test}$`, '-test.v'];

/** Our log uploads to their mirror, and publishes their cosignature. */
async function feedTheirs(binary: string, folder: string): Promise<string[]> {
  const { vkey } = await createKeyFile(join(folder, 'log.key'), 'log.example/interop');
  const [out, done] = [join(folder, 'out'), join(folder, 'done')];
  const env = { ...process.env, INTEROP_LOG_VKEY: vkey, INTEROP_OUT: out, INTEROP_DONE: done };
  const theirs = spawn(binary, only('TestInteropServe'), { env, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => theirs.on('exit', resolve));
  while (!existsSync(out) || readFileSync(out, 'utf8').split('\n').length < 3) await sleep(50);
  const [url, mirrorVkey] = readFileSync(out, 'utf8').split('\n') as [string, string];
  const config = join(folder, 'log.toml');
  writeFileSync(
    config,
    `origin = "log.example/interop"\ndata_dir = "log"\nkey_file = "log.key"\nroot_key_file = "root.key"\nadmin_key_file = "admin.key"\n[[mirrors]]\nvkey = "${mirrorVkey}"\nurl = "${url}"\ninterval_ms = 0\n${LISTEN}`,
  );
  await initialise('log', config);
  const lines: string[] = [];
  {
    await using log = await startService('log', 'log', config, join(folder, 'log.log'));
    const admin = loadSigner(join(folder, 'admin.key'));
    for (let round = 0; round < ROUNDS; round++) {
      const entries = Array.from({ length: ENTRIES }, (_, i) =>
        utf8Decode(signStatement(anEnrolment(testSigner(`r${round}-${i}`)), [admin])),
      );
      const headers = { 'content-type': 'application/json' };
      await fetch(`${log.ready.url}/entries/batch`, { method: 'POST', headers, body: JSON.stringify({ entries }) });
      lines.push(await cosignedSize(log.ready.url, mirrorVkey));
    }
  }
  writeFileSync(done, '');
  if ((await ended) !== 0) throw new Error('their mirror found something wrong: run its test by hand');
  return lines;
}

async function cosignedSize(url: string, vkey: string): Promise<string> {
  const until = performance.now() + 60_000;
  for (;;) {
    const note = new Uint8Array(await (await fetch(`${url}/checkpoint`)).arrayBuffer());
    try {
      return openNote(note, [parseVkey(vkey)], verifyEd25519).text.split('\n')[1]!;
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(50);
    }
  }
}

/** Their client code uploads to our mirror; its own checks judge the answers. */
async function driveOurs(binary: string, folder: string): Promise<void> {
  const keys = join(folder, 'keys');
  execFileSync(binary, only('TestInteropKey'), { env: { ...process.env, INTEROP_KEY: keys } });
  const [, vkey] = readFileSync(keys, 'utf8').split('\n');
  const config = join(folder, 'mirror.toml');
  writeFileSync(
    config,
    `name = "example.org/mirror"\nkey_file = "mirror.key"\nml_dsa_key_file = "mirror-pq.key"\ndata_dir = "mirror"\n[[logs]]\nvkey = "${vkey}"\n${LISTEN}`,
  );
  await initialise('mirror', config);
  await using mirror = await startService('mirror', 'mirror', config, join(folder, 'mirror.log'));
  execFileSync(binary, only('TestInteropDrive'), {
    env: { ...process.env, INTEROP_KEY: keys, INTEROP_MIRROR_URL: mirror.ready.url },
    stdio: 'inherit',
  });
}

const [checkout] = process.argv.slice(2);
if (checkout === undefined || !existsSync(join(checkout, 'internal/witness'))) {
  process.stderr.write('usage: node test/recorded/mirror-interop.ts CHECKOUT (of Sunlight, with internal/witness in it)\n');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'verbatim-interop-'));
try {
  const binary = build(checkout, folder);
  process.stdout.write(`our log, their mirror: cosigned sizes ${(await feedTheirs(binary, folder)).join(', ')}\n`);
  await driveOurs(binary, folder);
  process.stdout.write('their client, our mirror: as it should be\n');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
