/** Test helper: a log over HTTP with a real index, and an index-witness for it. */
import type { InMemoryLog } from '@verbatim/testkit';
import { formatAddCheckpoint } from '@verbatim/tlog';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '@verbatim/service-kit';
import { onTestFinished } from 'vitest';
import { witnessConfig } from './config.ts';
import { initWitness } from './init.ts';
import { NAME, prepareWitness, witnessToml, type TestFolder } from './_witness.ts';

export const INDEX_NAME = 'example.org/witness/index';

export interface ServedLog {
  log: InMemoryLog;
  url: string;
  /** Answers first, unless it returns undefined: a promise of null is a 404. */
  override: (path: string) => Promise<Uint8Array | null> | undefined;
  readonly asked: string[];
}

export async function serveLog(log: InMemoryLog): Promise<ServedLog> {
  const served: ServedLog = { log, url: '', override: () => undefined, asked: [] };
  const server = createServer((request, response) => {
    const path = request.url!.slice(1);
    served.asked.push(path);
    void (async () => {
      const bytes = await (served.override(path) ?? served.log.read(path));
      response.writeHead(bytes === null ? 404 : 200).end(bytes ?? undefined);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return served;
}

/** A configuration with an `[index]` section; `init` has been run. `vkey` is the index-witness's. */
export async function prepareIndexWitness({ log, url }: ServedLog, more = ''): Promise<TestFolder & { witnessVkey: string }> {
  const prepared = await prepareWitness([log.vkey], { init: false });
  writeFileSync(prepared.config, `${witnessToml([log.vkey], NAME)}${indexToml(log.origin, url, more)}`);
  const [witnessVkey, vkey] = (await initWitness(loadConfig(witnessConfig, prepared.config))) as [string, string];
  return { ...prepared, vkey, witnessVkey };
}

export function indexToml(origin: string, url: string, more = ''): string {
  return `[index]\nname = "${INDEX_NAME}"\nkey_file = "index.key"\nlogs = [{ origin = "${origin}", url = "${url}" }]\n${more}`;
}

/** What a log asks, from `oldSize` to its size. */
export function requestOf(log: InMemoryLog, oldSize: bigint, size: bigint = log.size): Uint8Array {
  const proof = oldSize === 0n || oldSize === size ? [] : log.consistencyProof(oldSize, size);
  return formatAddCheckpoint({ oldSize, proof, checkpoint: log.checkpoint({ size, witnesses: [] }) });
}

export interface Said {
  status: number;
  body: string;
  code: string | null;
  retryAfter: string | null;
}

export async function ask(url: string, body: Uint8Array): Promise<Said> {
  // Not over a connection from before: on a busy machine the witness may have closed it by now.
  const headers = { connection: 'close' };
  const answer = await fetch(`${url}/index/add-checkpoint`, { method: 'POST', headers, body: body as BodyInit });
  const text = await answer.text();
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') === true;
  const code = isProblem ? (JSON.parse(text) as { code: string }).code : null;
  return { status: answer.status, body: text, code, retryAfter: answer.headers.get('retry-after') };
}

/** Asks again, as long as it is told to. */
export async function askUntilDone(url: string, body: () => Uint8Array): Promise<Said> {
  for (;;) {
    const said = await ask(url, body());
    if (said.status !== 503) return said;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
