/** The real log with an index-witness among its witnesses: nothing is published before its index was audited. */
import { initialise, startService, type Service } from '@verbatim/local';
import { createKeyFile, loadSigner } from '@verbatim/service-kit/keyfile';
import { signStatement } from '@verbatim/statements';
import { aLoopbackAddress, anEnrolment, testSigner } from '@verbatim/testkit';
import { KEY_TYPE_COSIGNATURE, openCheckpoint, parseNote, parseVkey, verifyCosignature } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ORIGIN = 'log.example/indexed';
const INDEX_WITNESS = 'witness.example/index';

interface Network extends AsyncDisposable {
  readonly url: string;
  readonly logVkey: string;
  readonly indexVkey: string;
  enrol(name: string): Promise<{ status: number; body: { index?: number; checkpoint?: string } }>;
  checkpoint(): Promise<Uint8Array>;
  killWitness(): Promise<void>;
  startWitness(): Promise<void>;
}

async function startNetwork(): Promise<Network> {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-index-'));
  const services = new Map<string, Service>();
  // The witness must know where the log will be before the log starts.
  const [logAt, witnessAt] = [aLoopbackAddress(), aLoopbackAddress()];
  const [url, witnessUrl] = [logAt.url, witnessAt.url];
  const { vkey: logVkey } = await createKeyFile(join(folder, 'log.key'), ORIGIN);
  const { vkey: indexVkey } = await createKeyFile(join(folder, 'index.key'), INDEX_WITNESS, { type: KEY_TYPE_COSIGNATURE });
  const { vkey } = await createKeyFile(join(folder, 'witness.key'), 'witness.example/w1', { type: KEY_TYPE_COSIGNATURE });
  const witnessed = (text: string, at: string): string => `[[witnesses]]\nvkey = "${text}"\nurl = "${at}"\n`;
  writeFileSync(
    join(folder, 'log.toml'),
    `origin = "${ORIGIN}"\ndata_dir = "log"\nkey_file = "log.key"\nroot_key_file = "root.key"\nadmin_key_file = "admin.key"\nwitness_timeout_ms = 60000
${witnessed(vkey, witnessUrl)}${witnessed(indexVkey, `${witnessUrl}/index`)}[listen]\nhost = "${logAt.host}"\nport = ${logAt.port}\n[metrics_listen]\nport = 0\n`,
  );
  writeFileSync(
    join(folder, 'witness.toml'),
    `name = "witness.example/w1"\ndata_dir = "witness"\nkey_file = "witness.key"\n[[logs]]\nvkey = "${logVkey}"
[index]\nname = "${INDEX_WITNESS}"\nkey_file = "index.key"\nlogs = [{ origin = "${ORIGIN}", url = "${url}" }]
[listen]\nhost = "${witnessAt.host}"\nport = ${witnessAt.port}\n[metrics_listen]\nport = 0\n`,
  );
  const start = async (name: string): Promise<void> => {
    services.set(name, await startService(name, name, join(folder, `${name}.toml`), join(folder, `${name}.log`)));
  };
  for (const name of ['witness', 'log']) {
    await initialise(name, join(folder, `${name}.toml`));
    await start(name);
  }
  const admin = loadSigner(join(folder, 'admin.key'));
  return {
    ...{ url, logVkey, indexVkey },
    async enrol(name) {
      const entry = signStatement(anEnrolment(testSigner(name)), [admin]);
      const answer = await fetch(`${url}/entries`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: entry as BodyInit,
      });
      return { status: answer.status, body: (await answer.json()) as { index?: number; checkpoint?: string } };
    },
    checkpoint: async () => new Uint8Array(await (await fetch(`${url}/checkpoint`)).arrayBuffer()),
    async killWitness() {
      const { pid, ended } = services.get('witness')!;
      process.kill(pid, 'SIGKILL');
      await ended;
    },
    startWitness: () => start('witness'),
    async [Symbol.asyncDispose]() {
      for (const service of services.values()) await service[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Size of a published checkpoint that the index-witness has cosigned. */
function cosignedSize(note: Uint8Array, { logVkey, indexVkey }: Network): bigint {
  const { checkpoint } = openCheckpoint(note, parseVkey(logVkey), verifyEd25519);
  const { text, signatures } = parseNote(note);
  const line = signatures.find(({ name }) => name === INDEX_WITNESS);
  expect(line && verifyCosignature(text, line, parseVkey(indexVkey), verifyEd25519)).toBeTypeOf('bigint');
  return checkpoint.size;
}

let network: Network;
beforeAll(async () => {
  network = await startNetwork();
});
afterAll(() => network?.[Symbol.asyncDispose]());

test('every published checkpoint was audited: the index-witness reads what is signed and not yet published', async () => {
  for (let i = 0; i < 4; i++) {
    const { status, body } = await network.enrol(`rebuilder-${i}`);
    expect(status).toBe(200);
    expect(cosignedSize(await network.checkpoint(), network)).toBeGreaterThan(BigInt(body.index!));
  }
});

test('killed, the index-witness keeps the log from publishing; back again, it audits what it missed', async () => {
  expect((await network.enrol('before')).status).toBe(200);
  const before = cosignedSize(await network.checkpoint(), network);
  await network.killWitness();
  const waiting = ['first', 'second', 'third'].map((name) => network.enrol(name));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(cosignedSize(await network.checkpoint(), network)).toBe(before);
  await network.startWitness();
  for (const { status } of await Promise.all(waiting)) expect(status).toBe(200);
  expect(cosignedSize(await network.checkpoint(), network)).toBeGreaterThan(before + 3n);
});
