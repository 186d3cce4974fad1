import { cp, mkdtemp, readdir, readFile, rm, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustVerbatim } from '@verbatim/local';
import { parseNote } from '@verbatim/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareObservations, publishedSize, startLog, type RunningLog } from '../_log.ts';
import { buildFsck, fsck } from './_fsck.ts';

/** A few thousand entries: eight and more full tiles, and a partial one. */
const ENTRIES = 2500;
const BATCH = 250;
const AT_ONCE = 16;

describe("tessera's fsck, a foreign checker", () => {
  let binary: string;
  let log: RunningLog;

  beforeAll(async () => {
    binary = await buildFsck();
    log = await startLog();
    const entries = await prepareObservations(log, ENTRIES);
    for (let first = 0; first < entries.length; first += BATCH) {
      const { status } = await log.submitBatch(entries.slice(first, first + BATCH));
      expect(status).toBe(200);
    }
  });

  afterAll(async () => {
    await log?.[Symbol.asyncDispose]();
  });

  it('accepts our log over HTTP, with signature lines of nobody in its checkpoint', async () => {
    const size = await publishedSize(log);
    const { signatures } = parseNote(new Uint8Array(await readFile(join(log.dataDir, 'public/checkpoint'))));
    expect(signatures.filter(({ name }) => name.startsWith('grease.invalid/'))).toHaveLength(2);
    expect(size).toBeGreaterThan(BigInt(ENTRIES));
    const result = await fsck(binary, `${log.url}/`, log.vkey, size);
    expect(result.accepted, result.output).toBe(true);
  });

  it('accepts our log from its folder', async () => {
    const result = await fsck(binary, `file://${log.dataDir}/public/`, log.vkey, await publishedSize(log));
    expect(result.accepted, result.output).toBe(true);
  });

  it('accepts what "verbatim log export" wrote', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'verbatim-export-'));
    await mustVerbatim(['log', 'export', '--log', log.url, '--vkey', log.vkey, '--to', copy]);
    const result = await fsck(binary, `file://${copy}/`, log.vkey, await publishedSize(log));
    await rm(copy, { recursive: true });
    expect(result.accepted, result.output).toBe(true);
  });

  it('refuses a copy in which one byte of an entry or of a tile is changed', async () => {
    const size = await publishedSize(log);
    for (const path of ['tile/entries/003', 'tile/0/005', `tile/1/000.p/${size >> 8n}`]) {
      const copy = await mkdtemp(join(tmpdir(), 'verbatim-fsck-'));
      await cp(join(log.dataDir, 'public'), copy, { recursive: true });
      const file = join(copy, path);
      const bytes = await readFile(file);
      bytes[bytes.length >> 1]! ^= 1;
      await chmod(file, 0o644);
      await writeFile(file, bytes);
      const result = await fsck(binary, `file://${copy}/`, log.vkey, size);
      expect(result.accepted, path).toBe(false);
      await rm(copy, { recursive: true });
    }
  });

  it('accepts our log after it was killed in the middle of writing, with everything that was acknowledged', async () => {
    const entries = (await prepareMore(log)).values();
    const acknowledged: { entry: Uint8Array; index: number }[] = [];
    const enough = Promise.withResolvers<void>();
    // As many at a time as fit into a batch or two: at the kill some are under way, and most have not been sent.
    const writing = Array.from({ length: AT_ONCE }, async () => {
      for (const entry of entries) {
        const answer = await log.submit(entry).catch(() => null); // the connection dies with the process
        if (answer?.status !== 200) return;
        acknowledged.push({ entry, index: Number(answer.body['index']) });
        if (acknowledged.length > AT_ONCE) enough.resolve();
      }
    });
    await enough.promise;
    await log.kill();
    await Promise.all(writing);
    expect(acknowledged.length).toBeGreaterThan(AT_ONCE);
    // The one in hand of each, and no more.
    expect([...entries].length).toBeGreaterThan(0);
    await log.restart();
    for (const { entry, index } of acknowledged) {
      const stored = await (await fetch(`${log.url}/entries/${index}`, { headers: { accept: 'application/json' } })).arrayBuffer();
      expect(Buffer.compare(new Uint8Array(stored), entry)).toBe(0);
    }
    const size = await publishedSize(log);
    const result = await fsck(binary, `${log.url}/`, log.vkey, size);
    expect(result.accepted, result.output).toBe(true);
    expect((await readdir(join(log.dataDir, 'public/tile/0'))).length).toBeGreaterThan(8);
  });
});

/** Observations that the log has not seen: of releases after those of the first round. */
async function prepareMore(log: RunningLog): Promise<Uint8Array[]> {
  return (await prepareObservations(log, ENTRIES + 1000)).slice(ENTRIES);
}
