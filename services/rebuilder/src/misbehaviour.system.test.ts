import { aRelease, anEnrolment, forkedLog, InMemoryLog, Scene } from '@verbatim/testkit';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder, TestNode } from './_network.ts';

/** A log in memory over HTTP: it can be read, and takes nothing. */
let log: InMemoryLog;
const server = createServer((request, response) => {
  const bytes = request.method === 'GET' ? log.read(request.url!.slice(1)) : null;
  response.writeHead(bytes === null ? (request.method === 'GET' ? 404 : 503) : 200).end(bytes ?? undefined);
});
const root = temporaryFolder();
let url = '';
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true });
});

test('a log that shows two histories: nothing more is done for it, the evidence is kept, and the operator is told', async () => {
  const scene = new Scene({ witnesses: [] });
  ({ log } = scene);
  const folder = join(root, 'node-1');
  const node = new TestNode('acme-1', folder, { url, vkey: log.vkey }, '[limits]\nmin_free_disk_mib = 0\n', {});
  await node.init();
  await node.start();
  await node.until(({ queue, outbox }) => queue.concluded === 1 && outbox.pending === 1);

  const honest = log;
  const fork = forkedLog(log, log.size - 1n);
  fork.addStatement(anEnrolment(scene.rebuilders[0]!, { operator: 'another history' }), scene.admin);
  fork.addStatement(aRelease({ purl: 'pkg:npm/esbuild@0.25.9' }), scene.registrar);
  log = fork;

  const status = await node.until(({ state }) => state === 'halted');
  expect(status.log.trouble).toContain('two histories');
  expect(status.queue).toMatchObject({ queued: 0, concluded: 1 });
  expect((await fetch(`${node.url}/readyz`)).status).toBe(503);
  const evidence = join(folder, 'state', 'log', 'evidence');
  expect(existsSync(evidence) && readdirSync(evidence)).toHaveLength(1);
  expect(await node.stop()).toBe(0);

  // Not even when it shows the first history again; until somebody has looked.
  log = honest;
  await node.start();
  const again = await node.until(({ state }) => state === 'halted');
  const alarm = join(folder, 'state', 'log', 'stopped.json');
  for (const part of ['two histories', join(evidence, readdirSync(evidence)[0]!), alarm]) expect(again.log.trouble).toContain(part);
  const unready = await fetch(`${node.url}/readyz`);
  expect(unready.status).toBe(503);
  expect(await unready.text()).toContain('remove that file to go on');
  expect(await node.stop()).toBe(0);
  rmSync(alarm);
  await node.start();
  await node.until(({ state, log: { trouble } }) => state === 'running' && trouble === null);
  expect(await node.stop()).toBe(0);
});

test('a log whose tiles do not fit its checkpoint: nothing of it is queued', async () => {
  const scene = new Scene({ witnesses: [] });
  const honest = scene.log;
  const lying = new InMemoryLog({ origin: honest.origin });
  for (let index = 0n; index < honest.size; index++) lying.add(honest.entry(index));
  const other = aRelease({ purl: 'pkg:npm/esbuild@6.6.6' });
  const rewritten = new Scene({ witnesses: [], release: other }).log;
  log = Object.assign(Object.create(lying) as InMemoryLog, {
    read: (path: string) => (path.startsWith('tile/entries') ? rewritten.read(path) : honest.read(path)),
  });
  const folder = join(root, 'node-2');
  const node = new TestNode('acme-1', folder, { url, vkey: honest.vkey }, '[limits]\nmin_free_disk_mib = 0\n', {});
  await node.init();
  await node.start();
  const status = await node.until(({ state }) => state === 'halted');
  expect(status.queue).toMatchObject({ queued: 0, leased: 0, concluded: 0 });
  expect(await node.stop()).toBe(0);
});
