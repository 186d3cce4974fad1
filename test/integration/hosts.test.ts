import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createKeyFile } from '@verbatim/service-kit/keyfile';
import { signStatement } from '@verbatim/statements';
import { anEnrolment, testSigner } from '@verbatim/testkit';
import {
  hashLeaf,
  KEY_TYPE_COSIGNATURE,
  openCheckpoint,
  parseTlogProof,
  parseVkey,
  type Signer,
  utf8Decode,
  utf8Encode,
  verifyCosignature,
  verifyInclusion,
} from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { Network, type StartedNetwork, type StartedTestContainer } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cut, heal, type HostOptions, initialiseHost, inside, killHost, removeVolume, runHost, startDocker } from './_docker.ts';

const ORIGIN = 'log.example/hosts-test';
const WITNESS = 'witness.example/hosts-test';
const LOG_PORT = 8080;
const WITNESS_PORT = 7380;
/** Docker may have to be installed, and the machine may be busy. */
const SETUP_MS = 600_000;
/** Pauses before a witness is asked again double up to half a minute. */
const HEAL_MS = 150_000;
/** Each writes one entry after the other, until the log is gone. */
const WRITERS = 8;

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Record<string, unknown>;
}

describe('a log and its witness on hosts of their own', () => {
  const stack = new AsyncDisposableStack();
  let network: StartedNetwork;
  let logHost: HostOptions;
  let log: StartedTestContainer;
  let witness: StartedTestContainer;
  let logVkey: string;
  let witnessVkey: string;
  let admin: Signer;
  let enrolments = 0;

  beforeAll(async () => {
    stack.use(await startDocker());
    const folder = await mkdtemp(join(tmpdir(), 'verbatim-hosts-'));
    stack.defer(() => rm(folder, { recursive: true }));
    network = stack.use(await new Network().start());
    const name = network.getName();
    const host = (service: 'log' | 'witness', port: number): HostOptions => {
      const volume = `${name}-${service}-data`;
      stack.defer(() => removeVolume(volume));
      return { service, name: `${name}-${service}`, network: name, volume, folder, files: [`${service}.toml`, `${service}.key`], port };
    };
    logHost = host('log', LOG_PORT);
    const witnessHost = host('witness', WITNESS_PORT);

    ({ vkey: logVkey } = await createKeyFile(join(folder, 'log.key'), ORIGIN));
    ({ vkey: witnessVkey } = await createKeyFile(join(folder, 'witness.key'), WITNESS, { type: KEY_TYPE_COSIGNATURE }));
    await createKeyFile(join(folder, 'root.key'), `${ORIGIN}/root`);
    ({ signer: admin } = await createKeyFile(join(folder, 'admin.key'), `${ORIGIN}/admin`));
    const listen = (port: number): string => `[listen]\nhost = "0.0.0.0"\nport = ${port}\n`;
    await writeFile(
      join(folder, 'witness.toml'),
      `name = "${WITNESS}"\ndata_dir = "/data/witness"\nkey_file = "witness.key"\n[[logs]]\nvkey = "${logVkey}"\n${listen(WITNESS_PORT)}`,
    );
    await writeFile(
      join(folder, 'log.toml'),
      `origin = "${ORIGIN}"\ndata_dir = "/data/log"\nkey_file = "log.key"\nroot_key_file = "root.key"\nadmin_key_file = "admin.key"\n` +
        `witness_request_timeout_ms = 1000\n` +
        `[[witnesses]]\nvkey = "${witnessVkey}"\nurl = "http://${witnessHost.name}:${WITNESS_PORT}"\n${listen(LOG_PORT)}`,
    );
    await initialiseHost(witnessHost);
    // The root and the admin key are on the log's host for this one command.
    await initialiseHost({ ...logHost, files: [...logHost.files, 'root.key', 'admin.key'] });
    witness = stack.use(await runHost('serve', witnessHost));
    log = await runHost('serve', logHost);
    stack.defer(() => log.stop().then(() => {}));
  }, SETUP_MS);

  afterAll(() => stack.disposeAsync());

  const url = (path: string): string => `http://${log.getHost()}:${log.getMappedPort(LOG_PORT)}${path}`;
  const anEntry = (): Uint8Array => signStatement(anEnrolment(testSigner(`rebuilder-${enrolments++}.example`)), [admin]);
  const checkpoint = async (): Promise<Uint8Array> => new Uint8Array(await (await fetch(url('/checkpoint'))).arrayBuffer());
  const size = async (): Promise<number> => Number(openCheckpoint(await checkpoint(), parseVkey(logVkey), verifyEd25519).checkpoint.size);
  const submit = async (entry: Uint8Array): Promise<Answer> => {
    const response = await fetch(url('/entries'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: utf8Decode(entry),
    });
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body: (await response.json()) as Answer['body'] };
  };
  const whileCut = async <T>(action: () => Promise<T>): Promise<T> => {
    await cut(witness, network.getName());
    try {
      return await action();
    } finally {
      await heal(witness, network.getName());
    }
  };
  /** Until enough witnesses have cosigned it and, after a start, confirmed the log: a busy machine may need more time than a submitter waits. */
  const submitUntilWitnessed = async (entry: Uint8Array): Promise<Answer> => {
    const deadline = Date.now() + HEAL_MS;
    for (;;) {
      const answer = await submit(entry);
      if (answer.status !== 503 || Date.now() > deadline) return answer;
      await delay(Number(answer.retryAfter) * 1000);
    }
  };

  it('have names, addresses and keys of their own', async () => {
    for (const [host, name] of [[log, 'log'] as const, [witness, 'witness'] as const]) {
      expect(await inside(host, 'os.hostname()')).toBe(`${name}\n`);
      expect(await inside(host, 'fs.globSync("/etc/verbatim/*.key").join()')).toBe(`/etc/verbatim/${name}.key\n`);
    }
    expect(log.getIpAddress(network.getName())).not.toBe(witness.getIpAddress(network.getName()));
  });

  it('acknowledge entries from a third host with a proof and a cosignature that verify', async () => {
    for (const entry of [anEntry(), anEntry(), anEntry()]) {
      const { status, body } = await submitUntilWitnessed(entry);
      expect(status, JSON.stringify(body)).toBe(200);
      const proof = parseTlogProof(utf8Encode(body['proof'] as string));
      expect(proof.index).toBe(BigInt(body['index'] as number));
      const opened = openCheckpoint(proof.checkpoint, parseVkey(logVkey), verifyEd25519);
      expect(verifyInclusion(proof.index, opened.checkpoint.size, hashLeaf(entry), proof.proof, opened.checkpoint.root)).toBe(true);
      const line = opened.note.signatures.find((signature) => signature.name === WITNESS);
      expect(line).toBeDefined();
      expect(verifyCosignature(opened.note.text, line!, parseVkey(witnessVkey), verifyEd25519)).toBeGreaterThan(0n);
    }
  });

  it('fail closed when the witness is cut from the network: 503 with the index, and nothing new is published', async () => {
    await whileCut(async () => {
      const before = await checkpoint();
      const { status, retryAfter, body } = await submit(anEntry());
      expect(status).toBe(503);
      expect(body).toMatchObject({ code: 'not-yet-witnessed', index: Number(await size()) });
      expect(Number(retryAfter)).toBeGreaterThan(0);
      expect(await checkpoint()).toEqual(before);
      expect((await fetch(url(`/entries/${String(body['index'])}`))).status).toBe(404);
      expect((await fetch(url(`/entries/${String(body['index'])}/proof`))).status).toBe(404);
    });
  });

  it('answer the same POST with 200 and the same index when the network heals, and add nothing', async () => {
    const entry = anEntry();
    const held = await whileCut(() => submit(entry));
    expect(held.status).toBe(503);
    const healed = await submitUntilWitnessed(entry);
    expect(healed).toMatchObject({ status: 200, body: { index: held.body['index'] } });
    expect(await submit(entry)).toMatchObject({ status: 200, body: { index: held.body['index'], duplicate: true } });
    // The entry, and the index root that ends its batch.
    expect(await size()).toBe(Number(held.body['index']) + 2);
  });

  it('keep the index of every acknowledged entry when the log is killed and started on a new host with its volume', async () => {
    const acknowledged = new Map<Uint8Array, unknown>();
    const enough = Promise.withResolvers<void>();
    const writing = Array.from({ length: WRITERS }, async () => {
      for (;;) {
        const entry = anEntry();
        const answer = await submit(entry).catch(() => null); // the connection dies with the host
        if (answer === null) return;
        if (answer.status === 200) acknowledged.set(entry, answer.body['index']);
        if (acknowledged.size > WRITERS) enough.resolve();
      }
    });
    await Promise.race([enough.promise, Promise.all(writing)]);
    await killHost(log);
    await Promise.all(writing);
    expect(acknowledged.size).toBeGreaterThan(WRITERS);
    log = await runHost('serve', logHost);
    for (const [entry, index] of acknowledged) {
      const stored = await fetch(url(`/entries/${String(index)}`), { headers: { accept: 'application/json' } });
      expect(Buffer.compare(new Uint8Array(await stored.arrayBuffer()), entry)).toBe(0);
      expect(await submitUntilWitnessed(entry)).toMatchObject({ status: 200, body: { index, duplicate: true } });
    }
  });

  it('do not start as the log without its key', async () => {
    const thief = { ...logHost, name: `${logHost.name}-without-key`, files: ['log.toml'] };
    await expect(runHost('serve', thief)).rejects.toThrow(
      /Log stream ended[^]*\/etc\/verbatim\/log\.key: expected a readable private key file: ENOENT/u,
    );
  });
});
