/** A log whose machine is lost comes back from what a mirror serves, and is not taken in by one that lies. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { initialise, startService, type Service } from '@verbatim/local';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import { sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { publishedSize, startLog, type RunningLog } from '../_log.ts';

const ENTRIES = 300;

let log: RunningLog;
let folder: string;
let mirror: Service;
/** The mirror's copy of the log. */
let copy: string;
let size: bigint;
/** What the log published when it had a few entries. */
let earlier: Uint8Array;
let names = 0;

const enrolment = (): Uint8Array => signStatement(anEnrolment(testSigner(`rebuilder-${names++}`)), [log.admin]);
const fetched = async (url: string): Promise<Uint8Array> => new Uint8Array(await (await fetch(url)).arrayBuffer());

beforeAll(async () => {
  log = await startLog({ witness: true });
  earlier = await fetched(`${log.url}/checkpoint`);
  const entries = Array.from({ length: ENTRIES }, enrolment);
  for (const some of [entries.slice(0, 200), entries.slice(200)]) expect(await log.submitBatch(some)).toMatchObject({ status: 200 });
  size = await publishedSize(log);
  folder = await mkdtemp(join(tmpdir(), 'verbatim-served-'));
  const config = join(folder, 'mirror.toml');
  const listen = 'listen = { host = "127.0.0.1", port = 0 }\nmetrics_listen = { host = "127.0.0.1", port = 0 }\n';
  await writeFile(
    config,
    `name = "mirror.example/m1"\nkey_file = "key"\ndata_dir = "data"\npoll_ms = 100\n${listen}[[logs]]\nvkey = "${log.vkey}"\nurl = "${log.url}"\n`,
  );
  await initialise('mirror', config);
  mirror = await startService('mirror', 'mirror', config, join(folder, 'mirror.log'));
  copy = `${mirror.ready.url}/${toHex(sha256(utf8Encode(log.origin)))}`;
  await vi.waitFor(async () => expect(Buffer.from(await fetched(`${copy}/checkpoint`)).toString()).toContain(`\n${size}\n`), {
    timeout: 60_000,
  });
});

afterAll(async () => {
  await mirror?.[Symbol.asyncDispose]();
  await log?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Entries as a database has them; when they were logged is its own affair. */
function entriesOf(dataDir: string): unknown[] {
  const db = new DatabaseSync(join(dataDir, 'log.db'), { readOnly: true });
  const rows = db.prepare('SELECT * FROM entries').all();
  db.close();
  for (const row of rows) delete row['logged_at'];
  return rows;
}

/** The same log on another machine: keys and witnesses, and no data. */
async function elsewhere(name: string): Promise<{ config: string; dataDir: string }> {
  const config = join(log.config, '..', `${name}.toml`);
  await writeFile(config, (await readFile(log.config, 'utf8')).replace('data_dir = "log"', `data_dir = "${name}"`));
  return { config, dataDir: join(log.config, '..', name) };
}

test.each(['the log', 'its mirror'])('from what %s serves, a database is made with the same entries', async (who) => {
  const { config, dataDir } = await elsewhere(`copy-of-${names++}`);
  const from = who === 'the log' ? log.url : copy;
  expect(await log.run('restore', '--config', config, '--from-tiles', from)).toEqual({
    code: 0,
    stdout: `{"origin":"${log.origin}","size":${size}}\n`,
    stderr: '',
  });
  expect(entriesOf(dataDir)).toEqual(entriesOf(log.dataDir));
});

/** The mirror, but for what `lie` makes of an answer. */
async function lying(lie: (path: string, honest: Uint8Array) => Uint8Array): Promise<Server> {
  const server = createServer((request, response) => {
    void (async () => {
      const answer = await fetch(copy + request.url!);
      const bytes = answer.ok ? lie(request.url!.slice(1), new Uint8Array(await answer.arrayBuffer())) : null;
      response.writeHead(bytes === null ? 404 : 200).end(bytes);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

test('a mirror that changes an entry is found out, and there is no database afterwards', async () => {
  const { config, dataDir } = await elsewhere('lied-to');
  const server = await lying((path, bytes) =>
    path.startsWith('tile/entries/001') ? bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte)) : bytes,
  );
  const { code, stdout, stderr } = await log.run('restore', '--config', config, '--from-tiles', addressOf(server));
  server.closeAllConnections();
  server.close();
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/expected what the log has signed: entry \d+: .*; restore from another copy/);
  expect(existsSync(join(dataDir, 'log.db'))).toBe(false);
});

test('a mirror that shows an old checkpoint gives an old log, which signs nothing: the witness knows better', async () => {
  const server = await lying((path, bytes) => (path === 'checkpoint' ? earlier : bytes));
  await log.kill();
  await rename(log.dataDir, `${log.dataDir}.lost`);
  expect(await log.run('restore', '--from-tiles', addressOf(server))).toMatchObject({ code: 0 });
  server.closeAllConnections();
  server.close();
  const said = (await log.said()).length;
  await log.restart().then(
    () => log.ended,
    () => {},
  );
  expect((await log.said()).slice(said)).toMatch(/rolled-back[^]*has cosigned size/);
  await rename(log.dataDir, `${log.dataDir}.old`);
  expect(await log.run('restore', '--from-tiles', copy)).toMatchObject({ code: 0 });
  await log.restart();
  expect(await log.submit(enrolment())).toMatchObject({ status: 200 });
  expect(await publishedSize(log)).toBe(size + 2n);
});
