/** HTTP: requests as text, `METHOD path`, headers, a blank line and a body, over real sockets to services in this process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, loadConfig, type RunningService } from '@verbatim/service-kit';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, anObservation, aRelease, InMemoryLog, testSigner } from '@verbatim/testkit';
import { formatAddCheckpoint, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { ORIGIN, REGISTRAR, startLog, type TestLog } from '../../../services/log/src/_log.ts';
import { interpretAnswer } from '../../../services/log/src/witness/answer.ts';
import { witnessConfig } from '../../../services/witness/src/config.ts';
import { initWitness } from '../../../services/witness/src/init.ts';
import { startWitness } from '../../../services/witness/src/service.ts';
import { must, type Target } from '../target.ts';

/** What a service may answer besides an answer: it says so itself, with `Retry-After`. */
const TRYING_LATER = new Set([503]);
const TIMEOUT_MS = 20_000;

/** Sends what can be sent; null for what no HTTP client would. */
async function send(base: string, input: Uint8Array): Promise<Response | null> {
  const text = Buffer.from(input).toString('latin1');
  const end = text.indexOf('\n\n');
  const [line = '', ...lines] = text.slice(0, end === -1 ? undefined : end).split('\n');
  const body = Buffer.from(end === -1 ? '' : text.slice(end + 2), 'latin1');
  const [, method = '', path = ''] = /^(\S+) (\S+)$/.exec(line) ?? [];
  const headers = lines.flatMap((header) => {
    const [, name, value] = /^([\w-]+): (.*)$/.exec(header) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as [string, string]];
  });
  let request: Request;
  try {
    request = new Request(`${base}${path}`, { method, headers, body: ['GET', 'HEAD'].includes(method) ? null : body });
  } catch {
    return null;
  }
  if (!request.url.startsWith(`${base}/`)) return null;
  try {
    return await fetch(request, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    // A wrong Content-Length, say: the client itself refuses, or the server closes. A service that hangs is another matter.
    must((error as Error).name !== 'TimeoutError', 'no answer');
    return null;
  }
}

/** True for 2xx. */
async function answers(base: string, input: Uint8Array, plain: (status: number) => boolean): Promise<boolean> {
  const response = await send(base, input);
  if (response === null) return false;
  const { status, headers } = response;
  const body = await response.arrayBuffer();
  must(status < 500 || (TRYING_LATER.has(status) && headers.has('retry-after')), `status ${status}`);
  const isProblem = headers.get('content-type') === 'application/problem+json';
  must(status < 400 || isProblem || body.byteLength === 0 || plain(status), `status ${status} with ${headers.get('content-type')}`);
  return response.ok;
}

const ascii = (...lines: readonly string[]): Uint8Array => Buffer.from(lines.join('\n'), 'latin1');

let running: Promise<TestLog> | undefined;

async function startSmallLog(): Promise<TestLog> {
  const log = await startLog({ toml: 'quorum = "none"\n[limits]\nmin_free_bytes = 0\n' });
  await log.scene();
  return log;
}

const release = aRelease();
const entry = Buffer.from(signStatement(release, [REGISTRAR])).toString('latin1');
const observation = anObservation({ origin: ORIGIN, release, index: 4, leafHash: new Uint8Array(32), rebuilder: testSigner('acme-1') });
const observed = Buffer.from(signStatement(observation, [testSigner('acme-1')])).toString('latin1');
const enrolment = Buffer.from(signStatement(anEnrolment(REGISTRAR, { role: 'registrar' }), [testSigner('test-admin')])).toString('latin1');
const JSON_TYPE = 'content-type: application/json';
const logReads = [
  ascii('GET /entries/1/status', '', ''),
  ascii('GET /entries/1/proof', '', ''),
  ascii('GET /entries/1', 'accept: text/html', '', ''),
  ascii('GET /', '', ''),
  ascii('GET /checkpoint', '', ''),
  ascii('OPTIONS /entries', 'origin: https://example.org', '', ''),
  ascii('GET /health', '', ''),
];
/** Refused, or answered once the log is as large as that. */
const logRefusals = [
  ascii('GET /tile/entries/000.p/10', 'range: bytes=0-9', '', ''),
  ascii('GET /tile/0/000.p/10', 'accept-encoding: gzip', '', ''),
  ascii('GET /releases/8/feed.atom', 'if-none-match: "x"', '', ''),
  ascii('POST /entries', JSON_TYPE, '', entry),
  ascii('POST /entries', JSON_TYPE, '', observed),
  ascii('POST /entries/batch', JSON_TYPE, '', JSON.stringify({ entries: [entry, enrolment] })),
  ascii(`GET /index?lookup=${'a'.repeat(64)}`, '', ''),
  ascii(`PUT /blobs/${'b'.repeat(64)}`, `x-verbatim-signature: ${'c'.repeat(64)} ${'A'.repeat(86)}==`, '', 'a blob'),
  ascii(`GET /blobs/${'b'.repeat(64)}`, '', ''),
];

const witnessed = new InMemoryLog({ origin: 'log.example/witnessed' });
for (let index = 0; index < 9; index++) witnessed.add(utf8Encode(`entry ${index}`));
const request = (oldSize: bigint, size: bigint): string =>
  Buffer.from(
    formatAddCheckpoint({
      oldSize,
      proof: oldSize === 0n ? [] : witnessed.consistencyProof(oldSize, size),
      checkpoint: witnessed.checkpoint({ size, witnesses: [] }),
    }),
  ).toString('latin1');
/** Once its first request was answered, the witness has cosigned size 5. */
const witnessRequests = [
  ascii('POST /add-checkpoint', '', request(0n, 5n)),
  ascii(`GET /${toHex(sha256(utf8Encode(witnessed.origin)))}/checkpoint`, '', ''),
  ascii('GET /', '', ''),
];
const witnessRefusals = [ascii('POST /add-checkpoint', '', request(3n, 9n)), ascii('POST /add-checkpoint', '', request(0n, 9n))];

let witness: Promise<{ service: RunningService; folder: string }> | undefined;
async function startIt(): Promise<{ service: RunningService; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-fuzz-witness-'));
  const file = join(folder, 'witness.toml');
  const address = '[listen]\nport = 0\n[metrics_listen]\nport = 0\n';
  writeFileSync(
    file,
    `name = "witness.example/fuzz"\nkey_file = "key"\ndata_dir = "data"\n[[logs]]\nvkey = "${witnessed.vkey}"\n${address}`,
  );
  const config = loadConfig(witnessConfig, file);
  await initWitness(config);
  const fatal = (error: unknown): never => {
    throw error;
  };
  const context = { signal: new AbortController().signal, logger: createLogger({ name: 'witness', level: 'silent' }), fatal };
  return { service: await startWitness(config, context), folder };
}

export const SERVICES: readonly Target[] = [
  {
    name: 'log-http',
    shape: 'text',
    seeds: logReads,
    others: logRefusals,
    runs: 500,
    async accepts(input) {
      const log = await (running ??= startSmallLog());
      const fine = await answers(log.url, input, () => false);
      must(log.fatal.length === 0, `the log stopped: ${String(log.fatal[0])}`);
      return fine;
    },
    async close() {
      await (await running)?.[Symbol.asyncDispose]();
      running = undefined;
    },
  },
  {
    name: 'witness-http',
    shape: 'text',
    seeds: witnessRequests,
    others: witnessRefusals,
    runs: 500,
    async accepts(input) {
      const { service } = await (witness ??= startIt());
      // C2SP tlog-witness gives 409 a body of its own.
      return answers(service.url!, input, (status) => status === 409);
    },
    async close() {
      const started = await witness;
      await started?.service[Symbol.asyncDispose]();
      if (started !== undefined) rmSync(started.folder, { recursive: true, force: true });
      witness = undefined;
    },
  },
  {
    name: 'log-witness-answer',
    shape: 'text',
    seeds: ['200 \n\u2014 w AAAA\n', '409 17\n', '422 other root\n', '503 5', '429 120'].map(utf8Encode),
    accepts(input) {
      const text = Buffer.from(input).toString('utf8');
      const [, status = '0', body = ''] = /^(\d{3}) ([^]*)$/.exec(text) ?? [];
      const answer = interpretAnswer({ status: Number(status), body, retryAfter: body }, body.length % 2 === 0);
      must(answer.kind !== 'at-size' || answer.size >= 0n, 'a negative size');
      must(answer.kind !== 'pushed-back' || (answer.seconds >= 1 && answer.seconds <= 3600), 'a pause without end');
      must(!('detail' in answer) || /^[\x20-\x7e]{0,500}$/.test(answer.detail), 'a line of a log that is not printable');
      return answer.kind !== 'refused';
    },
  },
];
