/** Mirrors as processes of their own: one that the log feeds, one that follows the log by itself. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fsck, LogReader, openSource } from '@verbatim/client';
import { initialise, startService, type Service } from '@verbatim/local';
import { createKeyFile } from '@verbatim/service-kit/keyfile';
import { aLoopbackAddress } from '@verbatim/testkit';
import { KEY_TYPE_COSIGNATURE, openNote, parseCheckpoint, parseVkey, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFsck, fsck as foreignFsck } from '../conformance/_fsck.ts';
import { prepareObservations, publishedSize, startLog, type RunningLog } from '../_log.ts';

const ENTRIES = 300;
const BATCH = 250;

async function eventually<T>(look: () => Promise<T>): Promise<T> {
  const until = performance.now() + 200_000;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe('mirrors of a running log', () => {
  let folder: string;
  let log: RunningLog;
  let fedVkey: string;
  /** The log must know it before there is a mirror. */
  const fedAt = aLoopbackAddress();
  const services: Service[] = [];

  const start = async (name: string, more: string, { host, port } = { host: '127.0.0.1', port: 0 }): Promise<Service> => {
    const config = join(folder, `${name}.toml`);
    const listen = `[listen]\nhost = "${host}"\nport = ${port}\n[metrics_listen]\nhost = "127.0.0.1"\nport = 0\n`;
    await writeFile(
      config,
      `name = "mirror.example/${name}"\nkey_file = "${name}.key"\ndata_dir = "${name}"\npoll_ms = 200\n[[logs]]\nvkey = "${log.vkey}"\n${more}${listen}`,
    );
    await initialise('mirror', config);
    const service = await startService(name, 'mirror', config, join(folder, `${name}.log`));
    services.push(service);
    return service;
  };
  const prefixOf = ({ ready }: Service): string => `${ready.url}/${toHex(sha256(utf8Encode(log.origin)))}`;
  const cosignedSize = async (url: string, vkey: string): Promise<bigint> => {
    const response = await fetch(`${url}/checkpoint`);
    const { text, verified } = openNote(new Uint8Array(await response.arrayBuffer()), [parseVkey(vkey)], verifyEd25519);
    expect(verified).toHaveLength(1);
    return parseCheckpoint(text).size;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verbatim-mirror-'));
    ({ vkey: fedVkey } = await createKeyFile(join(folder, 'fed.key'), 'mirror.example/fed', { type: KEY_TYPE_COSIGNATURE }));
    log = await startLog({ toml: `[[mirrors]]\nvkey = "${fedVkey}"\nurl = "${fedAt.url}"\n` });
  });

  afterAll(async () => {
    for (const service of services) await service[Symbol.asyncDispose]();
    await log?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('a mirror that is down costs the log nothing; once it is there, it is brought up to date and its cosignature is published', async () => {
    const entries = await prepareObservations(log, ENTRIES);
    for (let first = 0; first < entries.length; first += BATCH) {
      expect((await log.submitBatch(entries.slice(first, first + BATCH))).status).toBe(200);
    }
    const fed = await start('fed', '', fedAt);
    const size = await publishedSize(log);
    await eventually(async () => expect(await cosignedSize(log.url, fedVkey)).toBe(size));
    expect(await cosignedSize(prefixOf(fed), fedVkey)).toBe(size);
  });

  it('a mirror killed again and again while the log grows loses nothing and signs nothing that it does not hold', async () => {
    const more = (await prepareObservations(log, ENTRIES + 300)).slice(ENTRIES);
    for (let first = 0; first < more.length; first += 100) {
      const fed = services.at(-1)!;
      const growing = log.submitBatch(more.slice(first, first + 100));
      process.kill(fed.pid, 'SIGKILL');
      expect((await growing).status).toBe(200);
      await fed.ended;
      services.pop();
      await start('fed', '', fedAt);
    }
    const size = await publishedSize(log);
    await eventually(async () => expect(await cosignedSize(log.url, fedVkey)).toBe(size));
  });

  it('a mirror that follows the log by itself comes to the same', async () => {
    const following = await start('following', `url = "${log.url}"\n`);
    const size = await publishedSize(log);
    await eventually(async () => expect((await fetch(`${prefixOf(following)}/checkpoint`)).status).toBe(200));
    const source = await openSource(prefixOf(following));
    await eventually(async () => {
      const { checkpoint } = await new LogReader({ source, logKey: parseVkey(log.vkey) }).latest();
      expect(checkpoint.size).toBe(size);
    });
    await source.close();
  });

  it('both copies are whole: by our own checker, and by a foreign one', async () => {
    const binary = await buildFsck();
    const size = await publishedSize(log);
    for (const service of services) {
      const source = await openSource(prefixOf(service));
      const { checkpoint } = await new LogReader({ source, logKey: parseVkey(log.vkey) }).latest();
      expect(await fsck(source, checkpoint)).toMatchObject({ entries: size, findings: [] });
      await source.close();
      const { accepted, output } = await foreignFsck(binary, `${prefixOf(service)}/`, log.vkey, size);
      expect(accepted, output).toBe(true);
    }
  });
});
