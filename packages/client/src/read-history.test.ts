import { makeControl } from '@verbatim/statements';
import { Scene, testSigner } from '@verbatim/testkit';
import { parseVkey, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { expect, onTestFinished, test } from 'vitest';
import { type Handler, json, logHandler, logKey, serve, writeLog } from './_support.ts';
import { LogReader } from './log-reader.ts';
import { type ReadHistory, readHistory } from './read-history.ts';
import { openSource } from './source.ts';

async function historyAt(scene: Scene, location: string): Promise<ReadHistory> {
  const source = await openSource(location);
  onTestFinished(() => source.close());
  const root = parseVkey(vkeyOf(scene.root));
  return readHistory(new LogReader({ source, logKey: logKey(scene.log), root }), root, AbortSignal.timeout(200_000));
}

/** Serves the log, and answers about one lookup key with these entries and no proof. */
function answering({ log }: Scene, entries: readonly number[]): Handler {
  const checkpoint = utf8Decode(log.checkpoint());
  return logHandler(log, (path) => {
    const [, lookup] = path.split('index?lookup=');
    return lookup === undefined ? undefined : json({ checkpoint, lookups: [{ lookup, entries, proof: '' }] });
  });
}

test('the history of a log is complete by its index root, over its index and in a folder', async () => {
  const scene = new Scene();
  scene.log.seal();
  const { url } = await serve(logHandler(scene.log));
  for (const location of [url, await writeLog(scene.log.tiles())]) {
    const { complete, entries } = await historyAt(scene, location);
    expect(complete).toBe(true);
    expect(entries.map(({ predicate }) => predicate.action)).toEqual(['genesis']);
  }
});

test('a log that ends with what is no statement, or with a root that another key signed, proves nothing', async () => {
  const garbage = new Scene();
  garbage.log.add(utf8Encode('no statement'));
  const forged = new Scene();
  const predicate = { action: 'index-root' as const, origin: forged.log.origin, size: Number(forged.log.size), root: '00'.repeat(32) };
  const { name, publicKey } = forged.log.signer;
  const thief = testSigner('thief');
  forged.log.addStatement(makeControl(predicate), { name, publicKey, sign: (message) => thief.sign(message) });
  for (const scene of [garbage, forged]) {
    const { url } = await serve(answering(scene, [0]));
    expect((await historyAt(scene, url)).complete).toBe(false);
  }
});

test('an entry that is no statement and is named among the control entries is left out, and nothing is complete', async () => {
  const scene = new Scene();
  const at = Number(scene.log.add(utf8Encode('no statement')));
  scene.log.addStatement(
    makeControl({ action: 'index-root', origin: scene.log.origin, size: at + 1, root: '00'.repeat(32) }),
    scene.log.signer,
  );
  const { url } = await serve(answering(scene, [0, at]));
  const { complete, entries } = await historyAt(scene, url);
  expect(complete).toBe(false);
  expect(entries.map(({ index: each }) => each)).toEqual([0n]);
});
