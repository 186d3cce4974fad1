import { type ControlAction, type ControlPredicate, makeControl } from '@verbatim/statements';
import { ADMIN, anObservation, continuedLog, forkedLog, type InMemoryLog, Scene, testSigner } from '@verbatim/testkit';
import { formatNote, parseNote, parseVkey, type Signer, toHex } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FILE, judge } from './_gathering.ts';
import { codeOf, logHandler, serve, temporaryFolder, writeLog } from './_support.ts';
import { CheckpointMemory } from './checkpoint-memory.ts';
import { ClientError } from './errors.ts';
import { gatherEvidence, type GatherOptions } from './gather.ts';
import { LogReader } from './log-reader.ts';
import { openSuccessor } from './open-log.ts';
import { openSource } from './source.ts';

const origin = 'log.example/test';
const LOG2 = testSigner(origin, '2');
const NEXT = { log: testSigner('log.example/next'), root: testSigner('next-root'), admin: testSigner('next-admin') };

/** A file that two of three operators reproduced. */
function reproduced(): Scene {
  const scene = new Scene();
  for (const position of [0, 1]) scene.observe(position);
  scene.log.seal();
  return scene;
}

const rotation = (old: Signer, added: Signer): ControlPredicate => ({
  action: 'rotate',
  origin,
  key: 'log',
  old: vkeyOf(old),
  vkey: vkeyOf(added),
});

/** The scene's log, and the same with its key rotated and some growth. */
function rotated(by: (scene: Scene) => Signer = ({ root }) => root): { scene: Scene; log: InMemoryLog } {
  const scene = reproduced();
  const log = continuedLog(scene.log, LOG2);
  log.addStatement(makeControl(rotation(scene.log.signer, LOG2)), by(scene), LOG2);
  log.seal();
  return { scene, log };
}

async function readerOf(scene: Scene, location: string, memory?: CheckpointMemory, root: Signer | null = scene.root): Promise<LogReader> {
  const source = await openSource(location);
  onTestFinished(() => source.close());
  const pinned = root === null ? {} : { root: parseVkey(vkeyOf(root)) };
  return new LogReader({ source, logKey: parseVkey(scene.log.vkey), ...pinned, ...(memory && { memory }) });
}

describe('a log that has changed its key', () => {
  test('is followed from the pinned root key, over its index and in a folder, and gives a verdict by the old policy', async () => {
    const { scene, log } = rotated();
    const server = await serve(logHandler(log));
    for (const location of [server.url, await writeLog(log.tiles())]) {
      const gathered = await gatherEvidence(await readerOf(scene, location), { digest: FILE });
      expect(judge(gathered)).toMatchObject({ verdict: 'reproduced', errors: [] });
    }
  });

  test('is another log to who knows no root key, or another one', async () => {
    const { scene, log } = rotated();
    const { url } = await serve(logHandler(log));
    for (const root of [null, testSigner('other-root')])
      expect(await codeOf((await readerOf(scene, url, undefined, root)).latest())).toBe('bad-checkpoint');
    await expect((await readerOf(scene, url, undefined, null)).latest()).rejects.toThrow('name its root key');
  });

  test('is not followed by the word of another key, or to a key that signed nothing', async () => {
    const { scene, log } = rotated(() => ADMIN);
    const { url } = await serve(logHandler(log));
    expect(await codeOf((await readerOf(scene, url)).latest())).toBe('bad-checkpoint');
    const honest = rotated();
    const stranger = continuedLog(honest.log, testSigner(origin, '3'));
    const { url: other } = await serve(logHandler(stranger));
    expect(await codeOf((await readerOf(honest.scene, other)).latest())).toBe('bad-checkpoint');
  });

  test('that signs with both keys needs no following', async () => {
    const { scene, log } = rotated();
    const lines = parseNote(continuedLog(log, scene.log.signer).checkpoint({ witnesses: [] })).signatures;
    const note = parseNote(log.checkpoint());
    const both = formatNote({ ...note, signatures: [...note.signatures, ...lines] });
    const server = await serve(logHandler(log, (path) => (path === 'checkpoint' ? both : undefined)));
    await (await readerOf(scene, server.url)).latest();
    expect(server.asked).toEqual(['checkpoint']);
  });

  test('is held to what it signed with the old key, and after a restart to what it signed with the new one', async () => {
    const { scene, log } = rotated();
    const state = await temporaryFolder();
    let served = scene.log;
    const { url } = await serve((path, request, response) => logHandler(served)(path, request, response));
    const latest = async (): Promise<bigint> => {
      const reader = await readerOf(scene, url, new CheckpointMemory(state));
      return (await reader.latest()).checkpoint.size;
    };
    expect(await latest()).toBe(scene.log.size);
    served = log;
    expect(await latest()).toBe(log.size);
    // Rolled back to before the rotation: the old key fits, and its tiles are a prefix, so the newer state is what counts.
    served = scene.log;
    expect(await codeOf(latest())).toBe('rolled-back');
    // Whoever has the old key has no other history to offer.
    served = forkedLog(scene.log, scene.log.size - 1n);
    for (let i = 0; i < 4; i++) served.add(scene.log.entry(1n));
    expect(await codeOf(latest())).toBe('fork');
    served = log;
    expect(await latest()).toBe(log.size);
  });
});

describe('a log that goes on elsewhere', () => {
  interface Ended {
    readonly scene: Scene;
    /** Serves the old log, which names the successor at this address. */
    readonly old: string;
    readonly size: bigint;
    /** The successor, when it began. */
    readonly next: InMemoryLog;
  }

  /** @param url of the successor */
  async function end(url: string, take = (log: InMemoryLog): InMemoryLog => log): Promise<Ended> {
    const scene = reproduced();
    const { log, root } = scene;
    log.addStatement(makeControl({ action: 'freeze', origin, reason: 'We move.' }), root);
    const size = log.seal();
    const hash = toHex(log.root());
    const predecessor = { origin, size: Number(size), root: hash };
    const next = continuedLog(take(log), NEXT.log, size);
    const said: ControlAction<'successor'> = {
      action: 'successor',
      origin,
      vkey: vkeyOf(NEXT.log),
      rootVkey: vkeyOf(NEXT.root),
      size: Number(size),
      root: hash,
      url,
    };
    log.addStatement(makeControl(said), root);
    log.seal();
    const keys = { root: vkeyOf(NEXT.root), admin: vkeyOf(NEXT.admin) };
    next.addStatement(makeControl({ action: 'genesis', origin: next.origin, ...keys, predecessor }), NEXT.root);
    next.add(log.entry(size));
    next.seal();
    return { scene, old: (await serve(logHandler(log))).url, size, next };
  }

  const open: GatherOptions['open'] = async (log) => {
    const reader = await openSuccessor(log);
    onTestFinished(() => reader.source.close());
    return reader;
  };

  /** A server at an address that is known before the log that it serves. */
  async function serveLater(): Promise<{ url: string; log: InMemoryLog | null }> {
    const later: { url: string; log: InMemoryLog | null } = { url: '', log: null };
    later.url = (await serve((path, request, response) => logHandler(later.log!)(path, request, response))).url;
    return later;
  }

  test('is read there, by the policy as it is: what was observed there counts', async () => {
    const later = await serveLater();
    const { scene, old, next } = await end(`${later.url}/`);
    later.log = next;
    const reader = await readerOf(scene, old);
    const gathered = await gatherEvidence(reader, { digest: FILE }, { open });
    expect(gathered.view.checkpoint.origin).toBe(next.origin);
    expect(judge(gathered)).toMatchObject({ verdict: 'reproduced', errors: [] });
    const about = { release: scene.release, index: scene.releaseIndex, leafHash: next.leafHash(scene.releaseIndex) };
    const rebuilder = scene.rebuilders[2]!;
    next.addStatement(anObservation({ ...about, origin: next.origin, rebuilder }, { result: 'differ' }), rebuilder);
    next.seal();
    expect(judge(await gatherEvidence(reader, { digest: FILE }, { open })).verdict).toBe('not-reproduced');
  });

  test('gives no verdict by itself', async () => {
    const { scene, old } = await end('http://127.0.0.1:9/');
    const verdict = judge(await gatherEvidence(await readerOf(scene, old), { digest: FILE }));
    expect(verdict.verdict).toBe('unavailable');
    expect(verdict.errors.map(({ code }) => code)).toEqual(['log-continued']);
    expect(await codeOf(gatherEvidence(await readerOf(scene, old), { digest: FILE }, { open }))).toBe('unreachable');
  });

  test('is caught when the successor begins with other entries', async () => {
    const later = await serveLater();
    const { scene, old, next } = await end(`${later.url}/`, (log) => {
      const other = forkedLog(log, log.size - 4n);
      for (let i = 0; i < 4; i++) other.add(log.entry(0n));
      return other;
    });
    later.log = next;
    expect(await codeOf(gatherEvidence(await readerOf(scene, old), { digest: FILE }, { open }))).toBe('bad-successor');
  });

  test('has as long as any log to answer, wherever it goes on', async () => {
    const { scene, old } = await end('http://127.0.0.1:9/');
    const signals: (AbortSignal | undefined)[] = [];
    const asked: GatherOptions['open'] = async (log) => {
      const reader = await open(log);
      reader.latest = (signal) => {
        signals.push(signal);
        throw new ClientError('unreachable', 'nobody answers');
      };
      return reader;
    };
    expect(await codeOf(gatherEvidence(await readerOf(scene, old), { digest: FILE }, { open: asked }))).toBe('unreachable');
    expect(signals).toEqual([expect.any(AbortSignal)]);
  });

  test('is waited for until the successor has begun', async () => {
    const later = await serveLater();
    const { scene, old, next, size } = await end(`${later.url}/`);
    later.log = continuedLog(next, NEXT.log, size);
    expect(await codeOf(gatherEvidence(await readerOf(scene, old), { digest: FILE }, { open }))).toBe('not-found');
  });
});
